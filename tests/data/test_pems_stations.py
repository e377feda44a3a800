"""Station files of Caltrans' PeMS, made here as they are downloaded."""

import gzip

import numpy as np
import pandas as pd
import pytest

from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions

SPEED = ReadingOptions(channel="speed")
STATIONS = (400001, 400017, 1108148)
KINDS = ("ML", "HV", "OR")


def station_file(path, day, *, lanes=8, hourly=False, stations=STATIONS, kinds=KINDS, rows=None, header=""):
    """One day of a district, sorted by time and station; ramps have no speed and occupancy.

    Flow is the row's number of the day + 10 times the station's, speed 40 + the same in hundredths.
    """
    times = pd.date_range(day, periods=rows or (24 if hourly else 288), freq="1h" if hourly else "5min")
    lines = [header] if header else []
    for step, time in enumerate(times):
        for number, station in enumerate(stations):
            kind = kinds[number % len(kinds)]
            flow, speed = step + 10 * number + 1, f"{40 + (step + 10 * number) / 100:.2f}"
            observed = 0 if step % 4 == 3 else 50 if step % 4 == 2 else 100
            occupancy = "" if kind == "OR" else "0.0512"
            cells = [f"{time:%m/%d/%Y %H:%M:%S}", station, 4, 101, "N", kind, ".31", 20, observed, flow,
                     occupancy, "" if kind == "OR" else speed]  # fmt: skip
            if hourly:
                cells += [0, 0, 0, 0, 0, 0]
            for lane in range(lanes):
                blank = lane > 2
                cells += ([10, 5, 0.05, 60.1, 1] if not blank else [""] * 5)[: 3 if hourly else 5]
            lines.append(",".join(map(str, cells)))
    text = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("lanes", [0, 1, 8])
def test_five_minutes(tmp_path, lanes):
    path = station_file(tmp_path / "d04_text_station_5min_2015_10_01.txt", "2015-10-01", lanes=lanes)
    series = read_series(path, SPEED)
    steps = np.arange(288)
    np.testing.assert_allclose(series.values, np.stack([40 + steps / 100, 40.1 + steps / 100], axis=1), rtol=1e-6)
    assert series.sensors == ("400001", "400017") and series.step_minutes == 5
    assert str(series.times[0]) == "2015-10-01T00:00"
    assert any("1 of 3 sensors have no reading at all and are left out, such as 1108148" in n for n in series.notes)
    flow = read_series(path, ReadingOptions(channel="flow"))
    np.testing.assert_array_equal(flow.values, steps[:, None] + [1, 11, 21])
    occupancy = read_series(path, ReadingOptions(channel="Occupancy"))
    np.testing.assert_allclose(occupancy.values, 0.0512, rtol=1e-6)


def test_where_a_forecast_is_wanted_a_station_without_speed_stays(tmp_path):
    path = station_file(tmp_path / "a.txt", "2015-10-01")
    assert read_series(path, SPEED, allow_all_missing=True).sensors == ("400001", "400017", "1108148")


@pytest.mark.parametrize("lanes", [0, 3, 8])
def test_hours(tmp_path, lanes):
    path = station_file(tmp_path / "d04_text_station_hour_2015_10.txt.gz", "2015-10-01", hourly=True, lanes=lanes)
    series = read_series(path, SPEED)
    np.testing.assert_allclose(series.values[:, 0], 40 + np.arange(24) / 100, rtol=1e-6)
    assert series.step_minutes == 60


def test_a_channel_is_asked_for(tmp_path, refused):
    path = station_file(tmp_path / "a.txt", "2015-10-01", rows=3)
    message = refused(lambda: read_series(path))
    assert "one of flow, occupancy, speed" in message and "data.channel" in message
    assert "'delay'" in refused(lambda: read_series(path, ReadingOptions(channel="delay")))


def test_what_pems_imputed_is_told_or_missing(tmp_path):
    path = station_file(tmp_path / "a.txt", "2015-10-01", kinds=("ML",))
    kept = read_series(path, SPEED)
    told = "PeMS imputed 25.0% of the readings wholly and 25.0% in part"
    assert (kept.values > 0).all() and any(told in note for note in kept.notes)
    series = read_series(path, ReadingOptions(channel="speed", min_observed=50))
    assert (series.values[3::4] == 0).all() and (series.values[2::4] > 0).all()
    assert any("25.0% of the readings were less than 50 % observed" in note for note in series.notes)
    stricter = read_series(path, ReadingOptions(channel="speed", min_observed=51))
    assert ((stricter.values > 0) == (np.arange(288) % 4 < 2)[:, None]).all()


def test_the_threshold_says_where_it_has_no_effect(write):
    series = read_series(write("time,a\n2025-03-03 00:00,5\n2025-03-03 00:05,6\n"), ReadingOptions(min_observed=50))
    assert "data.min_observed is ignored: file.csv does not say what was observed" in series.notes


def test_many_days_are_one_series_with_one_account_of_what_was_imputed(tmp_path):
    for day in range(1, 4):
        station_file(tmp_path / f"d04_text_station_5min_2015_10_0{day}.txt.gz", f"2015-10-0{day}", kinds=("ML",))
    series = read_series(tmp_path / "*.txt.gz", ReadingOptions(channel="speed", min_observed=1))
    one_day = np.where(np.arange(288) % 4 == 3, 0, 40 + np.arange(288) / 100)
    np.testing.assert_allclose(series.values[:, 0], np.tile(one_day, 3), rtol=1e-6)
    assert sum("% observed" in note for note in series.notes) == 1
    assert any(note.startswith("25.0% of the readings") for note in series.notes)
    files = [gzip.decompress(file.read_bytes()) for file in sorted(tmp_path.iterdir())]
    (tmp_path / "all.txt").write_bytes(b"".join(files))
    np.testing.assert_array_equal(
        read_series(tmp_path / "all.txt", ReadingOptions(channel="speed", min_observed=1)).values, series.values
    )


def test_ramps_in_some_files_only(tmp_path):
    station_file(tmp_path / "1.txt", "2015-10-01")
    station_file(tmp_path / "2.txt", "2015-10-02", kinds=("ML",))  # the ramp's detector gives a speed now
    series = read_series(tmp_path, SPEED)
    assert series.sensors == ("400001", "400017", "1108148")
    assert not series.values[:288, 2].any() and (series.values[288:, 2] > 0).all()


def test_a_header_of_ones_own(tmp_path):
    header = ("Timestamp,Station,District,Freeway #,Direction of Travel,Lane Type,Station Length,Samples,% Observed,"
              "Total Flow,Avg Occupancy,Avg Speed")  # fmt: skip
    path = station_file(tmp_path / "a.csv", "2015-10-01", lanes=0, header=header, kinds=("ML",))
    series = read_series(path, ReadingOptions(channel="flow", min_observed=50))
    expected = np.where(np.arange(288) % 4 == 3, 0, np.arange(288) + 1)
    np.testing.assert_array_equal(series.values[:, 0], expected)


def test_what_is_wrong_is_found_by_line(tmp_path, refused):
    path = station_file(tmp_path / "a.txt", "2015-10-01", rows=4)
    lines = path.read_text().splitlines()

    def message(number, old, new):
        changed = [line.replace(old, new, 1) if index == number else line for index, line in enumerate(lines)]
        path.write_text("\n".join(changed))
        return refused(lambda: read_series(path, SPEED))

    assert "line 5, speed (column 12): expected a number; received 'x'" in message(4, ",40.11,", ",x,")
    assert "line 4: expected a time like" in message(3, "10/01/2015", "31/01/2015")
    assert "line 4, % Observed: expected a percentage" in message(3, ",20,100,", ",20,101,")
    assert "line 3: expected 52 columns" in message(2, ",10,5,", ",10,")
    assert "line 7" in message(6, ",40.02,", ",-5,")  # a negative speed
    doubled = [*lines, lines[4].replace("40.11", "41")]
    path.write_text("\n".join(doubled))
    assert "another one of sensor 400017 at 2015-10-01 00:05" in refused(lambda: read_series(path, SPEED))
    path.write_text("\n".join([*lines, lines[4]]))
    series = read_series(path, SPEED)
    assert len(series.values) == 4 and any("1 rows come twice, with equal readings" in note for note in series.notes)


def test_other_files_of_the_clearinghouse_are_refused_with_what_to_download(tmp_path, refused):
    daily = "10/01/2015 00:00:00,400001,4,101,N,ML,.31,8000,100,90000,0,0,0,0,0,0\n"
    raw = "".join(f"10/01/2015 00:00:{second:02d},40000{n},0,0,,5,.05,\n" for second in (0, 30) for n in range(3))
    for text, told in ((daily, "a daily file"), (raw, "raw ones of 30 seconds")):
        (tmp_path / "a.txt").write_text(text)
        message = refused(lambda: read_series(tmp_path / "a.txt", SPEED))
        assert told in message and "Station 5-Minute" in message


def test_metadata_given_as_readings_is_a_graph(tmp_path, refused):
    (tmp_path / "meta.txt").write_text(
        "ID\tFwy\tDir\tDistrict\tCounty\tCity\tState_PM\tAbs_PM\tLatitude\tLongitude\tLength\tType\tLanes\tName\n"
        "400001\t101\tN\t4\t85\t\t1.1\t375.1\t37.364\t-121.901\t.3\tML\t3\tA\n"
    )
    message = refused(lambda: read_series(tmp_path / "meta.txt", SPEED))
    assert "station metadata" in message and "data.adjacency" in message


def test_a_file_with_tabs_below_names_of_columns(tmp_path, write):
    header = "Timestamp,Station,District,Freeway #,Direction of Travel,Lane Type,Station Length,Samples,% Observed,Total Flow,Avg Occupancy,Avg Speed"  # fmt: skip
    station_file(tmp_path / "a.txt", "2015-10-01", lanes=0, header=header)
    commas = read_series(tmp_path / "a.txt", SPEED)
    tabs = read_series(write((tmp_path / "a.txt").read_text().replace(",", "\t"), "b.txt"), SPEED)
    np.testing.assert_array_equal(tabs.values, commas.values)
    assert tabs.sensors == commas.sensors and tabs.notes == commas.notes


def test_a_report_of_one_station_has_readings_and_what_was_observed(write):
    times = pd.date_range("2015-10-13", periods=60, freq="5min")
    rows = [f"{time:%m/%d/%Y %H:%M}\t{900 + 7 * row:,}\t4\t{100 if row % 3 else 0}" for row, time in enumerate(times)]
    text = "5 Minutes\tFlow (Veh/5 Minutes)\t# Lane Points\t% Observed\n" + "\n".join(rows) + "\n"
    series = read_series(write(text))
    assert series.sensors == ("Flow (Veh/5 Minutes)",) and series.values[:, 0].tolist() == [
        900 + 7 * row for row in range(60)
    ]
    assert any("'# Lane Points' and '% Observed' are no readings" in note for note in series.notes)
    assert any("PeMS imputed 33.3% of the readings wholly" in note for note in series.notes)
    series = read_series(write(text), ReadingOptions(min_observed=50))
    assert series.values[:, 0].tolist() == [900 + 7 * row if row % 3 else 0 for row in range(60)]
    assert any("33.3% of the readings were less than 50 % observed" in note for note in series.notes)
