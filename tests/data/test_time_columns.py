"""Which columns have the times, and what they mean: UTC by name, clocks in several columns, intervals, days of hours."""

import numpy as np
import pandas as pd
import pytest

from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions

BERLIN = ReadingOptions(timezone="Europe/Berlin")
TIMES = pd.date_range("2025-03-03", periods=864, freq="5min")


def lines(header, rows):
    return header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


# UTC


@pytest.mark.parametrize("name", ["utc", "datetime_utc", "time (UTC)", "Timestamp [UTC]", "UTC time", "time_gmt"])
@pytest.mark.parametrize("layout", ["wide", "long"])
def test_a_column_that_says_utc_is_in_utc(write, name, layout):
    stamps = [f"{time:%Y-%m-%d %H:%M}" for time in TIMES[:6]]
    text = lines(f"{name},a", ((time, 50) for time in stamps))
    if layout == "long":
        text = lines(f"{name},sensor,speed", ((time, "a", 50) for time in stamps))
    series = read_series(write(text), BERLIN)
    assert str(series.times[0]) == "2025-03-03T01:00" and series.sensors == ("a",)
    assert f"in UTC as the column's name {name!r} says" in series.notes[0] and len(series.notes) == 1
    series = read_series(write(text))
    assert str(series.times[0]) == "2025-03-03T00:00"
    assert f"column {name!r} says UTC" in series.notes[0] and 'data.timezone = "Europe/Berlin"' in series.notes[0]


def test_clocks_that_go_back_are_told_apart_by_utc(write):
    times = pd.date_range("2025-10-25 22:00", periods=24, freq="15min")
    series = read_series(write(lines("utc,a", ((time, row + 1) for row, time in enumerate(times)))), BERLIN)
    assert len(series.times) == 20 and series.values[:, 0].tolist() == [*range(1, 13), *range(17, 25)]


def test_an_offset_in_the_name_counts(write):
    series = read_series(write(lines("time (UTC+1),a", ((time, 50) for time in TIMES[:6]))), BERLIN)
    assert str(series.times[0]) == "2025-03-03T00:00"


def test_a_date_and_a_clock_in_utc(write):
    text = lines("date_utc,time_utc,a", ((f"{time:%Y-%m-%d}", f"{time:%H:%M}", 50) for time in TIMES[:6]))
    assert str(read_series(write(text), BERLIN).times[0]) == "2025-03-03T01:00"
    assert any("'date_utc' says UTC" in note for note in read_series(write(text)).notes)


@pytest.mark.parametrize("utc, local", [("datetime_utc", "datetime_local"), ("utc", "time"), ("start UTC", "start")])
def test_of_utc_and_local_time_the_one_that_is_needed_is_read(write, utc, local):
    rows = [(time, time + pd.Timedelta("2h"), 50) for time in TIMES[:6]]
    path = write(lines(f"{utc},{local},a", rows))
    series = read_series(path)
    assert str(series.times[0]) == "2025-03-03T02:00" and series.sensors == ("a",)
    assert f"times are those of column {local!r}; {utc!r} are not read" in series.notes
    assert str(read_series(path, BERLIN).times[0]) == "2025-03-03T01:00"


# Seconds


@pytest.mark.parametrize("times", [
    ["2025-03-03 00:00:00", "2025-03-03 00:04:59.999997", "2025-03-03 00:10:00.000003"],
    ["2025-03-02 23:59:59.999997", "2025-03-03 00:04:59.999997", "2025-03-03 00:09:59.999997"],
    ["2025-03-02 23:59:59.7", "2025-03-03 00:04:59.7", "2025-03-03 00:09:59.7"],
])  # fmt: skip
def test_times_a_little_early_are_read_to_the_nearest_second(write, times):
    series = read_series(write(lines("time,a", ((time, 50) for time in times))))
    assert [str(time)[11:] for time in series.times] == ["00:00", "00:05", "00:10"] and series.notes == ()


def test_milliseconds_since_1970_a_little_early(write):
    rows = ((1740960000000 + 300000 * row - 3, 50) for row in range(4))
    assert str(read_series(write(lines("time,a", rows)), ReadingOptions(timezone="UTC")).times[1]) == "2025-03-03T00:05"


def test_hdf5_a_little_early(tmp_path):
    pytest.importorskip("tables")
    index = TIMES[:12] - pd.Timedelta(3, unit="us")
    pd.DataFrame({"a": np.arange(12) + 1.0}, index=index).to_hdf(tmp_path / "a.h5", key="df")
    series = read_series(tmp_path / "a.h5")
    assert str(series.times[0]) == "2025-03-03T00:00" and series.values[:, 0].tolist() == list(range(1, 13))


def test_seconds_that_are_cut_are_told(write):
    series = read_series(write(lines("time,a", ((f"{time:%Y-%m-%d %H:%M}:59", 50) for time in TIMES[:4]))))
    assert "whole minutes, 2025-03-03 00:00:59 as 2025-03-03 00:00" in series.notes[0]


# Days


@pytest.mark.parametrize("names", [
    [str(hour) for hour in range(24)], [f"H{hour:02d}" for hour in range(24)], [f"h{hour}" for hour in range(1, 25)],
    [f"V{part:02d}" for part in range(96)], [f"{hour:02d}-{hour + 1:02d}" for hour in range(24)],
])  # fmt: skip
@pytest.mark.parametrize("first", ["Date", "Date,site", "Date,name"])
def test_a_column_for_each_hour_is_refused(write, refused, names, first):
    days = pd.date_range("2025-03-03", periods=20)
    cells = ([], [7]) if first == "Date" else (["A"], ["B"]) if first == "Date,site" else ([1], [2])
    rows = [(f"{day:%Y-%m-%d}", *cell, *range(len(names))) for day in days for cell in cells[first == "Date" :]]
    header = ",".join([first if first != "Date" else "Date,total", *names])
    told = refused(lambda: read_series(write(lines(header, rows))))
    assert "one row for each date and time of day" in told and f"{names[0]!r} to {names[-1]!r}" in told


def test_sensors_that_are_numbered_are_no_hours(write):
    names = ",".join(map(str, range(24)))
    rows = ((time, *range(1, 25)) for time in TIMES[:12])
    assert len(read_series(write(lines("time," + names, rows))).sensors) == 24
    for named in ([str(number) for number in range(23)], [f"s{number}" for number in range(24)]):
        days = ((f"{day:%Y-%m-%d}", *range(1, len(named) + 1)) for day in pd.date_range("2025-03-03", periods=20))
        assert read_series(write(lines("time," + ",".join(named), days))).sensors == tuple(named)


# Dates with a clock in other columns


def test_a_date_an_hour_and_a_minute(write):
    rows = ((f"{time:%Y-%m-%d}", time.hour, time.minute, row + 1, 7) for row, time in enumerate(TIMES))
    series = read_series(write(lines("date,hour,minute,a,b", rows)))
    assert series.sensors == ("a", "b") and (series.times == TIMES.to_numpy()).all()
    assert series.values[:, 0].tolist() == list(range(1, 865))
    assert "columns 'date', 'hour' and 'minute' are read as one time" in series.notes


@pytest.mark.parametrize("header, clock", [
    ("date,interval,a", lambda row: row % 288 + 1), ("date,x,a", lambda row: row % 288 + 1),
    ("date,x,a", lambda row: row % 288), ("date,x,a", lambda row: f"{row % 288 / 288:.6f}"),
    ("date,x,a", lambda row: row % 288 * 5),
])  # fmt: skip
def test_a_count_of_the_day_is_not_advised_as_sensors(write, refused, header, clock):
    rows = ((f"{time:%Y-%m-%d}", clock(row), 50 + row % 3) for row, time in enumerate(TIMES))
    told = refused(lambda: read_series(write(lines(header, rows))))
    assert "data.sensor_column" not in told and "into one column, like 2025-03-03 00:05" in told
    assert f"{header.split(',')[1]!r} looks like a clock" in told


@pytest.mark.parametrize("options", [ReadingOptions(), ReadingOptions(channel="speed")])
def test_a_count_of_the_day_next_to_known_sensors(write, refused, options):
    rows = [(f"{time:%Y-%m-%d}", row % 288 + 1, mast, 50) for row, time in enumerate(TIMES) for mast in "ab"]
    told = refused(lambda: read_series(write(lines("date,x,detid,speed", rows)), options))
    assert "'x' looks like a clock" in told and "into one column" in told


def test_days_of_a_spreadsheet_with_an_hour(write, refused):
    rows = ((45719 + row // 24, row % 24, 50 + row % 3) for row in range(96))
    told = refused(lambda: read_series(write(lines("date,hour,a", rows))))
    assert "data.sensor_column" not in told and "into one column" in told


def test_sensors_of_a_long_table_by_day_are_still_advised(write, refused):
    days = pd.date_range("2025-03-03", periods=20)
    rows = [(f"{day:%Y-%m-%d}", mast, 50) for day in days for mast in range(1, 8)]
    assert 'data.sensor_column = "mast"' in refused(lambda: read_series(write(lines("date,mast,a", rows))))


# Intervals


@pytest.mark.parametrize(
    "form", ["{:%H:%M}-{:%H:%M}", "{:%H:%M} - {:%H:%M}", "{:%H:%M}–{:%H:%M}", "{:%H:%M:%S}-{:%H:%M:%S}"]
)
@pytest.mark.parametrize("minutes", [5, 15, 60])
@pytest.mark.parametrize("options", [ReadingOptions(), BERLIN])
def test_intervals_are_read_at_their_beginning(write, form, minutes, options):
    times = pd.date_range("2025-03-03", periods=72, freq=f"{minutes}min")
    step = pd.Timedelta(minutes=minutes)
    rows = ((f"{time:%Y-%m-%d} " + form.format(time, time + step), row + 1) for row, time in enumerate(times))
    series = read_series(write(lines("time,a", rows)), options)
    assert (series.times == times.to_numpy()).all() and series.values[:, 0].tolist() == list(range(1, 73))
    assert "are intervals: their beginning is read" in series.notes[0]


def test_an_interval_next_to_its_date(write):
    rows = ((f"{time:%Y-%m-%d}", f"{time:%H:%M}-{time + pd.Timedelta('5min'):%H:%M}", 50) for time in TIMES)
    series = read_series(write(lines("date,time,a", rows)))
    assert (series.times == TIMES.to_numpy()).all() and any("are intervals" in note for note in series.notes)


@pytest.mark.parametrize("offset", ["-05:00", "-03:30", "+05:45", "-0800"])
def test_offsets_are_no_intervals(write, refused, offset):
    path = write(lines("time,a", ((f"{time:%Y-%m-%d %H:%M}{offset}", 50) for time in TIMES)))
    assert "data.timezone" in refused(lambda: read_series(path))
    assert str(read_series(path, ReadingOptions(timezone="UTC")).times[0]) != "2025-03-03T00:00"


@pytest.mark.parametrize("times", [
    ["00:00-00:15", "00:15-00:45"], ["00:00 - 00:15", "00:15 - 00:45"], ["00:00 - 00:15", "00:15"],
])  # fmt: skip
def test_intervals_of_several_lengths_are_refused(write, refused, times):
    rows = [(f"2025-03-03 {time}", 50) for time in times]
    assert "line 2: expected an offset from UTC of some place, or intervals" in refused(
        lambda: read_series(write(lines("time,a", rows)))
    )
