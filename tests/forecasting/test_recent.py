"""Recent readings are read as those of the training were, and what they leave open is decided by its end or refused."""

import re

import numpy as np
import pandas as pd
import pytest

from gman_search.errors import DataError
from gman_search.forecasting.recent import Training, read_recent
from gman_search.forecasting.recent_wording import message_for_recent
from gman_search.reading_options import ReadingOptions

OPEN = ReadingOptions()


def training(last="2025-03-31T23:55", sensors=("a", "b"), step=5):
    return Training(sensors, step, np.datetime64(last, "m"))


def wide(first="2025-04-03", rows=12, form="%d/%m/%Y %H:%M", step="5min", separator=","):
    times = pd.date_range(first, periods=rows, freq=step).strftime(form)
    return f"time{separator}a{separator}b\n" + "".join(
        f"{time}{separator}{50 + row}{separator}{60 + row}\n" for row, time in enumerate(times)
    )


def refused(path, options=OPEN, known=None):
    with pytest.raises(DataError) as refusal:
        read_recent(path, options, training() if known is None else known)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize("form, first, last", [
    ("%d/%m/%Y %H:%M", "2025-04-03", "2025-03-31T23:55"),  # 4 March is before the end of the training
    ("%m/%d/%Y %H:%M", "2025-04-03", "2025-03-31T23:55"),  # 4 March would be, as 3 April follows
    ("%d/%m/%Y %H:%M", "2025-03-04", "2025-03-03T23:55"),  # 3 April is after it, too, but not right after it
    ("%d/%m/%Y %H:%M", "2025-03-04", "2025-03-04T12:00"),
])  # fmt: skip
def test_the_end_of_the_training_decides_between_day_and_month(write, form, first, last):
    series = read_recent(write(wide(first, form=form)), OPEN, training(last))
    assert str(series.times[0]) == f"{first}T00:00" and series.values[1].tolist() == [51, 61]
    order = "day/month/year" if form.startswith("%d") else "month/day/year"
    assert any(f"dates were read as {order}" in note for note in series.notes)
    assert not any("two ways" in note or "data." in note for note in series.notes)


@pytest.mark.parametrize("last", ["2025-02-10T00:00", "2026-01-01T00:00"])  # both later, both earlier
def test_dates_that_the_end_of_the_training_leaves_open_are_refused(write, last):
    message = refused(write(wide()), known=training(last))
    assert "may begin at 2025-03-04 00:00 or 2025-04-03 00:00, and the end of the training at" in message
    assert "write times like 2025-03-03 00:05" in message and "data." not in message
    assert "may begin at 2025-03-04 00:00 or 2025-04-03 00:00: write" in refused(
        write(wide()), known=Training(("a", "b"))
    )


def test_dates_of_one_order_need_no_end_of_a_training(write):
    for text in (wide("2025-03-03"), wide("2025-04-13"), wide("2025-04-03", form="%d.%m.%Y %H:%M"), wide(form="%Y-%m-%d %H:%M")):  # fmt: skip
        series = read_recent(write(text), OPEN, training("2020-01-01T00:00"))
        assert series.times[0].astype("datetime64[D]").item().day in (3, 13) and not series.notes
    # Steps are regular in one order only.
    series = read_recent(write(wide("2025-04-03", 600)), OPEN, training("2020-01-01T00:00"))
    assert str(series.times[-1].astype("datetime64[D]")) == "2025-04-05"


def test_an_order_that_the_training_showed_holds_for_years_of_two_digits(write):
    text = wide("2025-03-06", form="%d.%m.%y %H:%M")
    series = read_recent(write(text), ReadingOptions(day_first=True), training())
    assert str(series.times[0]) == "2025-03-06T00:00" and "was read as 2025-03-06" in series.notes[0]
    american = write(wide("2025-03-06", form="%m/%d/%y %H:%M"))
    assert str(read_recent(american, ReadingOptions(day_first=False), training()).times[0]) == "2025-03-06T00:00"
    assert "write years with four digits" in refused(write(text))


def test_a_wide_file_after_a_long_training(write):
    options = ReadingOptions(sensor_column="mast", channel="speed")
    assert read_recent(write(wide("2025-03-03")), options, training()).sensors == ("a", "b")
    long = "time,mast,speed\n" + "".join(
        f"2025-03-03 00:{5 * row:02},{name},5{row}\n" for row in range(4) for name in "ab"
    )
    assert read_recent(write(long), options, training()).values[3].tolist() == [53, 53]
    message = refused(write(wide("2025-03-03")), options, training(sensors=("a", "c")))
    assert "expected a column 'mast', as in the training; received none" in message
    assert "in the training" in refused(write(long.replace("mast", "pole")), options)


@pytest.mark.parametrize("text, told", [
    ("time,a,b\n2025-03-03T00:00:00Z,5,6\n2025-03-03T00:05:00Z,5,6\n", "write local times without a zone"),
    ("time,pole,speed\n" + "".join(f"2025-03-03 00:{5 * row:02},{name},5{row}\n" for row in range(9) for name in "ab"), "name the column of the sensors `sensor`"),
    ("time;a;b\n2025-03-03 00:00;1.041;1.522\n2025-03-03 00:05;1.041;1.522\n", "write numbers with a point"),
    ("time,a,b\n2025-03-03 00:00,-1,1\n2025-03-03 00:05,1,1\n", "leave cells without a reading blank"),
    ("time,a,b\n2025-03-03 00:00,1,1\n2025-03-03 00:00,1,1\n", "again or earlier: correct the times"),
])  # fmt: skip
def test_no_message_names_a_setting(write, text, told):
    message = refused(write(text))
    assert told in message and not re.search(r"data\.[a-z]", message)


def test_no_note_names_a_setting(write):
    text = wide("2025-03-03", form="%Y-%m-%d %H:%M").replace(",57,", ",NA,")
    series = read_recent(write(text), ReadingOptions(timezone="Europe/Berlin", missing_codes=(58,)), training())
    assert series.notes and not any(re.search(r"\bdata\.[a-z]", note) for note in series.notes)
    assert any("the training's timezone is ignored" in note for note in series.notes)
    assert "1 readings are 58 and count as missing" in series.notes


@pytest.mark.parametrize("said, told", [
    ("expected readings of at most 90 mph where data.clean is on; 60% of them are above it: set data.unit to what they are measured in, or data.clean = false",
     "expected readings of at most 90 mph where the training's clean is on; 60% of them are above it: write it as the file of the training was"),
    ("data.csv: expected a number; received '1,5', where points stand before decimals: data.decimal = \",\" if not", "data.csv: expected a number; received '1,5', where points stand before decimals: write numbers with a point before decimals and no marks between thousands"),
    ("a.csv: expected the channel, one of flow, speed; none was chosen: choose one with --channel NAME (run and train: --set data.channel=NAME)", "a.csv: expected the channel, one of flow, speed; none was chosen: choose one with --channel NAME"),
    ("/my data.starts/data.csv: expected rows; received none", "/my data.starts/data.csv: expected rows; received none"),
])  # fmt: skip
def test_advice_to_set_something_becomes_advice_about_the_file(said, told):
    assert message_for_recent(said) == told
