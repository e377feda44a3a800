"""CSV files as people have them, and hostile ones: read as what they mean, or refused in one line that says where."""

import gzip
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gman_search.data.read import read_series
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

HOURS = "time,a\n" + "".join(f"2025-03-03 {hour:02d}:00,{hour * 7 % 60 + 1}\n" for hour in range(24))


@pytest.mark.parametrize("rows, told", [
    (["2025-03-03 00:00,1,2", "2025-03-03 00:05,1,2,3"], "line 3"),
    (["2025-03-03 00:00,1,2", "2025-03-03 00:05,x,2"], "line 3, column 'a'"),
    (["2025-03-03 00:00,1,2", "2025-03-03 00:05,1,0x10"], "line 3, column 'b'"),
    (["2025-03-03 00:00,1,2", "2025-03-03 00:05,True,1"], "line 3, column 'a'"),
    (["2025-03-03 00:00,NaN,2", "2025-03-03 00:05,,1"], "column 'a'"),
    (["2025-03-03 00:00,1,2", "2025-03-03 00:00,1,2"], "line 3"),
    (["2025-03-03 00:00:00,1,2", "2025-03-03 00:00:30,1,2"], "line 3"),
    (["2025-03-03 00:00+01:00,1,2", "2025-03-03 00:05+01:00,1,2"], "time zone"),
    (["2025-03-30 01:55+01:00,1,2", "2025-03-30 03:00+02:00,1,2"], "time zone"),
    (["2025-03-03 00:00,1,2", "", "2025-03-03 00:05,x,2"], "line 4"),
    (["2025-03-03 00:00,1e300,2", "2025-03-03 00:05,1,2"], "line 2, column 'a'"),
    (["2025-03-03 00:00,1,2", "2025-03-03 00:05,1"], "line 3"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_the_refusal_says_where(write, refused, rows, told):
    path = write("time,a,b\n" + "\n".join(rows) + "\n")
    message = refused(lambda: read_series(path))
    assert told in message and str(path) in message


@pytest.mark.parametrize("text, told", [
    ('time,"a",b,c\n2025-03-03 00:00,1,2,3\n2025-03-03 00:05,4,6\n', "line 3: expected 4 cells"),
    ('time,"a\n(north)",b\n2025-03-03 00:00,1,2\n2025-03-03 00:05,x,2\n', "line 4, column 'a"),
    ('time,a,b\n2025-03-03 00:00,1,"2\n2025-03-03 00:05,1,2\n', "quote|EOF|line 2"),
    ('time,a,b\n2025-03-03 00:00,"1"1,2\n2025-03-03 00:05,1,2\n', "line 2: expected quote marks"),
])  # fmt: skip
def test_quote_marks_hide_no_missing_cell(write, refused, text, told):
    assert re.search(told, refused(lambda: read_series(write(text))))


def test_quoted_cells_and_names_are_read(write):
    series = read_series(write('"time","a, b"\n"2025-03-03 00:00","1"\n\n"2025-03-03 00:05","2"\n'))
    assert series.sensors == ("a, b",) and series.values[:, 0].tolist() == [1, 2]


@pytest.mark.parametrize("start, step, told", [
    (None, None, "--start and --step"), (None, "5min", "--start"), ("2025-01-01", None, "--step"),
    ("soon", "5min", "--start"), ("2025-01-01", "often", "--step"), ("2025-01-01", "-5min", "--step"),
    ("2025-01-01", "90s", "--step"), ("2025-01-01", "7min", "divides a day"), ("2025-01-01", "2 days", "divides a day"),
    ("2025-01-01", "", "--step"),
    ("2025-01-01", "NaT", "--step"),
])  # fmt: skip
def test_start_and_step_are_checked(write, refused, start, step, told):
    path = write("a,b\n1,2\n3,4\n")
    assert told in refused(lambda: read_series(path, ReadingOptions(start=start, step=step)))


@pytest.mark.filterwarnings("ignore")
def test_a_start_with_a_time_zone_is_refused_like_times_with_one(write, refused):
    path = write("a,b\n1,2\n3,4\n")
    assert "time zone" in refused(
        lambda: read_series(path, ReadingOptions(start="2025-01-01T00:00+01:00", step="5min"))
    )


def test_a_gz_cut_off_anywhere_is_refused(write, refused):
    whole = gzip.compress(HOURS.encode())
    for length in range(1, len(whole), 5):
        path = write(whole[:length], "cut.csv.gz")
        refused(lambda path=path: read_series(path))


def test_a_gz_with_a_flipped_bit_is_refused_or_harmless(write):
    whole = gzip.compress(HOURS.encode())
    expected = read_series(write(HOURS)).values
    for place in range(10, len(whole) - 8, 2):
        bad = bytearray(whole)
        bad[place] ^= 1 << place % 8
        try:
            values = read_series(write(bytes(bad), "bad.csv.gz")).values
        except DataError:
            continue
        np.testing.assert_array_equal(values, expected)


cells = st.sampled_from(
    ["1", "0", "-1", "nan", "", "x", '"', "1e9", "inf", "2025-03-03", "2025-03-03 00:05", "00:05", ",", " ", "é", "\r"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(cells, max_size=4), max_size=6), st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_no_table_of_odd_cells_makes_the_reader_stumble(write, table, timed):
    rows = [[f"2025-03-03 00:{5 * index:02d}", *row] for index, row in enumerate(table)] if timed else table
    text = "time,a,b\n" + "\n".join(",".join(row) for row in rows)
    try:
        series = read_series(write(text), ReadingOptions(start="2025-01-01", step="5min"))
    except DataError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert np.isfinite(series.values).all() and (series.values >= 0).all()
        assert len(series.times) == len(series.values)


COUNTED = {"start": "2025-03-03", "step": "5min"}


@pytest.mark.parametrize("name", ["time", "Timestamp", "date", "datetime", ""])
def test_time_columns_go_by_many_names(write, name):
    series = read_series(write(f"{name},a\n2025-03-03 00:00,1\n2025-03-03 00:05,2\n"))
    assert series.sensors == ("a",) and series.step_minutes == 5


def test_a_time_column_of_any_name_is_told_by_its_first_cell(write):
    assert read_series(write("when,a\n2025-03-03T00:00,1\n2025-03-03T00:15,2\n")).step_minutes == 15


def test_midnights_written_as_dates_alone(write):
    series = read_series(write("time,a\n2025-03-03,1\n2025-03-03 12:00,2\n2025-03-04,3\n"))
    assert series.values[:, 0].tolist() == [1, 2, 3] and series.steps_per_day == 2


def test_days_before_months_are_read_without_a_python_warning(write, recwarn):
    series = read_series(write("time,a\n13/01/2025 00:00,1\n13/01/2025 00:05,2\n"))
    assert str(series.times[0]) == "2025-01-13T00:00" and not recwarn.list


@pytest.mark.parametrize("dates, first, told", [
    (("05/04/2025 00:00", "05/04/2025 12:00", "06/04/2025 00:00", "06/04/2025 12:00"), "2025-04-05", "steps are regular"),
    (("04/05/2025 00:00", "04/05/2025 12:00", "04/06/2025 00:00", "04/06/2025 12:00"), "2025-04-05", "steps are regular"),
    (("12/04/2025 12:00", "13/04/2025 00:00", "13/04/2025 12:00"), "2025-04-12", ""),  # there is no month 13
    (("05.04.2025 00:00", "05.04.2025 12:00"), "2025-04-05", ""),
])  # fmt: skip
def test_the_file_tells_days_from_months(write, dates, first, told):
    series = read_series(write("time,a\n" + "".join(f"{date},1\n" for date in dates)))
    assert str(series.times[0])[:10] == first and series.step_minutes == 720
    assert len(series.notes) == bool(told) and told in "".join(series.notes)


@pytest.mark.parametrize("text", ["time,a\n{},1\n{},2\n", "time,sensor,speed\n{},a,1\n{},a,2\n"])
def test_where_days_and_months_cannot_be_told_apart_a_note_says_how_they_were_read(write, text):
    series = read_series(write(text.format("06/04/2025 00:00", "06/04/2025 00:05")))
    assert str(series.times[0]) == "2025-06-04T00:00"
    assert "read as month/day/year" in series.notes[0] and "2025-04-06" in series.notes[0]


def test_a_first_line_of_numbers_like_the_readings_is_told_to_be_names(write):
    series = read_series(write("12,30,45\n60,12,8\n11,31,44\n"), ReadingOptions(**COUNTED))
    assert series.sensors == ("12", "30", "45") and "12, 30, 45, is taken for names" in series.notes[0]
    for names in ("773869,767541", "0,1", "1,2"):
        assert read_series(write(names + "\n0,90\n1,2\n"), ReadingOptions(**COUNTED)).notes == ()


@pytest.mark.parametrize("text, notes", [
    ("time;a;b\n2025-03-03 00:00;50,5;60\n2025-03-03 00:05;;61,25\n", 1),
    ("time\ta\tb\n2025-03-03 00:00\t50.5\t60\n2025-03-03 00:05\t\t61.25\n", 0),
    ('time;"a";b\n"2025-03-03 00:00";"50,5";60\n2025-03-03 00:05;;61,25\n', 1),
    ("time;sensor;speed\n2025-03-03 00:00;a;50,5\n2025-03-03 00:00;b;60\n2025-03-03 00:05;a;\n2025-03-03 00:05;b;61,25\n", 1),
])  # fmt: skip
def test_semicolons_tabs_and_decimal_commas(write, text, notes):
    series = read_series(write(text))
    assert series.sensors == ("a", "b") and series.values.tolist() == [[50.5, 60], [0, 61.25]]
    assert len(series.notes) == notes and all("decimal commas" in note for note in series.notes)


def test_decimal_commas_without_names(write):
    series = read_series(write("50,5;60,1\n51,5;61,1\n"), ReadingOptions(**COUNTED))
    assert series.values.shape == (2, 2) and series.values[0, 0] == 50.5 and series.sensors == ("0", "1")


@pytest.mark.parametrize("text, told", [
    ("a;b\n1;2\n1.23,5;2\n", "line 3, column 'a': expected a number"), ("a;b\n1;2\n3\n", "line 3|column"),
])  # fmt: skip
def test_semicolons_that_do_not_fit_are_refused(write, refused, text, told):
    assert re.search(told, refused(lambda: read_series(write(text), ReadingOptions(**COUNTED))))


@pytest.mark.parametrize("encoding, notes", [("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 0), ("gb18030", 1)])
def test_encodings_of_chinese_spreadsheets(write, encoding, notes):
    text = "time,北一路,南二路\r\n2025-03-03 00:00,1,2\r\n2025-03-03 00:05,3,4\r\n"
    series = read_series(write(text.encode(encoding)))
    assert series.sensors == ("北一路", "南二路") and series.values.tolist() == [[1, 2], [3, 4]]
    assert len(series.notes) == notes and all("GB18030" in note for note in series.notes)


def test_names_of_sensors_stay_text(write):
    assert read_series(write("0773869,NA,1.50\n1,2,3\n"), ReadingOptions(**COUNTED)).sensors == (
        "0773869",
        "NA",
        "1.50",
    )


def test_a_blank_line_never_moves_the_rows_after_it(write):
    assert read_series(write("a\n1\n\n3\n\n"), ReadingOptions(**COUNTED)).values[:, 0].tolist() == [1, 0, 3]
    with pytest.raises(DataError, match="line 3: expected 2 cells"):
        read_series(write("a,b\n1,2\n\n3,4\n"), ReadingOptions(**COUNTED))
    timed = "time,a\n2025-03-03 00:00,1\n\n2025-03-03 00:05,2\n"
    assert read_series(write(timed)).values[:, 0].tolist() == [1, 2]  # here the times say where a row belongs
    assert len(read_series(write("a,b\r\n1,2\r\n3,4\r\n\r\n"), ReadingOptions(**COUNTED)).values) == 2


@pytest.mark.parametrize("text, told", [
    ("a\n1\n1e39\n", "line 3, column 'a': expected a finite reading"),
    ("a,road\n1,I5\n2,I5\n", "column 'road' has no numbers, such as 'I5' in line 2: if it is no sensor.*ignore_columns"),
    ("a,b\n1,2\n3,!\n", "line 3, column 'b': expected a number; received '!'"),
    ("\n1\n", "received no rows"),
    (" \n \n", "received a blank line|received no rows"),
    ("a,,b\n1,2,3\n", "number 2 has none"),
    ("time,a\n2025-03-03T00:00+01:00,1\n2025-03-03T00:05+02:00,1\n", "without a time zone.*data.timezone"),
    ("time,a\n2025-03-03T00:00Z,1\n2025-03-03T00:05Z,1\n", "without a time zone.*data.timezone"),
    ("time,a\n2025-03-03 00:05,1\n2025-03-03 00:00,1\n2025-03-03 00:05,1\n", "line 3: expected rising times"),
    ("time,a\n2025-03-03 00:00,1\n", "at least two rows"),
    ("time,a\n03/13/2025 00:00,1\n13/03/2025 00:00,1\n", "line 3: expected a time as month/day/year; received '13/03/2025 00:00'"),
])  # fmt: skip
def test_refusals_say_where_and_what(write, text, told):
    with pytest.raises(DataError, match=told) as refusal:
        read_series(write(text), ReadingOptions(**COUNTED))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("flags, told", [
    ({}, "give --start and --step"),
    ({"step": "5min"}, "give --start,"),
    ({"start": "2025-03-03", "step": "NaT"}, "--step.*received 'NaT'"),
    ({"start": "2025-03-03", "step": "30s"}, "--step.*received '30s'"),
    ({"start": "2025-03-03T00:00Z", "step": "5min"}, "time zone for --start"),
    ({"start": "soon", "step": "5min"}, "--start.*received 'soon'"),
    ({"start": "/1", "step": "5min"}, "--start.*received '/1'"),
])  # fmt: skip
def test_start_and_step_of_a_file_without_times(write, flags, told):
    with pytest.raises(DataError, match=told):
        read_series(write("a\n1\n2\n"), ReadingOptions(**flags))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=25), st.text(alphabet="0123456789-:TZ+ .aNminshd", max_size=25))
def test_no_start_or_step_makes_the_reader_stumble(write, start, step):
    for flags in ({"start": start, "step": "5min"}, {"start": "2025-03-03", "step": step}):
        try:
            read_series(write("a\n1\n2\n"), ReadingOptions(**flags))
        except DataError:
            continue


numbers = st.one_of(
    st.floats(width=32).map(str), st.sampled_from(["", "NaN", "0", "-", "x", "2025-03-03 00:00", "1e99", '"'])
)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["time,a,b\n", "time,sensor,speed\n", "station,flow,timestamp\n", ""]),
    st.lists(st.lists(numbers, min_size=1, max_size=4).map(",".join), max_size=6).map("\n".join),
    st.booleans(),
)
def test_whatever_is_read_is_finite_and_not_negative(write, header, rows, allow_all_missing):
    try:
        series = read_series(write(header + rows), ReadingOptions(**COUNTED), allow_all_missing=allow_all_missing)
    except DataError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert np.isfinite(series.values).all() and (series.values >= 0).all()


@pytest.mark.real_data
def test_the_real_week_is_read_whole(metr_la_week):
    series = read_series(metr_la_week / "los_speed.csv", ReadingOptions(start="2012-03-01", step="5min"))
    assert series.values.shape == (2016, 207) and series.values.dtype == np.float32
    assert series.sensors[:2] == ("773869", "767541")
    assert series.values.mean(dtype=np.float64) == pytest.approx(58.891, abs=1e-3)
    assert series.day_of_week[[0, -1]].tolist() == [3, 2]  # Thursday to Wednesday
