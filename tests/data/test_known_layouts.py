"""LibCity's .dyna, UTD19, Feather."""

import struct

import numpy as np
import pandas as pd
import pytest

from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions


def frame(rows=30):
    values = np.random.default_rng(0).uniform(20, 65, (rows, 2)).round(2)
    return pd.DataFrame(
        values, index=pd.date_range("2012-03-01", periods=rows, freq="5min"), columns=["773869", "767541"]
    )


def same(series, table):
    np.testing.assert_allclose(series.values, table.fillna(0).to_numpy(), rtol=1e-6)
    assert (
        series.sensors == tuple(table.columns)
        and (series.times == table.index.to_numpy().astype("datetime64[m]")).all()
    )


def dyna(table, mark="Z", **more):
    """As LibCity's converters write it: sensor by sensor, a Z behind the local times."""
    lines = [",".join(["dyna_id,type,time,entity_id,traffic_speed", *more])]
    for name in table:
        for time, value in table[name].items():
            lines.append(",".join(map(str, [len(lines) - 1, "state", f"{time:%Y-%m-%dT%H:%M:%S}{mark}", name, value,
                                            *more.values()])))  # fmt: skip
    return "\n".join(lines) + "\n"


def test_dyna_has_local_times_whose_z_is_dropped_with_a_note(write):
    series = read_series(write(dyna(frame()), "METR_LA.dyna"))
    same(series, frame())
    assert any("without their Z" in note and "data.timezone" in note for note in series.notes)
    plain = read_series(write(dyna(frame(), mark=""), "METR_LA.dyna"))
    same(plain, frame())
    assert plain.notes == ()


def test_dyna_with_several_quantities_needs_a_choice(write, refused):
    path = write(dyna(frame(), traffic_flow=7, traffic_occupancy=0.25), "d.dyna")
    assert "traffic_speed, traffic_flow, traffic_occupancy" in refused(lambda: read_series(path))
    same(read_series(path, ReadingOptions(channel="traffic_speed")), frame())
    assert (read_series(path, ReadingOptions(channel="traffic_occupancy")).values == 0.25).all()


def test_dyna_says_where_a_cell_is_wrong(write, refused):
    text = dyna(frame()).replace("\n4,state,2012-03-01T00:20:00Z", "\n4,state,then")
    assert "line 6" in refused(lambda: read_series(write(text, "d.dyna")))


def utd19(table, *, city="bern", error=""):
    rows = ["day,interval,detid,flow,occ,error,city,speed"]
    for time, row in table.iterrows():
        seconds = time.hour * 3600 + time.minute * 60
        for name, value in row.items():
            rows.append(f"{time:%Y-%m-%d},{seconds},{name},{value},0.05,{error},{city},{2 * value}")
    return "\n".join(rows) + "\n"


def days():
    table = frame(24 * 20 * 2)
    table.index = pd.date_range("2017-05-06", periods=len(table), freq="3min")
    return table


def test_utd19_has_days_and_seconds_of_the_day(write, refused):
    path = write(utd19(days()), "utd19.csv")
    assert "flow, occ, speed" in refused(lambda: read_series(path))
    series = read_series(path, ReadingOptions(channel="flow"))
    same(series, days())
    assert series.step_minutes == 3
    np.testing.assert_allclose(read_series(path, ReadingOptions(channel="speed")).values, 2 * days(), rtol=1e-6)


def test_utd19_marks_errors_and_may_have_several_cities(write, refused):
    text = utd19(days()).replace(",0.05,,bern", ",0.05,1,bern", 3)
    series = read_series(write(text, "utd19.csv"), ReadingOptions(channel="flow"))
    table = days()
    table.iloc[0] = table.iloc[1, 0] = np.nan
    same(series, table)
    assert any("3 of 1920 readings are marked as errors" in note for note in series.notes)
    text = utd19(days()) + utd19(days(), city="luzern").partition("\n")[2]
    assert "received 2, such as bern, luzern" in refused(lambda: read_series(write(text, "utd19.csv")))


@pytest.mark.parametrize("seconds", ["86400", "-60", "x", "30.5"])
def test_utd19_with_other_seconds(write, refused, seconds):
    text = utd19(days()).replace("2017-05-06,180,", f"2017-05-06,{seconds},", 1)
    path = write(text, "utd19.csv")
    message = refused(lambda: read_series(path, ReadingOptions(channel="flow")))
    assert "line 4, column 'interval': expected seconds of the day" in message and repr(seconds) in message


def test_workbooks_of_the_layouts_have_cells_of_their_own(tmp_path):
    """Real dates, cities that are numbers, errors that are numbers."""
    pytest.importorskip("openpyxl")
    times = days().index
    rows = [
        {"day": time.normalize(), "interval": time.hour * 3600 + time.minute * 60, "detid": name, "flow": value,
         "error": int(time == times[3]), "city": 7}
        for time, row in days().iterrows() for name, value in row.items()
    ]  # fmt: skip
    pd.DataFrame(rows).to_excel(tmp_path / "utd19.xlsx", index=False)
    series = read_series(tmp_path / "utd19.xlsx", ReadingOptions(channel="flow"))
    table = days()
    table.iloc[3] = np.nan
    same(series, table)
    table = frame()
    rows = [[number, "state", time, name, value] for number, (name, (time, value)) in enumerate(
        (name, pair) for name in table for pair in table[name].items())]  # fmt: skip
    columns = ["dyna_id", "type", "time", "entity_id", "traffic_speed"]
    pd.DataFrame(rows, columns=columns).to_excel(tmp_path / "d.xlsx", index=False)
    same(read_series(tmp_path / "d.xlsx"), table)


def feather(table, path, **more):
    import pyarrow as arrow
    from pyarrow import feather as writer

    writer.write_feather(arrow.Table.from_pandas(table), path, **more)
    return path


@pytest.mark.parametrize("packing", ["uncompressed", "lz4", "zstd"])
@pytest.mark.parametrize("index", [True, False])
def test_wide_feather(tmp_path, packing, index):
    table = frame()
    table.iloc[2, 1] = np.nan
    path = feather(
        table if index else table.rename_axis("time").reset_index(), tmp_path / "a.feather", compression=packing
    )
    same(read_series(path), table)


@pytest.mark.parametrize("kind", ["str", "category"])
def test_long_feather_of_several_batches(tmp_path, kind):
    table = frame().rename_axis("timestamp").reset_index().melt("timestamp", var_name="sensor", value_name="speed")
    table["sensor"] = table["sensor"].astype(kind)
    table["road"] = "I5"
    path = feather(table, tmp_path / "a.arrow", chunksize=7)
    series = read_series(path, ReadingOptions(channel="speed"))
    same(series.take(("773869", "767541")), frame())


def test_feather_that_is_refused(tmp_path, refused):
    path = feather(frame().reset_index(drop=True), tmp_path / "bare.feather")
    assert "one column of timestamps; received 0" in refused(lambda: read_series(path))
    path = feather(frame().mul(-1), tmp_path / "negative.feather")
    assert "row 0 (2012-03-01 00:00:00), column '773869'" in refused(lambda: read_series(path))
    (tmp_path / "cut.feather").write_bytes(path.read_bytes()[:400])
    assert "expected an Arrow or Feather file" in refused(lambda: read_series(tmp_path / "cut.feather"))


def test_an_arrow_bomb_is_not_unpacked(tmp_path, refused):
    import pyarrow as arrow

    times = pd.date_range("2012-03-01", periods=10**7, freq="5min")
    path = feather(pd.DataFrame({"time": times[0], "a": np.zeros(len(times))}), tmp_path / "bomb.feather",
                   compression="zstd", chunksize=len(times))  # fmt: skip
    assert path.stat().st_size < 10**6
    before = arrow.total_allocated_bytes()
    assert "unpack" in refused(lambda: read_series(path))
    assert arrow.default_memory_pool().max_memory() >= before
    content = bytearray(feather(frame(), tmp_path / "a.feather", compression="lz4").read_bytes())
    # The length in front of a packed buffer, raised to a terabyte.
    place = content.index(b"\x04\x22\x4d\x18") - 8  # LZ4's own beginning stands behind it
    assert struct.unpack_from("<q", content, place) == (30 * 8,)
    content[place : place + 8] = struct.pack("<q", 2**40)
    (tmp_path / "lie.feather").write_bytes(content)
    assert "unpack" in refused(lambda: read_series(tmp_path / "lie.feather"))
