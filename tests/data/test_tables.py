"""Tables of readings as people have them: numbers, times and layouts, each with the values that are right."""

import datetime
import io

import numpy as np
import pandas as pd
import pytest

from gman_search.data.read import read_series
from gman_search.forecasting.readings import read_readings
from gman_search.reading_options import ReadingOptions

BERLIN = ReadingOptions(timezone="Europe/Berlin")


def stamps(count=4, start="2025-03-03", step="15min", form="%Y-%m-%d %H:%M"):
    return [time.strftime(form) for time in pd.date_range(start, periods=count, freq=step)]


def table(cells, times=None, header="time,a", delimiter=","):
    times = times or stamps(len(cells))
    return "\n".join(
        [header.replace(",", delimiter), *(f"{time}{delimiter}{cell}" for time, cell in zip(times, cells, strict=True))]
    )


# Numbers


@pytest.mark.parametrize("cells, delimiter, values, told", [
    (["998", "1.041", "1.566", "236"], ";", [998, 1041, 1566, 236], "1.041 is read as 1041"),
    (["998", '"1,041"', '"1,566"', "236"], ",", [998, 1041, 1566, 236], "1,041 is read as 1041"),
    (["998", "1.041", "1.566", "236"], "\t", [998, 1041, 1566, 236], "1.041 is read as 1041"),
    (["998", "1 041", "1 566", "236"], ",", [998, 1041, 1566, 236], "'1 041' is read as 1041"),
    (["998", "1'041", "1’566", "236"], ";", [998, 1041, 1566, 236], "is read as 1041"),
    (["998", "1\u00a0041", "1\u202f566", "2\u2009236"], ",", [998, 1041, 1566, 2236], "is read as 1041"),
    (["1.041.000", "1.041", "998", "0"], ";", [1041000, 1041, 998, 0], "'1.041.000' is read as 1041000"),
    (["1.041,5", "1.041", "998", "61,25"], ";", [1041.5, 1041, 998, 61.25], "'1.041,5' is read as 1041.5"),
    (['"1,041.5"', '"1,041"', "998", "61.25"], ",", [1041.5, 1041, 998, 61.25], "'1,041.5' is read as 1041.5"),
    (["61.123", "60.001", "9.500", "0.123"], ";", [61.123, 60.001, 9.5, 0.123], ""),  # no thousands begin with 0
    (["61.123", "60.001", "9.500", "59.12"], ";", [61.123, 60.001, 9.5, 59.12], ""),
    (["61.123", "60.001", "9.500", "59.125"], ",", [61.123, 60.001, 9.5, 59.125], 'if 61.123 is 61123, say data.decimal = ","'),
    (["61,123", "60,001", "9,500", "59,125"], ";", [61.123, 60.001, 9.5, 59.125], 'if 61,123 is 61123, say data.decimal = "."'),
    (["61.123", "60", "59", "59.125"], ";", [61.123, 60, 59, 59.125], "60 has the same size|59.5 has the same size"),
    (["1e-05", "1.5E+02", "+5", "2.5e1"], ",", [1e-05, 150, 5, 25], ""),
    (["1041.123", "5", "6", "7"], ";", [1041.123, 5, 6, 7], ""),
])  # fmt: skip
def test_marks_in_numbers(write, cells, delimiter, values, told):
    series = read_series(write(table(cells, delimiter=delimiter)))
    np.testing.assert_allclose(series.values[:, 0], values, rtol=1e-6)
    assert any(part in " ".join(series.notes) for part in told.split("|")) and bool(series.notes) == bool(told)


@pytest.mark.parametrize("cells, delimiter, told", [
    (["1.041", "2.566", "3.236", "1.999"], ";", "which may be 1.041 or 1041: say with data.decimal"),
    (["1.041", "2.566", "3.236", "1.999"], "\t", "data.decimal"),
    (['"61,123"', '"60,001"', '"9,500"', '"59,125"'], ",", "data.decimal"),
    (["1.041", "2,566", "3", "4"], ";", "'1.041' and '2,566'"),
    (["1.041.000", "61.5", "3", "4"], ";", "received '61.5' and '1.041.000'"),
    (["50.5", "50,5", "3", "4"], ";", "received '50.5' and '50,5'"),
    (["1.041", "2.500", "1500", "900"], ";", "data.decimal"),  # 1500 has no mark, which thousands would have
    (["85%", "5", "6", "7"], ",", "line 2, column 'a': expected a number; received '85%': write percents"),
    (["5", "61 mph", "6", "7"], ",", "line 3.*without units"),
    (["5", "1,04,100", "6", "7"], ";", "line 3.*received '1,04,100'"),
    (["5", "12.34.5", "6", "7"], ";", "received '12.34.5'"),
    (["5", "(5)", "6", "7"], ",", r"received '\(5\)'"),
])  # fmt: skip
def test_numbers_that_are_refused(write, cells, delimiter, told):
    from gman_search.errors import DataError

    with pytest.raises(DataError, match=told):
        read_series(write(table(cells, delimiter=delimiter)))


def test_the_setting_decides_what_a_mark_is(write, refused):
    path = write(table(["1.041", "2.566", "3.236", "1.999"], delimiter=";"))
    assert read_series(path, ReadingOptions(decimal=",")).values[0, 0] == 1041
    assert read_series(path, ReadingOptions(decimal=".")).values[0, 0] == np.float32(1.041)
    path = write(table(["61.5", "5", "6", "7"], delimiter=";"))
    assert 'points stand before decimals: data.decimal = "."' in refused(
        lambda: read_series(path, ReadingOptions(decimal=","))
    ).replace("commas stand", "points stand")


def test_marks_are_told_column_by_column(write):
    """Lanes of a road say nothing about the size of counts."""
    rows = [f"{time}\t{count}\t4" for time, count in zip(stamps(4), ("8.713", "1.041", "2.500", "9.999"), strict=True)]
    from gman_search.errors import DataError

    with pytest.raises(DataError, match="data.decimal"):
        read_series(write("time\ta\tlanes\n" + "\n".join(rows)))


def counts_and(speeds, delimiter):
    """Counts whose thousands have points, next to another column."""
    counts = ["900", "950", "998", "1.005", "1.012", "1.019"]
    rows = zip(stamps(6), counts, speeds, strict=True)
    return "time,count,speed\n".replace(",", delimiter) + "".join(delimiter.join(row) + "\n" for row in rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("speeds, told", [
    (["55.5", "60.5", "61", "50.25", "55", "57.5"], "'55.5'"), (["61.123", "60", "59.125", "61", "60.5", "60.001"], "'60.5'"),
    (["61.123", "60", "59.125", "61", "60", "60.001"], "'61.123'"),
])  # fmt: skip
def test_thousands_in_one_column_and_decimals_in_another_are_refused(write, refused, delimiter, speeds, told):
    path = write(counts_and(speeds, delimiter))
    message = refused(lambda: read_series(path))
    assert "'1.005'" in message and told in message and "1005" in message and 'data.decimal = "."' in message
    series = read_series(path, ReadingOptions(decimal="."))
    assert series.values[3, 0] == np.float32(1.005) and series.values[0, 1] == np.float32(speeds[0])


def test_points_of_counts_next_to_decimal_commas_are_no_contradiction(write):
    series = read_series(write(counts_and(["55,5", "60,5", "61", "50,25", "55", "57,5"], ";")))
    assert series.values[3:, 0].tolist() == [1005, 1012, 1019] and series.values[0, 1] == 55.5


def test_decimals_of_any_length_next_to_whole_numbers_of_their_size_are_read(write):
    rows = zip(stamps(4), ["12", "1.125", "3", "0"], ["1500", "1.5", "900", "1.041"], strict=True)
    series = read_series(write("time,a,b\n" + "".join(",".join(row) + "\n" for row in rows)))
    assert series.values.tolist() == [[12, 1500], [1.125, 1.5], [3, 900], [0, np.float32(1.041)]]


def test_the_mark_is_kept_for_recent_files_that_may_not_show_it(write):
    assert read_series(write(table(["998", "1.041", "1.566", "236"], delimiter=";"))).decimal == ","
    assert read_series(write(table(["61.5", "60.25", "9.5", "8.125"]))).decimal is None


@pytest.mark.parametrize("word", [
    "-", "--", "?", "NULL", "n/a", "#N/A", "<NA>", "none", "N/A", "\u2013", "\u2014", "---", ".", "\\N", "NoData", "No data",
    "#VALUE!", "#DIV/0!", "n/d", "missing",
])  # fmt: skip
def test_words_for_missing_are_missing_with_a_note(write, word):
    series = read_series(write(table(["5", word, "6", word])))
    assert series.values[:, 0].tolist() == [5, 0, 6, 0] and f"2 of {word!r}" in series.notes[0]


def test_what_no_reading_is_called_is_advised_to_be_blank(write, refused):
    assert "leave a cell blank where there is no reading" in refused(
        lambda: read_series(write(table(["5", "bad", "6"])))
    )


def test_codes_for_missing_come_before_everything_else(write, refused):
    path = write(table(["5", "-1", "99999", "6"]))
    assert "data.missing_codes, as [-1]" in refused(lambda: read_series(path))
    series = read_series(path, ReadingOptions(missing_codes=(-1, 99999), missing_values=("zero",)))
    assert series.values[:, 0].tolist() == [5, 0, 0, 6]
    assert "1 readings are -1 and count as missing" in series.notes[0]
    assert ReadingOptions(missing_codes=99999).missing_codes == (99999.0,)


def test_a_code_is_suspected_and_the_setting_named(write):
    cells = [str(50 + row % 7) for row in range(60)]
    cells[10:14] = ["99999"] * 4
    series = read_series(write(table(cells)))
    assert any("data.missing_codes = [99999]" in note for note in series.notes) and series.values.max() == 99999
    known = read_series(write(table(cells)), ReadingOptions(missing_codes=99999))
    assert known.values.max() == 56 and not any("may stand for missing" in note for note in known.notes)


# Times


@pytest.mark.parametrize("form", [
    "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y%m%d%H%M", "%Y%m%d%H%M%S",
    "%d-%b-%Y %H:%M", "%b %d, %Y %H:%M", "%d %B %Y %H:%M", "%Y%m%d %H:%M", "%Y年%m月%d日 %H:%M", "%a, %d %b %Y %H:%M:%S",
])  # fmt: skip
def test_ways_to_write_a_time(write, form):
    series = read_series(
        write(table(["1", "2", "3"], [f'"{time}"' for time in stamps(3, "2025-03-31 23:30", form=form)]))
    )
    assert [str(time) for time in series.times] == ["2025-03-31T23:30", "2025-03-31T23:45", "2025-04-01T00:00"]


def test_midnight_may_be_the_end_of_the_day_before(write):
    series = read_series(write(table(["1", "2", "3"], ["2025-03-31 23:00", "2025-03-31 24:00", "2025-04-01 01:00"])))
    assert str(series.times[1]) == "2025-04-01T00:00" and series.values[:, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("times", [
    ["2025-03-03T00:00:00Z", "2025-03-03T00:15:00Z"], ["2025-03-03 01:00+01:00", "2025-03-03 01:15:00+0100"],
    ["1740960000", "1740960900"], ["1740960000000", "1740960900000"], ["1740960000.0", "1740960900.0"],
    ["2025-03-02T19:00:00-05:00", "2025-03-02T19:15:00-05:00"], ["2025-03-03 00:00 UTC", "2025-03-03 00:15 UTC"],
])  # fmt: skip
def test_instants_are_local_times_of_the_zone(write, refused, times):
    path = write(table(["1", "2"], times))
    told = refused(lambda: read_series(path))
    assert "expected local times without a time zone" in told and 'data.timezone = "Europe/Berlin"' in told
    series = read_series(path, BERLIN)
    assert [str(time) for time in series.times] == ["2025-03-03T01:00", "2025-03-03T01:15"]
    assert "changed to local time of Europe/Berlin" in series.notes[0] and times[0][:10] in series.notes[0]


@pytest.mark.parametrize("zone, night, back", [
    ("Europe/Berlin", "2025-10-25T22:00", 4), ("America/New_York", "2025-11-02T03:00", 4),
    ("Australia/Lord_Howe", "2025-04-05T12:00", 2),  # by half an hour
    ("America/Sao_Paulo", "2018-02-17T20:00", 4),  # at midnight, in February
])  # fmt: skip
@pytest.mark.parametrize("form", ["Z", "epoch", "newest first", "long"])
def test_a_night_in_which_clocks_go_back(write, zone, night, back, form):
    instants = pd.date_range(night, periods=40, freq="15min")
    names = [str(int(time.timestamp())) if form == "epoch" else f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in instants]
    cells = [str(row + 1) for row in range(40)]
    if form == "newest first":
        names, cells = names[::-1], cells[::-1]
    if form == "long":
        text = "time,sensor,speed\n" + "".join(f"{time},a,{cell}\n" for time, cell in zip(names, cells, strict=True))
    else:
        text = table(cells, names)
    series = read_series(write(text), ReadingOptions(timezone=zone))
    local = instants.tz_localize("UTC").tz_convert(zone).tz_localize(None)
    expected = pd.Series(np.arange(40) + 1.0, index=local)
    expected = expected[~expected.index.duplicated()].sort_index()
    assert len(series.times) == 40 - back and (series.times == expected.index.to_numpy()).all()
    assert series.values[:, 0].tolist() == expected.tolist()
    assert any(
        f"clocks went back on {local[local.duplicated()][0].date()}: {back} rows" in note for note in series.notes
    )


@pytest.mark.parametrize("zone, first, minutes", [
    ("America/Santiago", "2025-04-06T00:00", 60), ("Asia/Tehran", "2021-09-21T16:00", 60), ("America/Sao_Paulo", "2018-02-17T22:00", 60),
    ("Australia/Lord_Howe", "2025-04-05T12:00", 30), ("Europe/Berlin", "2025-10-25T22:00", 60),
])  # fmt: skip
def test_local_times_with_a_zone_are_known_to_come_twice(write, refused, zone, first, minutes):
    local = pd.date_range(first, periods=48, freq="15min", tz="UTC").tz_convert(zone).tz_localize(None)
    assert local.duplicated().sum() == minutes // 15
    text = table([str(row + 1) for row in range(48)], [f"{time:%Y-%m-%d %H:%M}" for time in local])
    series = read_series(write(text), ReadingOptions(timezone=zone))
    expected = pd.Series(np.arange(48) + 1.0, index=local)[~local.duplicated()]
    assert (series.times == expected.index.to_numpy()).all() and series.values[:, 0].tolist() == expected.tolist()
    assert f"clocks went back on {local[local.duplicated()][0].date()}: {minutes // 15} rows" in series.notes[0]
    assert not any("ignored" in note for note in series.notes)
    if zone != "Europe/Berlin":
        assert "or if clocks went back there name the zone with data.timezone" in refused(
            lambda: read_series(write(text))
        )
    # A row that comes twice is no change of clocks.
    again = [*local[:4], local[3], *local[4:40]]
    text = table(["1"] * 41, [f"{time:%Y-%m-%d %H:%M}" for time in again])
    assert "again or earlier" in refused(lambda: read_series(write(text), ReadingOptions(timezone=zone)))


@pytest.mark.parametrize("order", ["by time", "by sensor", "newest first"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_a_long_table_over_a_night_in_which_clocks_go_back(write, order, zone):
    local = (
        pd.date_range("2025-10-25T22:00", periods=40, freq="15min", tz="UTC")
        .tz_convert("Europe/Berlin")
        .tz_localize(None)
    )
    rows = [(time, name, 100 * (name == "b") + row + 1) for row, time in enumerate(local) for name in "ab"]
    rows = {"by time": rows, "by sensor": rows[::2] + rows[1::2], "newest first": rows[::-1]}[order]
    text = "time,detid,speed\n" + "".join(f"{time:%Y-%m-%d %H:%M},{name},{value}\n" for time, name, value in rows)
    series = read_series(write(text), ReadingOptions(timezone=zone)).take(("a", "b"))
    kept = np.flatnonzero(~local.duplicated())
    assert (series.times == local[kept].to_numpy()).all()
    assert series.values.tolist() == [[row + 1, 101 + row] for row in kept]
    assert any("clocks went back on 2025-10-26: 8 rows" in note for note in series.notes)


def test_a_night_in_which_clocks_go_forward(write):
    instants = pd.date_range("2025-03-30T00:00", periods=8, freq="15min")
    series = read_series(
        write(table([str(row + 1) for row in range(8)], [f"{time:%Y-%m-%dT%H:%MZ}" for time in instants])), BERLIN
    )
    assert (
        series.values[:, 0].tolist() == [1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8]
        and str(series.times[8]) == "2025-03-30T03:00"
    )


@pytest.mark.parametrize(
    "name, near", [("Europe/Berln", "Europe/Berlin"), ("berlin", "Europe/Berlin"), ("../x", "Europe"), ("", "Europe")]
)
def test_an_unknown_zone_is_refused_with_names_near_it(write, refused, name, near):
    told = refused(lambda: read_series(write(table(["1", "2"])), ReadingOptions(timezone=name)))
    assert near in told and "data.timezone" in told


def test_a_zone_that_is_not_needed_is_told(write):
    assert "data.timezone is ignored" in read_series(write(table(["1", "2"])), BERLIN).notes[0]


@pytest.mark.parametrize("ending", ["parquet", "h5", "frame"])
def test_times_with_a_zone_in_other_formats(tmp_path, refused, ending):
    index = pd.date_range("2025-10-25 22:00", periods=24, freq="15min", tz="UTC").tz_convert("Europe/Berlin")
    frame = pd.DataFrame({"a": np.arange(24) + 1.0}, index=index)
    source = frame if ending == "frame" else tmp_path / f"speed.{ending}"
    if ending == "parquet":
        frame.to_parquet(source)
    elif ending == "h5":
        frame.to_hdf(source, key="df", mode="w")
    read = (
        (lambda options: read_readings(frame, options))
        if ending == "frame"
        else (lambda options: read_series(source, options))
    )
    assert "data.timezone" in refused(lambda: read(ReadingOptions()))
    series = read(BERLIN)
    assert str(series.times[0]) == "2025-10-26T00:00" and len(series.times) == 20
    assert series.values[:, 0].tolist() == [*range(1, 13), *range(17, 25)]


def test_some_times_with_a_zone_and_some_without_are_refused(write, refused):
    path = write(table(["1", "2"], ["2025-03-03T00:00Z", "2025-03-03T00:15"]))
    assert "line 3: expected a time zone in all times or in none" in refused(lambda: read_series(path, BERLIN))


def test_newest_first_and_blocks_out_of_order_are_sorted_with_a_note(write):
    times, cells = stamps(6), [str(row + 1) for row in range(6)]
    series = read_series(write(table(cells[::-1], times[::-1])))
    assert series.values[:, 0].tolist() == [1, 2, 3, 4, 5, 6] and "newest first" in series.notes[0]
    series = read_series(write(table(cells[3:] + cells[:3], times[3:] + times[:3])))
    assert series.values[:, 0].tolist() == [1, 2, 3, 4, 5, 6] and "not in the order of their times" in series.notes[0]


@pytest.mark.parametrize("header, join", [
    ("date,hour,a", "{:%Y-%m-%d},{:%H:%M}"), ("Datum,Uhrzeit,a", "{:%d.%m.%Y},{:%H:%M:%S}"), ("date,time,a", "{:%Y%m%d},{:%H:%M}"),
    ("x,y,a", "{:%Y-%m-%d},{:%H:%M}"), ("date,time,a", "{:%Y-%m-%d},{:%I:%M %p}"), ("date,time,a", "{:%Y%m%d},{:%H%M}"),
])  # fmt: skip
def test_a_date_and_a_clock_in_two_columns(write, header, join):
    times = pd.date_range("2025-03-31 23:30", periods=4, freq="15min")
    series = read_series(
        write(header + "\n" + "".join(join.format(time, time) + f",{row + 5}\n" for row, time in enumerate(times)))
    )
    assert series.sensors == ("a",) and series.values[:, 0].tolist() == [5, 6, 7, 8]
    assert (series.times == times.to_numpy()).all() and any("read as one time" in note for note in series.notes)


def test_hours_as_numbers_beside_dates(write):
    text = "date,hour,a\n" + "".join(f"2025-03-{3 + row // 24:02d},{row % 24},{row + 1}\n" for row in range(48))
    series = read_series(write(text))
    assert series.sensors == ("a",) and series.step_minutes == 60 and series.values[:, 0].tolist() == list(range(1, 49))


def test_days_of_a_spreadsheet_are_read_in_a_column_of_times_alone(write):
    days = [f"{45719 + row / 96:.6f}" for row in range(5)]
    series = read_series(write(table(["1", "2", "3", "4", "5"], days)))
    assert str(series.times[0]) == "2025-03-03T00:00" and series.step_minutes == 15
    assert "days as spreadsheets count them" in series.notes[0] and "2025-03-03" in series.notes[0]


@pytest.mark.parametrize("times, told", [
    (["05:00", "05:15"], "times with their dates; received '05:00'"),
    (["25/03/06 05:00", "25/03/06 05:15"], "2006-03-25 or 2025-03-06: write years with four digits"),
    (["05/06/07 05:00", "05/06/07 05:15"], "write years with four digits"),
    (["soon", "later"], "line 2: expected a time; received 'soon'"),
    (["0", "1"], "line 2: expected a time; received '0'"),
    (["2025-03-03 00:00", "13/03/2025 00:15"], "line 3: expected a time written like the first"),
    (["2025-02-30 00:00", "2025-03-01 00:00"], "line 2: expected a time"),
    (["45719.1", "45719.17"], "expected a time; received '45719.1'"),  # no step that divides a day
])  # fmt: skip
def test_times_that_are_refused(write, refused, times, told):
    assert told in refused(lambda: read_series(write(table(["1", "2"], times))))


def test_years_of_two_digits_are_read_where_one_order_fits(write):
    series = read_series(write(table(["1", "2"], ["31/12/99 05:00", "31/12/99 05:15"])))
    assert str(series.times[0]) == "1999-12-31T05:00" and "years of two digits" in series.notes[0]
    times = stamps(60, "2025-03-06", "60min", "%y/%m/%d %H:%M")
    series = read_series(write(table(["5"] * 60, times)))
    assert str(series.times[0]) == "2025-03-06T00:00" and "was read as 2025-03-06" in series.notes[0]


def test_the_order_of_day_and_month_is_kept_and_holds(write, refused):
    trained = read_series(write(table(["5"] * 30, stamps(30, "2025-03-03", "720min", "%d/%m/%Y %H:%M"))))
    assert trained.day_first is True and read_series(write(table(["1", "2"]))).day_first is None
    recent = write(table(["1", "2"], ["06/03/2025 05:00", "06/03/2025 05:15"]))
    assert "read in two ways" in read_series(recent).notes[0]
    kept = ReadingOptions(day_first=True)
    assert str(read_series(recent, kept).times[0]) == "2025-03-06T05:00" and read_series(recent, kept).notes == ()
    assert str(read_series(recent, ReadingOptions(day_first=False)).times[0]) == "2025-06-03T05:00"
    other = write(table(["1", "2"], ["03/13/2025 05:00", "03/13/2025 05:15"]))
    assert "as day/month/year, as data.day_first = true says; received '03/13/2025 05:00'" in refused(
        lambda: read_series(other, kept)
    )
    points = write(table(["1", "2"], ["06.03.2025 05:00", "06.03.2025 05:15"]))
    assert "points mean day.month.year" in refused(lambda: read_series(points, ReadingOptions(day_first=False)))


# Layouts


def test_sensors_in_rows_and_times_in_columns(write, refused):
    text = "," + ",".join(stamps(4)) + "\na,1,2,3,4\nb,5,,7,8\n"
    series = read_series(write(text))
    assert series.sensors == ("a", "b") and series.values.tolist() == [[1, 5], [2, 0], [3, 7], [4, 8]]
    assert "transposed" in series.notes[0] and str(series.times[3]) == "2025-03-03T00:45"
    wrong = text.replace(",7,", ",x,")
    assert "column 4" in refused(lambda: read_series(write(wrong))) and "'x'" in refused(
        lambda: read_series(write(wrong))
    )
    roads = "name,road," + ",".join(stamps(4)) + "\na,I5,1,2,3,4\nb,I5,5,6,7,8\n"
    told = refused(lambda: read_series(write(roads)))
    assert "transposed" in told and 'data.ignore_columns = ["road"]' in told
    assert read_series(write(roads), ReadingOptions(ignore_columns=("road",))).values[0].tolist() == [1, 5]
    clocks = "date,00:00,08:00,16:00\n2025-03-03,1,2,3\n2025-03-04,4,5,6\n"
    assert "one row for each date and time" in refused(lambda: read_series(write(clocks)))


def test_epochs_in_the_header(write):
    series = read_series(write("sensor,1740960000,1740960900,1740961800\n7,1,2,3\n9,4,5,6\n"), BERLIN)
    assert series.sensors == ("7", "9") and series.values.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert str(series.times[0]) == "2025-03-03T01:00"


@pytest.mark.parametrize("first", [0, 1])
def test_row_numbers_before_the_times(write, first):
    times = stamps(4)
    text = ",time,a\n" + "".join(f"{first + row},{time},{row + 5}\n" for row, time in enumerate(times))
    series = read_series(write(text))
    assert (
        series.sensors == ("a",)
        and series.values[:, 0].tolist() == [5, 6, 7, 8]
        and "only counts the rows" in series.notes[0]
    )
    alone = ",a,b\n" + "".join(f"{first + row},5,6\n" for row in range(4))
    series = read_series(write(alone), ReadingOptions(start="2025-03-03", step="5min"))
    assert series.sensors == ("a", "b") and series.values[0].tolist() == [5, 6]


def test_times_may_stand_in_any_column(write, refused):
    text = "a,when,b\n" + "".join(f"{row + 1},{time},{row + 5}\n" for row, time in enumerate(stamps(4)))
    series = read_series(write(text))
    assert series.sensors == ("a", "b") and series.values.tolist() == [[1, 5], [2, 6], [3, 7], [4, 8]]
    two = "start,end,a\n" + "".join(
        f"{a},{b},1\n" for a, b in zip(stamps(4), stamps(4, "2025-03-03 00:15"), strict=True)
    )
    told = refused(lambda: read_series(write(two)))
    assert "one column of times; received 'start' and 'end'" in told and "remove" not in told
    assert str(read_series(write(two), ReadingOptions(ignore_columns=("end",))).times[0]) == "2025-03-03T00:00"


LONG = pd.DataFrame({"time": np.tile(stamps(10), 2), "foo": np.repeat(["x", "y"], 10), "speed": np.arange(20) + 1.0})


@pytest.mark.parametrize("name", ["detid", "Sensor ID", "station_id", "tmc_code", "VDS"])
@pytest.mark.parametrize("by", ["foo", "time"])
def test_long_tables_by_the_usual_names(write, name, by):
    text = LONG.sort_values(by, kind="stable").rename(columns={"foo": name}).to_csv(index=False)
    series = read_series(write(text))
    assert series.sensors == ("x", "y") and series.values[3].tolist() == [4, 14] and series.notes == ()


@pytest.mark.parametrize("numbers", [True, False])
@pytest.mark.parametrize("order", [["time", "foo", "speed"], ["foo", "speed", "time"]])
def test_a_long_table_with_another_name_is_told_from_a_wide_one(write, refused, numbers, order):
    frame = LONG.assign(foo=LONG["foo"].map({"x": 101, "y": 102})) if numbers else LONG
    path = write(frame[order].to_csv(index=False))
    told = refused(lambda: read_series(path))
    assert 'data.sensor_column = "foo"' in told and "drop" not in told and "keep one" not in told
    series = read_series(path, ReadingOptions(sensor_column="foo"))
    assert series.values[3].tolist() == [4, 14] and series.sensors == (("101", "102") if numbers else ("x", "y"))
    assert "near it: foo" in refused(lambda: read_series(path, ReadingOptions(sensor_column="fooo")))


def test_places_in_a_long_table_are_no_readings(write, refused):
    frame = LONG.rename(columns={"foo": "sensor_id"}).assign(latitude=34.1, longitude=-118.3, road="I5")
    series = read_series(write(frame.to_csv(index=False)))
    assert series.values[3].tolist() == [4, 14] and "latitude, longitude are not read" in series.notes[0]
    told = refused(lambda: read_series(write(frame.assign(flow=7).to_csv(index=False))))
    assert "received speed, flow:" in told
    assert read_series(write(frame.assign(flow=7).to_csv(index=False)), ReadingOptions(channel="flow")).values[
        0
    ].tolist() == [7, 7]
    told = refused(lambda: read_series(write(frame.assign(station="A").to_csv(index=False))))
    assert "'sensor_id' and 'station'" in told and "data.sensor_column" in told


def test_a_long_table_with_places_is_taken_for_readings(write):
    from gman_search.data.file_type import file_type

    frame = LONG.rename(columns={"foo": "sensor_id"}).assign(latitude=34.1, longitude=-118.3)
    assert file_type(write(frame.to_csv(index=False))) == "readings"
    assert file_type(write("sensor_id,latitude,longitude\na,34.1,-118.3\n")) == "graph"


def test_long_parquet_with_another_name(tmp_path, refused):
    LONG.assign(time=pd.to_datetime(LONG["time"])).to_parquet(tmp_path / "long.parquet")
    assert "ignore_columns" in refused(lambda: read_series(tmp_path / "long.parquet"))
    series = read_series(tmp_path / "long.parquet", ReadingOptions(sensor_column="foo"))
    assert series.sensors == ("x", "y") and series.values[3].tolist() == [4, 14]


def test_parquet_with_text_times_or_a_date_and_a_clock(tmp_path):
    frame = pd.DataFrame({"time": stamps(4), "a": [1.0, 2, 3, 4]})
    frame.to_parquet(tmp_path / "text.parquet")
    assert read_series(tmp_path / "text.parquet").values[:, 0].tolist() == [1, 2, 3, 4]
    times = pd.date_range("2025-03-03", periods=4, freq="15min")
    apart = pd.DataFrame({"date": times.date, "clock": times.time, "a": [1.0, 2, 3, 4]})
    apart.to_parquet(tmp_path / "apart.parquet")
    assert str(read_series(tmp_path / "apart.parquet").times[3]) == "2025-03-03T00:45"


def test_a_channel_of_a_wide_table_is_the_column_of_that_name(write, tmp_path):
    frame = pd.DataFrame({"time": stamps(4), "flow": [100, 90, 80, 70], "speed": [60.0, 61, 62, 63]})
    frame.to_parquet(tmp_path / "wide.parquet")
    for path in (write(frame.to_csv(index=False)), tmp_path / "wide.parquet"):
        series = read_series(path, ReadingOptions(channel="Speed"))
        assert series.sensors == ("speed",) and series.values[:, 0].tolist() == [60, 61, 62, 63]
        assert "only column 'speed' is read, as data.channel says" in series.notes


@pytest.mark.parametrize("channel", ["occupancy", "0", 0])
def test_a_channel_that_a_wide_table_does_not_have_is_ignored_with_a_note(write, channel):
    """A model of an array keeps its channel for recent files of other formats, whose sensors may be called 0, 1, ..."""
    path = write("time,0,1\n" + "".join(f"{time},5,6\n" for time in stamps(4)))
    series = read_series(path, ReadingOptions(channel=channel))
    assert series.sensors == ("0", "1") and f"data.channel = {channel!r} is ignored" in series.notes[0]
    assert read_readings(path, ReadingOptions(channel=channel)).notes == ()


# Columns that are no sensors


def with_extras(count=96, **extras):
    frame = pd.DataFrame(
        {"a": 50 + np.arange(count) % 7 + 0.5, **extras}, index=pd.date_range("2025-03-03", periods=count, freq="60min")
    )
    return frame.rename_axis("time")


def test_columns_that_look_like_no_sensors_are_told_and_left_out(write):
    times = pd.date_range("2025-03-03", periods=96, freq="60min")
    frame = with_extras(hour=times.hour, x=times.weekday + 1, y=4, a_quality=np.arange(96) % 5, id=np.arange(96))
    series = read_series(write(frame.to_csv()))
    note = next(note for note in series.notes if "do not look like sensors" in note)
    for told in (
        "'hour' (its name)",
        "'x' (the weekday from 1)",
        "'y' (one number in all rows)",
        "'a_quality'",
        "'id'",
    ):
        assert told in note
    assert "'a' (" not in note and "data.ignore_columns" in note
    options = ReadingOptions(ignore_columns=("HOUR", "x", "y", "*_quality", "id"))
    assert read_series(write(frame.to_csv()), options).sensors == ("a",)


def test_patterns_hold_for_other_formats_and_recent_files(tmp_path, write, refused):
    frame = with_extras(hour=np.arange(96) % 24)
    options = ReadingOptions(ignore_columns="hour")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.astype(float).to_hdf(tmp_path / "a.h5", key="df", mode="w")
    for path in (tmp_path / "a.parquet", tmp_path / "a.h5", write(frame.to_csv())):
        assert read_series(path, options).sensors == ("a",)
        assert read_readings(path, options).sensors == ("a",)
    assert read_readings(frame, options).sensors == ("a",)
    without = write(frame[["a"]].to_csv())
    assert "'hour' is none of time, a" in refused(lambda: read_series(without, options))
    assert read_readings(without, options).sensors == ("a",)  # a recent file may lack what is not looked at


def test_columns_of_text_can_be_left_out(write, refused):
    text = with_extras(road="I5").to_csv()
    assert 'data.ignore_columns = ["road"]' in refused(lambda: read_series(write(text)))
    assert read_series(write(text), ReadingOptions(ignore_columns=("road",))).sensors == ("a",)


# Text


@pytest.mark.parametrize("change", [
    lambda text: text.replace("\n", "\r"), lambda text: text.replace("\n", "\r\r\n"), lambda text: "sep=,\n" + text,
    lambda text: '"sep=,"\r\n' + text.replace("\n", "\r\n"), lambda text: text.replace(",", "|"),
])  # fmt: skip
def test_line_ends_of_old_macs_and_the_first_line_of_excel(write, change):
    series = read_series(write(change("time,a,b\n2025-03-03 00:00,1,2\n2025-03-03 00:05,3,4\n")))
    assert series.values.tolist() == [[1, 2], [3, 4]] and series.sensors == ("a", "b")


def test_a_refusal_after_the_first_line_of_excel_names_the_line_of_the_file(write, refused):
    assert "line 4, column 'a'" in refused(
        lambda: read_series(write("sep=;\ntime;a\n2025-03-03 00:00;1\n2025-03-03 00:05;x\n"))
    )


def test_a_git_lfs_pointer_is_called_one(write, refused):
    text = (
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 12345\n"
    )
    assert "Git LFS pointer to it: git lfs pull" in refused(lambda: read_series(write(text)))


def test_western_european_names(write):
    series = read_series(write("time,Zählstelle Süd\n2025-03-03 00:00,1\n2025-03-03 00:05,2\n".encode("cp1252")))
    assert series.sensors == ("Zählstelle Süd",) and "Windows-1252" in series.notes[0]


@pytest.mark.parametrize("text", ['a,"b\n1,2\n3,4', 'a,b\n1,2\n"3,4', "a,b\n1,2,3\n4,5", 'a,b\n1,"2"x\n3,4'])
def test_no_message_speaks_of_a_parser(write, refused, text):
    told = refused(lambda: read_series(write(text), ReadingOptions(start="2025-03-03", step="5min")))
    assert not any(
        word in told.lower() for word in ("token", "parser", "c error", "eof", "strict", "delimiter expected")
    )


# Tables that other programs hold


def test_values_of_a_spreadsheet_are_what_they_are():
    """Cells as a workbook has them: numbers, dates and a little text."""
    from pathlib import Path

    from gman_search.data.tables.read import table_readings
    from gman_search.data.tables.table import Table

    times = [
        datetime.datetime(2025, 3, 3, 0, 0),
        datetime.datetime(2025, 3, 3, 0, 4, 59, 999_999),
        datetime.datetime(2025, 3, 3, 0, 10),
    ]
    cells = pd.DataFrame({0: times, 1: pd.Series([61.123, "-", 59], dtype=object), 2: [1041, 998, 1566]})
    found = table_readings(Table(Path("book.xlsx"), ["Zeit", "a", "b"], cells, unit="row"), ReadingOptions())
    np.testing.assert_array_equal(found.values, [[61.123, 1041], [np.nan, 998], [59, 1566]])
    assert [str(time) for time in found.times] == ["2025-03-03T00:00:00", "2025-03-03T00:05:00", "2025-03-03T00:10:00"]


@pytest.mark.parametrize("kind", ["text index", "text column", "column in the middle", "long"])
def test_frames_as_people_hold_them(kind):
    text = table(["1", "2", "3", "4"])
    frame = pd.read_csv(io.StringIO(text), index_col=0) if kind == "text index" else pd.read_csv(io.StringIO(text))
    if kind == "column in the middle":
        frame = frame.assign(b=5.0)[["a", "time", "b"]]
    if kind == "long":
        frame = frame.assign(station="s")
    series = read_readings(frame)
    assert series.values[:, 0].tolist() == [1, 2, 3, 4] and str(series.times[3]) == "2025-03-03T00:45"
    assert series.sensors == {"column in the middle": ("a", "b"), "long": ("s",)}.get(kind, ("a",))
