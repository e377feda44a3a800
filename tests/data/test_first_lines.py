"""The beginning and the ends of a CSV's lines: what has names, what has readings, what is neither."""

import pandas as pd
import pytest

from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions

COUNTED = ReadingOptions(start="2025-03-03", step="5min")
BODY = "50.5,40.25,60.5\n51.5,41.25,61.5\n"
TIMED = "2025-03-03 00:00,50.5,60.5\n2025-03-03 00:05,51.5,61.5\n"
VALUES = [[50.5, 60.5], [51.5, 61.5]]
UNNAMED = "the first line has readings, not names"


@pytest.mark.parametrize("first, values", [
    ("nan,62.5,63.1", [0, 62.5, 63.1]), ("NA,62.5,63.1", [0, 62.5, 63.1]), ("-,62.5,63.1", [0, 62.5, 63.1]),
    (",62.5,63.1", [0, 62.5, 63.1]), ("62.5,,63.1", [62.5, 0, 63.1]), ("62.5,NaN,NaN", [62.5, 0, 0]),
    ("NaN,62,63", [0, 62, 63]), ("0,62,NA", [0, 62, 0]),
])  # fmt: skip
def test_a_first_row_with_a_missing_reading_is_read(write, first, values):
    series = read_series(write(f"{first}\n{BODY}"), COUNTED)
    assert series.values[0].tolist() == pytest.approx(values, rel=1e-6) and series.values[1].tolist() == [
        50.5,
        40.25,
        60.5,
    ]
    assert series.sensors == ("0", "1", "2") and any(UNNAMED in note for note in series.notes)


@pytest.mark.parametrize("text, sensors", [
    ("773869,NA,767541\n50.5,40.25,60.5\n51.5,41,61\n", ("773869", "NA", "767541")),
    (",12.5,13.25\n0,50,51\n1,50,52\n", ("12.5", "13.25")),  # places as names, above numbers of rows
    (",12.5,13.25\n2025-03-03 00:00,50,51\n2025-03-03 00:05,50,52\n", ("12.5", "13.25")),
    ("0773869,NA,1.50\n1,2,3\n4,5,6\n", ("0773869", "NA", "1.50")),
])  # fmt: skip
def test_names_that_look_like_numbers_stay_names(write, text, sensors):
    assert read_series(write(text), COUNTED).sensors == sensors


def test_a_zero_among_names_like_readings_is_doubted(write):
    series = read_series(write("0,62,63\n50,40,60\n51,90,61\n"), COUNTED)
    assert series.sensors == ("0", "62", "63") and "0, 62, 63, is taken for names of sensors" in series.notes[-1]


def test_a_damaged_first_row_with_a_time_is_no_header(write, refused):
    assert "line 1, column '2': expected a number; received '5*'" in refused(
        lambda: read_series(write("2025-03-02 23:55,5*,62\n" + TIMED))
    )


@pytest.mark.parametrize("cell", ["xy", "12"])
def test_a_long_table_without_names_needs_a_line_of_them(write, refused, cell, tmp_path):
    times = pd.date_range("2025-03-03", periods=20, freq="5min")
    rows = [(f"{time:%Y-%m-%d %H:%M}", sensor, 50.5) for time in times for sensor in cell]
    path = write("".join(",".join(map(str, row)) + "\n" for row in rows))
    for options in (ReadingOptions(), ReadingOptions(sensor_column="2")):
        told = refused(lambda options=options: read_series(path, options))
        assert "time,sensor,reading" in told and "data.sensor_column" not in told
    pytest.importorskip("openpyxl")
    pd.DataFrame(rows).assign(**{"0": times.repeat(2)})[["0", 1, 2]].to_excel(
        tmp_path / "long.xlsx", index=False, header=False
    )
    assert "time,sensor,reading" in refused(lambda: read_series(tmp_path / "long.xlsx"))


@pytest.mark.parametrize("text", [
    "time,a,b,\n" + TIMED.replace("\n", ",\n"), "time,a,b\n" + TIMED.replace("\n", ",\n"),
    "time,a,b,,\n" + TIMED.replace("\n", ",,\n"), "time;a;b;\n" + TIMED.replace(",", ";").replace("\n", ";\n"),
    "time;a;b\n" + TIMED.replace(",", ";").replace(".", ",").replace("\n", ";\n"),
    '"time","a","b",\n' + TIMED.replace("\n", ",\n"), "time\ta\tb\n" + TIMED.replace(",", "\t").replace("\n", "\t\n"),
])  # fmt: skip
def test_a_delimiter_at_the_end_of_lines_is_passed_over(write, text):
    series = read_series(write(text))
    assert series.sensors == ("a", "b") and series.values.tolist() == VALUES


def test_a_last_column_with_a_name_or_without_a_header_is_kept(write, refused):
    assert "column 'c' has no readings at all" in refused(
        lambda: read_series(write("time,a,b,c\n" + TIMED.replace("\n", ",\n")))
    )
    assert "column '2' has no readings" in refused(lambda: read_series(write(TIMED.replace("\n", ",\n"))))
    longer = "time,a,b\n" + TIMED + "2025-03-03 00:10,1,2,\n"  # one line alone is a fault
    assert "line 4: expected 3 cells, as in the first; received 4" in refused(lambda: read_series(write(longer)))


@pytest.mark.parametrize("above, told", [
    ("\n\n", None), ("# made by x\n", "that begin with # were left out: 1"),
    ("# made by x, y, z\n#\n\n", "that begin with # were left out: 2"), ("Export of traffic\n", "the first 1 lines"),
    ("Export of traffic\n\n", "the first 2 lines"), ("# x\nExport\n2025\n", "the first 3 lines"),
])  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lines_above_the_names_are_left_out(write, refused, above, told, delimiter):
    text = above + ("time,a,b\n" + TIMED).replace(",", delimiter)
    series = read_series(write(text))
    assert series.sensors == ("a", "b") and series.values.tolist() == VALUES
    assert (told is None and series.notes == ()) or any(told in note for note in series.notes)
    wrong = text.replace("51.5", "x")
    assert f"line {above.count(chr(10)) + 3}, column 'a'" in refused(lambda: read_series(write(wrong)))


def test_names_behind_a_sign_of_a_comment_are_names(write):
    series = read_series(write("#time,a,b\n" + TIMED))
    assert series.sensors == ("a", "b") and series.values.tolist() == VALUES and series.notes == ()
    for above in ("# made by x, 2025\n", "# made, by x\n"):
        series = read_series(write(above + "2025-03-03 00:00,50\n2025-03-03 00:05,51\n"))
        assert series.sensors == ("0",) and "that begin with # were left out: 1" in series.notes[0]
    series = read_series(write("# made by numpy\n# a,b,c\n" + BODY), COUNTED)
    assert series.sensors == ("# a", "b", "c") and series.values[0].tolist() == [50.5, 40.25, 60.5]


def test_a_title_with_commas_is_told_from_names(write, refused):
    told = refused(lambda: read_series(write("Export, of 2025\ntime,a,b\n" + TIMED)))
    assert "line 1: expected the names of the columns" in told and "line 2: delete the lines above" in told


@pytest.mark.parametrize("units", [",km/h,km/h", "[-],[km/h],[km/h]", ",flow,speed"])
def test_units_below_the_names_are_refused_with_their_line(write, refused, units):
    told = refused(lambda: read_series(write(f"time,a,b\n{units}\n{TIMED}")))
    assert "line 2: expected readings below the names" in told and "delete this line" in told


def test_units_in_a_workbook_are_refused_with_their_row(tmp_path, refused):
    pytest.importorskip("openpyxl")
    times = pd.date_range("2025-03-03", periods=3, freq="5min")
    rows = [[None, "km/h"], *([time, 50.5] for time in times)]
    pd.DataFrame(rows, columns=["time", "a"]).to_excel(tmp_path / "units.xlsx", index=False)
    told = refused(lambda: read_series(tmp_path / "units.xlsx"))
    assert "row 2: expected readings below the names" in told and "'km/h'" in told
