"""Files of readings in every layout that users have, made here as their authors make them; and their malicious twins."""

import io
import pickle
import struct
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gman_search.data.formats.npz import write_npz
from gman_search.data.read import read_series
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

COUNTED = {"start": "2018-01-01", "step": "5min"}
RAN = []


class RunsCode:
    """What unpickling of this would do: tell that it was done."""

    def __reduce__(self):
        return RAN.append, ("ran",)


@pytest.fixture(autouse=True)
def nothing_ran():
    RAN.clear()
    yield
    assert RAN == []


def frame(rows=30, step="5min", names=("773869", "767541", "718499")):
    values = np.random.default_rng(0).uniform(20, 65, (rows, len(names))).round(2)
    return pd.DataFrame(values, index=pd.date_range("2012-03-01", periods=rows, freq=step), columns=list(names))


def same(series, table):
    np.testing.assert_allclose(series.values, np.nan_to_num(table.to_numpy(dtype=float)), rtol=1e-6)
    assert series.sensors == tuple(str(name) for name in table.columns)
    assert str(series.times[0]) == "2012-03-01T00:00"


@pytest.mark.parametrize("key, names, unit, packed", [
    ("df", ["773869", "767541", "718499"], "ns", None), ("speed", [400001, 400017, 400030], "ns", 5),
    ("speed", ["a", "b", "c"], "us", None),
])  # fmt: skip
def test_hdf5_of_metr_la_and_pems_bay(tmp_path, key, names, unit, packed):
    table = frame(names=names)
    table.index = table.index.as_unit(unit)
    table.to_hdf(tmp_path / "speed.h5", key=key, mode="w", complevel=packed)
    same(read_series(tmp_path / "speed.h5"), table)


def test_hdf5_with_columns_of_several_kinds_and_in_another_order_of_blocks(tmp_path):
    table = frame()
    table["count"] = np.arange(len(table))
    table = table[["773869", "count", "718499", "767541"]]
    table.to_hdf(tmp_path / "speed.h5", key="df", mode="w")
    same(read_series(tmp_path / "speed.h5"), table)


def test_gaps_in_an_hdf5_index_become_missing_rows_and_are_told(tmp_path):
    table = frame().drop(index=frame().index[[4, 5, 20]])
    table.to_hdf(tmp_path / "speed.h5", key="speed", mode="w")
    series = read_series(tmp_path / "speed.h5")
    assert series.values.shape == (30, 3) and not series.values[[4, 5, 20]].any()
    assert (
        "3 of 30 steps are not in the file (2 gaps, the longest of 2 steps after 2012-03-01 00:15)" in series.notes[0]
    )


def write_layout(path, **changed):
    """The smallest frame in pandas' fixed format, by hand, with datasets replaced."""
    times = (np.datetime64("2012-03-01", "ns") + np.arange(3) * np.timedelta64(5, "m")).astype(np.int64)
    arrays = {"axis0": np.array([b"a", b"b"]), "axis1": times, "block0_items": np.array([b"a", b"b"]),
              "block0_values": np.ones((3, 2))}  # fmt: skip
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group.attrs.update({"pandas_type": np.bytes_("frame"), "nblocks": 1, "encoding": np.bytes_("UTF-8")})
        for name, array in {**arrays, **changed}.items():
            if callable(array):
                array(group, name)
            else:
                group[name] = array
        group["axis1"].attrs["kind"] = np.bytes_("datetime64")
    return path


def test_the_layout_itself_is_read(tmp_path):
    series = read_series(write_layout(tmp_path / "a.h5"))
    assert series.values.tolist() == [[1, 1]] * 3 and series.sensors == ("a", "b")


def objects(group, name):
    dataset = group.create_dataset(name, (1,), dtype=h5py.vlen_dtype(np.uint8))
    dataset[0] = np.frombuffer(pickle.dumps([RunsCode()] * 2), dtype=np.uint8)
    dataset.attrs["PSEUDOATOM"] = np.bytes_("object")


def elsewhere(group, name):
    group[name] = h5py.ExternalLink("other.h5", "/df/" + name)


def raw_bytes_of_another_file(group, name):
    group.create_dataset(name, (3, 2), dtype="f8", external=[("secret", 0, 48)])


def virtual(group, name):
    layout = h5py.VirtualLayout((3, 2), dtype="f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(3, 2))
    group.create_virtual_dataset(name, layout)


def a_billion_rows(group, name):
    group.create_dataset(name, (10**9, 2), dtype="f8", chunks=(1000, 2))


def a_bomb(group, name):
    group.create_dataset(name, (2 * 10**7, 2), dtype="f8", chunks=(10**5, 2), compression="gzip")


@pytest.mark.parametrize("name, array, told", [
    ("block0_values", objects, "objects"), ("axis0", objects, "objects"), ("axis1", objects, "objects"),
    ("block0_items", objects, "objects"),
    ("block0_values", elsewhere, "link"), ("block0_values", virtual, "link"),
    ("block0_values", raw_bytes_of_another_file, "link"),
    ("block0_values", a_billion_rows, "announces 1,000,000,000 x 2"), ("block0_values", a_bomb, "unpack"),
    ("axis1", np.arange(3.0), "times as the index|names or times"), ("block0_values", np.ones((2, 2)), "3 x 2"),
    ("block0_items", np.array([b"a", b"z"]), "'z'"), ("axis0", np.array([b"a", b"a"]), "'a' twice"),
    ("block0_values", np.array([[1, 1], [-5, 1], [1, 1]]), r"row 1 \(2012-03-01 00:05:00\), column 'a'.*received -5"),
    ("block0_values", np.array([[1, np.inf], [5, 1], [1, 1]]), "row 0 .*column 'b'.*received inf"),
    ("block0_values", np.array([[1, np.nan], [5, np.nan], [1, np.nan]]), "'b' has no readings"),
    ("axis1", np.array([1, 2, 3]) * 10**10, "whole minutes"),
])  # fmt: skip
def test_hdf5_that_is_refused(tmp_path, refused, name, array, told):
    path = write_layout(tmp_path / "bad.h5", **{name: array})
    message = refused(lambda: read_series(path))
    import re

    assert re.search(told, message) and str(path) in message


def test_hdf5_with_python_objects_as_pandas_writes_them(tmp_path, refused):
    table = frame()
    table["who"] = [RunsCode()] * len(table)
    with pytest.warns(Warning):
        table.to_hdf(tmp_path / "objects.h5", key="df", mode="w")
    assert "unpickling" in refused(lambda: read_series(tmp_path / "objects.h5"))


def test_hdf5_in_the_table_format_with_two_frames_or_none(tmp_path, refused):
    frame().to_hdf(tmp_path / "table.h5", key="df", mode="w", format="table")
    assert "format=" in refused(lambda: read_series(tmp_path / "table.h5"))
    frame().to_hdf(tmp_path / "two.h5", key="one", mode="w")
    frame().to_hdf(tmp_path / "two.h5", key="two", mode="a")
    assert "one, two" in refused(lambda: read_series(tmp_path / "two.h5"))
    h5py.File(tmp_path / "none.h5", "w").close()
    assert "received none" in refused(lambda: read_series(tmp_path / "none.h5"))


@pytest.mark.parametrize(
    "channels, chosen, column", [(3, "speed", 2), (3, 0, 0), (3, "1", 1), (1, None, 0), (1, "flow", 0)]
)
def test_pems_npz(tmp_path, channels, chosen, column):
    data = np.random.default_rng(1).uniform(1, 60, (40, 4, channels))
    np.savez_compressed(tmp_path / "PEMS04.npz", data=data)
    series = read_series(tmp_path / "PEMS04.npz", ReadingOptions(channel=chosen, **COUNTED))
    np.testing.assert_allclose(series.values, data[:, :, column], rtol=1e-6)
    assert series.sensors == ("0", "1", "2", "3") and series.steps_per_day == 288


def test_names_of_a_pems_npz_come_from_the_list_beside_it(tmp_path, refused):
    np.savez(tmp_path / "PEMS03.npz", data=np.ones((40, 3, 1)))
    (tmp_path / "PEMS03.txt").write_text("313344\n313349\n313353\n")
    series = read_series(tmp_path / "PEMS03.npz", ReadingOptions(**COUNTED))
    assert series.sensors == ("313344", "313349", "313353") and series.notes == (
        "names of sensors are those in PEMS03.txt",
    )
    (tmp_path / "PEMS03.txt").write_text("a list of other things\n")
    series = read_series(tmp_path / "PEMS03.npz", ReadingOptions(**COUNTED))
    assert series.sensors == ("0", "1", "2") and "5 names for 3 sensors" in series.notes[0]
    (tmp_path / "PEMS03.txt").write_text("1 1 2")
    assert "'1' twice" in refused(lambda: read_series(tmp_path / "PEMS03.npz", ReadingOptions(**COUNTED)))


def test_npz_without_clock_or_choice_is_told_what_to_give(tmp_path, refused):
    np.savez(tmp_path / "PEMS08.npz", data=np.ones((40, 4, 3)))
    message = refused(lambda: read_series(tmp_path / "PEMS08.npz", ReadingOptions(**COUNTED)))
    assert "0 = flow (1 to 1, mean 1), 1 = occupancy (1 to 1, mean 1), 2 = speed" in message
    assert "--start and --step" in refused(lambda: read_series(tmp_path / "PEMS08.npz", ReadingOptions(channel=0)))
    assert "'fast'" in refused(lambda: read_series(tmp_path / "PEMS08.npz", ReadingOptions(channel="fast", **COUNTED)))


def header_of(shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def zipped(members, path, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


@pytest.mark.parametrize("content, told", [
    (header_of((10**9, 3)), "announces 1,000,000,000 x 3"),
    (header_of((10**7, 8)) + b"\0" * 8 * 10**6, "unpack"),
    (header_of((5, 2, 1)), "expected arrays of numbers"), (header_of((-3, 2)), "expected"), (b"text", "expected arrays"),
    (header_of((2, 2)) + struct.pack("<4d", 1, 2, 3, -4), "row 1, sensor '1'.*received -4"),
    (header_of((0, 2)), r"received \(0, 2\)"), (header_of((2, 2, 2, 2)), r"received \(2, 2, 2, 2\)"),
    (header_of("'x'"), "expected"), (header_of("(((((1"), "expected"),
])  # fmt: skip
def test_npz_that_is_refused(tmp_path, refused, content, told):
    import re

    path = zipped({"data.npy": content}, tmp_path / "bad.npz")
    assert re.search(told, refused(lambda: read_series(path, ReadingOptions(**COUNTED))))


@pytest.mark.parametrize("name", ["x.npz", "x.csv.zip", "x.xlsx"])
def test_a_zip_file_with_a_nameless_file_is_damaged(tmp_path, refused, name):
    raw = zipped({"a.csv": "time,s1"}, tmp_path / name).read_bytes()
    directory = raw.rindex(b"a.csv")  # Python ends a name at a zero
    (tmp_path / name).write_bytes(raw[:directory] + b"\0" + raw[directory + 1 :])
    assert "the name of a file in it is empty" in refused(lambda: read_series(tmp_path / name))


def test_npz_with_objects_is_refused_and_nothing_runs(tmp_path, refused):
    np.savez(tmp_path / "evil.npz", data=np.array([[RunsCode()]], dtype=object))
    assert "objects" in refused(lambda: read_series(tmp_path / "evil.npz", ReadingOptions(**COUNTED)))


@pytest.mark.parametrize("member", ["values", "sensors", "start", "step_minutes"])
def test_our_own_format_with_objects_is_refused_and_nothing_runs(tmp_path, refused, member):
    frame().to_csv(tmp_path / "speed.csv", index_label="time")
    write_npz(tmp_path / "speed.npz", read_series(tmp_path / "speed.csv"))
    with np.load(tmp_path / "speed.npz") as arrays:
        parts = {name: arrays[name] for name in arrays.files}
    np.savez(tmp_path / "evil.npz", **parts | {member: np.array([RunsCode()], dtype=object)})
    assert "objects" in refused(lambda: read_series(tmp_path / "evil.npz"))


def test_pickles_are_refused_as_readings(tmp_path, refused):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(RunsCode()))
    assert "pickle" in refused(lambda: read_series(tmp_path / "a.pkl"))


def test_our_own_format_goes_round(tmp_path):
    frame().to_csv(tmp_path / "speed.csv", index_label="time")
    first = read_series(tmp_path / "speed.csv")
    write_npz(tmp_path / "speed.npz", first)
    again = read_series(tmp_path / "speed.npz")
    np.testing.assert_array_equal(first.values, again.values)
    assert again.sensors == first.sensors and (again.times == first.times).all() and again.step_minutes == 5


@pytest.mark.parametrize("index", ["index", "column"])
def test_wide_parquet(tmp_path, index):
    table = frame()
    table.iloc[2, 1] = np.nan
    (table if index == "index" else table.rename_axis("when").reset_index()).to_parquet(tmp_path / "speed.parquet")
    same(read_series(tmp_path / "speed.parquet"), table)


def long(table):
    return table.rename_axis("timestamp").reset_index().melt("timestamp", var_name="sensor_id", value_name="speed")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_long_tables(tmp_path, ending):
    table = long(frame()).sample(frac=1, random_state=0)
    path = tmp_path / f"long.{ending}"
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    series = read_series(path)
    same(series.take(("773869", "767541", "718499")), frame())


@pytest.mark.parametrize("clock", ["text", "time", "hour", "hours apart"])
@pytest.mark.parametrize("date", ["date", "midnight"])
@pytest.mark.parametrize("layout", ["wide", "long"])
def test_parquet_with_date_and_clock_apart(tmp_path, layout, date, clock):
    table = frame(60)
    if "hour" in clock:
        table.index = pd.date_range("2012-03-01", periods=60, freq="1h")
    times = table.index
    days = pd.Series(times.date if date == "date" else times.normalize(), index=times)
    clocks = {
        "text": times.strftime("%H:%M"),
        "time": times.time,
        "hour": times.hour,
        "hours apart": times.strftime("%H"),
    }
    table = table.assign(date=days, **{"hour" if "hour" in clock else "time": clocks[clock]})
    if layout == "long":
        table = table.melt([*table.columns[-2:]], var_name="detid", value_name="speed")
    table.reset_index(drop=True).to_parquet(tmp_path / "a.parquet")
    expected = frame(60).set_axis(times)
    same(read_series(tmp_path / "a.parquet"), expected)
    if layout == "long":
        same(read_series(tmp_path / "a.parquet", ReadingOptions(channel="speed")), expected)


def test_utd19_as_parquet(tmp_path):
    times = pd.date_range("2017-05-06", periods=600, freq="3min")
    seconds = (times.hour * 60 + times.minute) * 60
    plain = {"interval": seconds, "detid": "K1", "flow": np.arange(600) + 1.0, "error": 0, "city": "bern"}
    for days in (times.strftime("%Y-%m-%d"), times.date, times.normalize()):
        pd.DataFrame({"day": days, **plain}).to_parquet(tmp_path / "utd19.parquet")
        series = read_series(tmp_path / "utd19.parquet", ReadingOptions(channel="flow"))
        assert series.sensors == ("K1",) and series.values[:, 0].tolist() == [*range(1, 601)]
        assert (series.times == times.to_numpy().astype("datetime64[m]")).all()


def test_a_row_without_a_sensor_is_refused_not_given_to_the_last_one(tmp_path, refused):
    table = long(frame()).astype({"sensor_id": object})
    table.loc[4, "sensor_id"] = None
    table.to_parquet(tmp_path / "long.parquet")
    assert "row 4: expected the name of a sensor" in refused(lambda: read_series(tmp_path / "long.parquet"))


def test_a_long_table_with_several_quantities_needs_a_choice(tmp_path, refused):
    table = long(frame())
    table["flow"] = 7
    table.to_csv(tmp_path / "long.csv", index=False)
    assert "speed, flow" in refused(lambda: read_series(tmp_path / "long.csv"))
    same(read_series(tmp_path / "long.csv", ReadingOptions(channel="speed")), frame())
    assert (read_series(tmp_path / "long.csv", ReadingOptions(channel=1)).values == 7).all()


@pytest.mark.parametrize("text, told", [
    ("time,sensor,speed\n2025-03-03 00:00,a,1\n2025-03-03 00:00,a,2\n", "line 3.*another one of sensor a.*daylight"),
    ("time,sensor,speed\n2025-03-03 00:00,a,1\n2025-03-03 00:05,,2\n", "line 3.*name of a sensor"),
    ("time,sensor,speed\n2025-03-03 00:00,a,x\n2025-03-03 00:05,a,2\n", "line 2, column 'speed'.*'x'"),
    ("time,sensor,speed\n2025-03-03 00:00,a,1\n2025-03-03 00:05,a,-2\n", "line 3, sensor 'a'.*received -2"),
    ("time,sensor,speed\n2025-03-03 00:00,a,1\nnever,a,2\n", "line 3.*'never'"),
    ("time,sensor,speed\n2025-03-03 00:00,a,1\n2025-03-03 00:05,b,\n2025-03-03 00:05,a,3\n", "'b' has no readings"),
    ("time,sensor\n2025-03-03 00:00,a\n2025-03-03 00:05,a\n", "received none"),
])  # fmt: skip
def test_long_csv_that_is_refused(write, refused, text, told):
    import re

    path = write(text, "long.csv")
    assert re.search(told, refused(lambda: read_series(path)))


def test_parquet_that_is_refused(tmp_path, refused, monkeypatch):
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    frame().reset_index(drop=True).to_parquet(tmp_path / "bare.parquet")
    assert "one column of timestamps; received 0" in refused(lambda: read_series(tmp_path / "bare.parquet"))
    frame().assign(road="I5").to_parquet(tmp_path / "text.parquet")
    assert "'road' has no numbers" in refused(lambda: read_series(tmp_path / "text.parquet"))
    frame().tz_localize("UTC").to_parquet(tmp_path / "zone.parquet")
    assert "time zone" in refused(lambda: read_series(tmp_path / "zone.parquet"))
    frame().mul(-1).to_parquet(tmp_path / "negative.parquet")
    assert "row 0 (2012-03-01 00:00:00), column '773869'" in refused(lambda: read_series(tmp_path / "negative.parquet"))
    many = arrow.table({name: arrow.nulls(10**6, arrow.float64()) for name in "abc"})
    parquet.write_table(many, tmp_path / "bomb.parquet")
    assert "unpack" in refused(lambda: read_series(tmp_path / "bomb.parquet"))
    monkeypatch.setattr("gman_search.data.size_limits.MAX_READINGS", 2 * 10**6)
    assert "announces 1,000,000 x 3" in refused(lambda: read_series(tmp_path / "bomb.parquet"))


@pytest.mark.parametrize("names, rows", [(60, 60), (1, 60)])
def test_parquet_with_long_names_is_not_unpacked(tmp_path, refused, names, rows):
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    texts = arrow.array([f"{index:02d}" + "x" * 500_000 for index in range(names)])
    sensors = arrow.DictionaryArray.from_arrays(np.arange(rows, dtype=np.int32) % names, texts)
    stamps = pd.date_range("2025-03-03", periods=rows, freq="5min")
    table = arrow.table({"time": stamps, "sensor": sensors, "speed": np.ones(rows), "road": sensors})
    parquet.write_table(table, tmp_path / "bomb.parquet", store_schema=False, compression="zstd")
    assert (tmp_path / "bomb.parquet").stat().st_size < 50_000
    assert "unpack" in refused(lambda: read_series(tmp_path / "bomb.parquet", ReadingOptions(channel="speed")))


def test_only_the_columns_asked_for_are_read_from_parquet(tmp_path, monkeypatch):
    import pyarrow.parquet as parquet

    table = long(frame()).assign(road="I5", flow=7.0)
    table.to_parquet(tmp_path / "long.parquet")
    asked, read = [], parquet.ParquetFile.read
    monkeypatch.setattr(
        parquet.ParquetFile, "read", lambda file, columns, **more: asked.append(columns) or read(file, columns, **more)
    )
    same(read_series(tmp_path / "long.parquet", ReadingOptions(channel="speed")), frame())
    assert asked == [["timestamp", "sensor_id", "speed"]]


def test_a_gzip_bomb_is_not_unpacked(tmp_path, refused):
    import gzip

    with gzip.open(tmp_path / "bomb.csv.gz", "wb") as file:
        for _ in range(64):
            file.write(b"0,0,0\n" * 180_000)
    assert "unpack" in refused(lambda: read_series(tmp_path / "bomb.csv.gz", ReadingOptions(**COUNTED)))


@pytest.mark.parametrize("rows", [3, 4])
def test_pemsd7_has_neither_names_nor_times(write, rows):
    text = "\n".join(["71.1,66.0,64.9", "70.0,64.0,0", "69.9,61.3,60.0", "5,6,7"][:rows])
    series = read_series(write(text, "PeMSD7_V_228.csv"), ReadingOptions(**COUNTED))
    assert series.sensors == ("0", "1", "2") and len(series.values) == rows
    np.testing.assert_allclose(series.values[0], [71.1, 66.0, 64.9], rtol=1e-6)
    assert "not names" in series.notes[0]


def test_readings_with_times_but_without_names(write):
    series = read_series(write("2025-03-03 00:00,5,6\n2025-03-03 00:05,7,8\n"))
    assert series.values.tolist() == [[5, 6], [7, 8]] and series.sensors == ("0", "1")


def minutes_of(*spans):
    times = [pd.date_range(*span, freq="15min") for span in spans]
    return "time,a\n" + "".join(f"{time},{1 + index}\n" for index, time in enumerate(times[0].append(times[1:])))


def test_where_clocks_go_back_the_second_hour_is_left_out(write):
    text = minutes_of(("2025-11-02 00:00", "2025-11-02 01:45"), ("2025-11-02 01:00", "2025-11-02 03:00"))
    series = read_series(write(text))
    assert series.values[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17]
    assert "clocks went back on 2025-11-02" in series.notes[0] and "4 rows" in series.notes[0]


def test_where_clocks_go_forward_an_hour_is_missing(write):
    text = minutes_of(("2025-03-09 00:00", "2025-03-09 01:45"), ("2025-03-09 03:00", "2025-03-09 05:00"))
    series = read_series(write(text))
    assert not series.values[8:12].any() and len(series.values) == 21 and "4 of 21 steps" in series.notes[0]


@pytest.mark.parametrize("second", [("2025-11-02 00:30", "2025-11-02 03:00"), ("2025-11-02 01:30", "2025-11-02 03:00")])
def test_other_steps_backwards_are_refused(write, refused, second):
    text = minutes_of(("2025-11-02 00:00", "2025-11-02 01:45"), second)
    assert "rising times" in refused(lambda: read_series(write(text)))
    weekday = minutes_of(("2025-07-02 00:00", "2025-07-02 01:45"), ("2025-07-02 01:00", "2025-07-02 03:00"))
    assert "line 10" in refused(lambda: read_series(write(weekday)))


@pytest.mark.parametrize("later", [("2025-11-01 00:00", "2025-11-01 23:45"), ("2025-11-02 01:00", "2025-11-02 05:00")])
def test_after_a_night_of_change_rows_out_of_order_are_refused_not_dropped(write, refused, later):
    night = [("2025-11-02 00:00", "2025-11-02 01:45"), ("2025-11-02 01:00", "2025-11-02 03:00")]
    assert "line 19: expected rising times" in refused(lambda: read_series(write(minutes_of(*night, later))))
    third_pass = [night[0], ("2025-11-02 01:00", "2025-11-02 01:45"), night[1]]
    assert "line 14: expected rising times" in refused(lambda: read_series(write(minutes_of(*third_pass))))


def test_what_is_missing_can_be_said(write, refused):
    path = write("time,a,b\n2025-03-03 00:00,1,-1\n2025-03-03 00:05,,5\n2025-03-03 00:10,0,6\n")
    message = refused(lambda: read_series(path))
    assert "received -1" in message and 'put "negative" into data.missing_values' in message
    both = read_series(path, ReadingOptions(missing_values=("zero", "nan", "negative")))
    assert both.values.tolist() == [[1, 0], [0, 5], [0, 6]]
    assert "line 3, column 'a'" in refused(
        lambda: read_series(path, ReadingOptions(missing_values=("zero", "negative")))
    )
    kept = read_series(path, ReadingOptions(missing_values=("zero", "nan", "negative")), blank=np.nan)
    assert np.isnan(kept.values).tolist() == [[False, True], [True, False], [False, False]]


def whole_files():
    table = frame(12)
    h5, npz, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez_compressed(npz, data=table.to_numpy())
    table.to_parquet(parquet)
    times = table.index.as_unit("ns").asi8
    with h5py.File(h5, "w") as file:
        group = file.create_group("df")
        group.attrs.update({"pandas_type": np.bytes_("frame"), "nblocks": 1})
        names = np.array([name.encode() for name in table.columns])
        for name, array in {
            "axis0": names,
            "axis1": times,
            "block0_items": names,
            "block0_values": table.to_numpy(),
        }.items():
            group[name] = array
        group["axis1"].attrs["kind"] = np.bytes_("datetime64")
    return [h5.getvalue(), npz.getvalue(), parquet.getvalue()]


WHOLE = whole_files()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(range(3)), st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=6), st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_no_damage_makes_a_reader_stumble(write, which, where, patch, cut):
    content = bytearray(WHOLE[which])
    place = int(where * len(content))
    if cut:
        del content[place:]
    else:
        content[place : place + len(patch)] = patch
    path = write(bytes(content), "damaged")
    try:
        series = read_series(path, ReadingOptions(**COUNTED))
    except DataError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert np.isfinite(series.values).all() and (series.values >= 0).all()
