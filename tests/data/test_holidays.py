"""Holidays count as Sundays."""

import subprocess
import sys

import numpy as np
import pytest

from gman_search.data.checks.gather import facts_of
from gman_search.data.checks.registry import find
from gman_search.data.holidays import calendar_days, holiday_dates
from gman_search.data.series import TrafficSeries
from gman_search.data.task import load_task, make_task
from gman_search.data_spec import DataSpec
from gman_search.errors import UsageError
from gman_search.spec import StudySpec


def task_of(values, start, **spec):
    times = np.datetime64(start, "m") + np.arange(len(values)) * 60
    series = TrafficSeries(np.asarray(values, np.float32), times, ("a",), 60)
    return make_task(DataSpec(history=3, horizon=2, **spec), series, np.zeros((1, 2)))


def month_with_christmas():
    """Four weeks from Monday 2023-12-04: Sundays and Christmas, a Monday, read 60, all other days 30."""
    days = np.datetime64("2023-12-04") + np.arange(28)
    sunday = (np.arange(28) % 7 == 6) | (days == np.datetime64("2023-12-25"))
    noise = np.random.default_rng(0).uniform(-1, 1, (28 * 24, 1))
    return np.repeat(np.where(sunday, 60.0, 30.0), 24)[:, np.newaxis] + noise


def test_dates_are_days_in_order_with_those_off_in_lieu():
    dates = holiday_dates("US-CA", 2021, 2023)
    assert dates.dtype == np.dtype("datetime64[D]") and (np.diff(dates).astype(int) > 0).all()
    assert np.isin(np.array(["2021-12-25", "2021-12-24", "2022-11-25", "2023-07-04"], "datetime64[D]"), dates).all()
    assert not np.isin(np.datetime64("2022-11-25"), holiday_dates("US", 2022, 2022))  # California's alone
    assert {str(date)[:4] for date in dates} == {"2021", "2022", "2023"}


def test_a_holiday_counts_as_a_sunday_from_midnight_to_midnight():
    times = np.array(["2023-12-24T12:00", "2023-12-25T00:00", "2023-12-25T23:55", "2023-12-26T00:00"], "datetime64[m]")
    assert calendar_days(times, holiday_dates("US", 2023, 2023)).tolist() == [6, 6, 6, 1]
    none = calendar_days(times, np.array([], "datetime64[D]"))
    assert none.tolist() == [6, 0, 0, 1] and none.dtype == np.int32


@pytest.mark.parametrize(
    "code, words",
    [
        ("XQ", ["two letters", "'XQ'"]),
        ("us", ["'us'", "near it: US"]),
        ("United States", ["'United States'"]),
        ("US-CAL", ["part of US", "'US-CAL'", "near it: US-CA"]),
        ("US-", ["part of US", "'US-'"]),
        ("JP-13", ["JP has no parts"]),
        ("", ["two letters", "''"]),
    ],
)
def test_an_unknown_code_is_told_in_one_line_with_those_near_it(code, words):
    with pytest.raises(UsageError) as refusal:
        holiday_dates(code, 2023, 2023)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 200
    assert all(word in str(refusal.value) for word in words), str(refusal.value)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(UsageError, match=r"pip install 'gman-search\[holidays\]'"):
        holiday_dates("US", 2023, 2023)
    assert len(task_of(month_with_christmas(), "2023-12-04").holiday_dates) == 0  # and nothing else needs it


def test_christmas_in_training_is_a_sunday_in_calendar_and_usual_values():
    plain = task_of(month_with_christmas(), "2023-12-04", train_share=0.85, test_share=0.1)
    task = task_of(month_with_christmas(), "2023-12-04", train_share=0.85, test_share=0.1, holidays="US")
    christmas = np.flatnonzero(task.series.times.astype("datetime64[D]") == np.datetime64("2023-12-25"))
    assert set(plain.day_of_week[christmas]) == {0} and set(task.day_of_week[christmas]) == {6}
    assert plain.usual.table[0].mean() > 33 and task.usual.table[0].mean() < 31  # Mondays
    assert task.usual.table[6].mean() > plain.usual.table[6].mean()
    assert plain.usual_rows[christmas].mean() < 45 < task.usual_rows[christmas].mean()


def test_the_next_holiday_is_known_years_later():
    task = task_of(month_with_christmas(), "2023-12-04", holidays="US")
    assert {str(date)[:4] for date in task.holiday_dates} == {str(year) for year in range(2023, 2034)}


def test_a_weekday_of_which_training_saw_holidays_only_is_unseen():
    task = task_of(month_with_christmas()[: 24 * 7], "2023-12-25", holidays="US", train_share=0.5, test_share=0.2)
    assert not task.seen_days[0] and task.seen_days[6]


def test_holidays_are_part_of_the_fingerprint_only_where_they_are_given():
    values = month_with_christmas()
    fingerprints = [task_of(values, "2023-12-04", holidays=code).fingerprint for code in (None, "US", "US-CA")]
    assert len(set(fingerprints)) == 3


def test_unseen_weekdays_are_told_by_the_same_calendar():
    task = task_of(month_with_christmas()[: 24 * 7], "2023-12-25", holidays="US", train_share=0.5, test_share=0.2)
    spec = StudySpec(data=DataSpec(history=3, horizon=2, holidays="US", train_share=0.5, test_share=0.2))
    assert any("Friday, Saturday never occur" in one.message for one in find(facts_of(spec, task.series, task, None)))


@pytest.mark.real_data
def test_the_month_of_orange_has_two_holidays(shared_data):
    folder = shared_data / "pems-orange"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}")
    task = load_task(DataSpec(readings="speed.csv.gz", holidays="US-CA"), folder)
    days = np.unique(task.series.times.astype("datetime64[D]"))
    assert days[np.isin(days, task.holiday_dates)].astype(str).tolist() == ["2022-01-01", "2022-01-17"]
    changed = np.unique(task.series.times.astype("datetime64[D]")[task.day_of_week != task.series.day_of_week])
    assert changed.astype(str).tolist() == ["2022-01-01", "2022-01-17"]


def test_a_run_without_holidays_never_loads_the_package():
    code = "import sys, gman_search.data.task as t; from gman_search.spec import DataSpec; t.load_task(DataSpec(), None); print('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
