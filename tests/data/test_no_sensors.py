"""Numbers of rows, clocks and times in other forms: left out with a note where they have no name, else found."""

import numpy as np
import pandas as pd
import pytest

from gman_search.data.cleaning.clean import refuse_other_unit
from gman_search.data.read import read_series
from gman_search.errors import DataError
from gman_search.forecasting.readings import read_readings
from gman_search.reading_options import ReadingOptions

ROWS = 600
TIMES = pd.date_range("2025-03-03", periods=ROWS, freq="5min")
SPEED = np.round(50 + 10 * np.sin(np.arange(ROWS) / 7) + np.arange(ROWS) % 5, 1)
SECONDS = TIMES.astype("datetime64[s]").astype(np.int64)


def text_of(name, numbers, rows=ROWS):
    return f"{name},time,a\n" + "".join(
        f"{number},{time:%Y-%m-%d %H:%M},{speed}\n"
        for number, time, speed in zip(numbers[:rows], TIMES, SPEED, strict=False)
    )


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
@pytest.mark.parametrize("numbers", [
    np.arange(ROWS) % 288, np.arange(ROWS) + 1000, np.arange(ROWS)[::-1], np.arange(ROWS) * 3 // 2, np.arange(ROWS) % 12,
    np.random.default_rng(0).permutation(ROWS),
], ids=["joined", "sliced", "turned", "filtered", "of hours", "shuffled"])  # fmt: skip
def test_numbers_of_rows_without_a_name_are_left_out_with_a_note(write, name, numbers):
    path = write(text_of(name, numbers))
    series = read_series(path)
    assert series.sensors == ("a",) and series.values[:, 0].tolist() == SPEED.astype(np.float32).tolist()
    assert f"has numbers of rows, from {numbers[0]} on, and is not read" in " ".join(series.notes)
    assert read_readings(write(text_of(name, numbers, 24))).sensors == ("a",)


@pytest.mark.parametrize("numbers", [SPEED, np.floor(SPEED).astype(int)])
def test_readings_without_a_name_are_refused(write, refused, numbers):
    assert "number 1 has none: name it" in refused(lambda: read_series(write(text_of("", numbers))))


@pytest.mark.parametrize("name, numbers, why", [
    ("No", np.arange(ROWS) % 20 + 1, "its name"), ("lfd. Nr.", np.arange(ROWS) % 20 + 1, "its name"),
    ("level_0", np.arange(ROWS) % 20, "its name"), ("x", np.arange(ROWS) % 20 + 1, "counts up"),
    ("x", np.arange(ROWS)[::-1], "counts up"), ("epoch", SECONDS, "its name"), ("x", SECONDS, "seconds since 1970"),
    ("unix_ts", SECONDS - 7200, "its name"), ("x", SECONDS - 7200, "seconds since 1970"),
    ("timestamp(ms)", SECONDS * 1000, "its name"), ("x", SECONDS * 1000, "milliseconds since 1970"),
    ("x", SECONDS // 86400 + 25569, "days as spreadsheets count them"), ("slot", np.arange(ROWS) % 288 + 1, "its name"),
    ("x", np.arange(ROWS) % 288, "the number of the step"), ("x", np.arange(ROWS) % 288 + 1, "the number of the step"),
    ("hr_end", TIMES.hour + 1, "its name"), ("x", TIMES.hour + 1, "the hour from 1"),
    ("x", np.where(TIMES.hour == 0, 24, TIMES.hour), "the hour to 24"),
])  # fmt: skip
@pytest.mark.parametrize("clean", [False, True])
def test_columns_that_count_or_repeat_the_time_are_found(write, name, numbers, why, clean):
    path = write(text_of(name, np.asarray(numbers)))
    note = next(note for note in read_series(path, ReadingOptions(clean=clean)).notes if "do not look like" in note)
    assert f"1 columns do not look like sensors, and are forecast like sensors: {name!r} ({why}" in note
    assert note.endswith(f'data.ignore_columns = ["{name}"]')
    series = read_series(path, ReadingOptions(clean=clean, ignore_columns=(name,)))
    assert series.sensors == ("a",) and not any("do not look like" in note for note in series.notes)


def test_numbers_of_rows_without_a_header_can_be_left_out(write, refused):
    path = write(text_of("x", np.arange(ROWS) % 288).partition("\n")[2])
    assert any('data.ignore_columns = ["0"]' in note for note in read_series(path).notes)
    series = read_series(path, ReadingOptions(ignore_columns=("0",)))
    assert series.sensors == ("1",) and series.values[:, 0].tolist() == SPEED.astype(np.float32).tolist()
    assert "'speed' is none of 0, 1" in refused(lambda: read_series(path, ReadingOptions(ignore_columns=("speed",))))


def test_a_few_rows_are_enough_to_know_seconds_since_1970(write):
    assert any("'x' (seconds since 1970)" in note for note in read_series(write(text_of("x", SECONDS, 6))).notes)


def test_readings_that_rise_and_fall_are_no_clock(write):
    """Also those of a made-up file, which count to a small number."""
    for readings in (np.arange(ROWS) % 9 + 50, np.arange(ROWS) % 7 + 1, 40 + np.arange(ROWS) / 10, SPEED):
        assert read_series(write(text_of("x", readings))).notes == ()


def test_where_a_column_is_far_above_the_limit_it_is_named(write):
    """Not the unit is wrong then."""
    series = read_series(write(text_of("x", SECONDS)), ReadingOptions(clean=True))
    with pytest.raises(DataError, match='data.ignore_columns = \\["x"\\]'):
        refuse_other_unit(series, "mph")
    metres = read_series(write(text_of("b", SPEED * 30).replace(",a\n", ",c\n")), ReadingOptions(clean=True))
    with pytest.raises(DataError, match="set data.unit"):
        refuse_other_unit(metres, "mph")


def test_numbers_of_rows_in_a_long_table_have_no_name_to_show(write):
    rows = [(index % 50, f"{TIMES[index // 2]:%Y-%m-%d %H:%M}", "xy"[index % 2], 50 + index) for index in range(100)]
    series = read_series(write(",time,detid,speed\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)))
    assert series.sensors == ("x", "y") and series.values[:2].tolist() == [[50, 51], [52, 53]]
    assert "columns without a name are not read" in series.notes[0]
