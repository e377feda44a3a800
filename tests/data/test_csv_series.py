"""Hostile CSV files: each is refused in one line that says where, or read as what it means."""

import gzip

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gman_search.data.csv_series import read_series
from gman_search.errors import DataError

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


@pytest.mark.parametrize("start, step, told", [
    (None, None, "--start and --step"), (None, "5min", "--start"), ("2025-01-01", None, "--step"),
    ("soon", "5min", "--start"), ("2025-01-01", "often", "--step"), ("2025-01-01", "-5min", "--step"),
    ("2025-01-01", "90s", "--step"), ("2025-01-01", "7min", "divides a day"), ("2025-01-01", "2 days", "divides a day"),
    ("2025-01-01", "", "--step"),
    ("2025-01-01", "NaT", "--step"),
])  # fmt: skip
def test_start_and_step_are_checked(write, refused, start, step, told):
    path = write("a,b\n1,2\n3,4\n")
    assert told in refused(lambda: read_series(path, start=start, step=step))


@pytest.mark.filterwarnings("ignore")
def test_a_start_with_a_time_zone_is_refused_like_times_with_one(write, refused):
    path = write("a,b\n1,2\n3,4\n")
    assert "time zone" in refused(lambda: read_series(path, start="2025-01-01T00:00+01:00", step="5min"))


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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(cells, max_size=4), max_size=6), st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_no_table_of_odd_cells_makes_the_reader_stumble(write, table, timed):
    rows = [[f"2025-03-03 00:{5 * index:02d}", *row] for index, row in enumerate(table)] if timed else table
    text = "time,a,b\n" + "\n".join(",".join(row) for row in rows)
    try:
        series = read_series(write(text), start="2025-01-01", step="5min")
    except DataError as refusal:
        assert "\n" not in str(refusal)
    else:
        assert np.isfinite(series.values).all() and (series.values >= 0).all()
        assert len(series.times) == len(series.values)
