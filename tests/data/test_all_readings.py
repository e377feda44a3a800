"""Readings that continue a study's, and the task in which all of them are trained on."""

from dataclasses import replace

import numpy as np
import pytest

from gman_search.data.all_readings import continued, task_before_test, task_of_all
from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data.usual import usual_values
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError


def series_of(first="2025-03-03T00:00", rows=24 * 20, sensors=("a", "b", "c")):
    hours = (np.datetime64(first, "m") - np.datetime64("2025-03-03T00:00", "m")).astype(int) // 60 + np.arange(rows)
    # Every reading tells its moment and its sensor.
    values = (50 + hours[:, None] / 100 + np.array([ord(name) for name in sensors]) / 10).astype(np.float32)
    return TrafficSeries(values, np.datetime64("2025-03-03T00:00", "m") + hours * 60, tuple(sensors), 60)


@pytest.mark.parametrize("first", ["2025-03-23T00:00", "2025-03-20T07:00", "2025-03-03T00:00"])
def test_rows_are_added_after_the_last_whether_or_not_some_are_there_twice(first):
    newer = series_of(first, rows=24 * 25, sensors=("c", "x", "b", "a"))  # another order, and one more
    whole = continued(series_of(), newer, "newer.csv")
    assert whole.sensors == ("a", "b", "c") and whole.times[-1] == newer.times[-1]
    assert (np.diff(whole.times) == np.timedelta64(60, "m")).all()
    assert np.array_equal(whole.values, series_of(rows=len(whole.values)).values)


def changed(newer, row, column, value):
    values = newer.values.copy()
    values[row, column] = value
    return replace(newer, values=values)


@pytest.mark.parametrize("newer, said", [
    (series_of("2025-03-23T01:00"), "readings from 2025-03-23T00:00 on, after the last that is known; it begins at 2025-03-23T01:00"),
    (series_of("2025-03-10T00:00", rows=24), "expected readings after 2025-03-22T23:00, the last that is known; it ends at 2025-03-10T23:00"),
    (series_of("2025-03-02T00:00", rows=24 * 30), "it begins at 2025-03-02T00:00"),
    (series_of("2025-03-20T00:00", sensors=("a", "b")), "all 3 sensors; 1 are missing, such as c"),
    (replace(series_of("2025-03-20T00:00"), step_minutes=30), "expected readings every 60 min; received every 30 min"),
    (replace(series_of("2025-03-20T00:00"), times=series_of("2025-03-20T00:00").times + np.timedelta64(5, "m")), "in steps of 60 min from 2025-03-03T00:00; it begins at 2025-03-20T00:05"),
    (changed(series_of("2025-03-20T00:00"), 2, 1, 1.5), r"at 2025-03-20T02:00 sensor b has 1.5 in it and 63.\d+ in the study's"),
])  # fmt: skip
def test_what_does_not_continue_the_readings_is_refused_in_one_line(newer, said):
    with pytest.raises(DataError, match=f"^newer.csv: .*{said}") as error:
        continued(series_of(), newer, "newer.csv")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("rule", ["gman", "dcrnn"])
def test_before_the_test_part_all_is_trained_on_and_nothing_that_is_to_be_forecast(rule):
    spec = DataSpec(history=4, horizon=3, split=rule)
    task = make_task(spec, series_of(), np.eye(3))
    found = task_before_test(task, "last")
    first_forecast = task.starts["test"][0] + task.P
    assert len(found.series.values) == first_forecast - (task.P if rule == "gman" else 0)
    trained = found.starts["train"]
    assert trained[0] == 0 and trained[-1] + task.P + task.Q == len(found.series.values)
    assert set(task.starts["val"]) <= set(trained) or rule == "dcrnn"
    later = task.series.values.copy()
    later[first_forecast:] = 1.0
    other = task_before_test(make_task(spec, replace(task.series, values=later), np.eye(3)), "last")
    for name in ("targets", "inputs", "usual_rows"):
        assert np.array_equal(getattr(found, name), getattr(other, name)), name
    assert np.array_equal(found.usual.table, other.usual.table)


@pytest.fixture
def task():
    random = np.random.default_rng(0)
    values = 45 + 12 * np.sin(np.arange(24 * 20) / 24 * 2 * np.pi)[:, None] + random.normal(0, 1, (24 * 20, 3))
    return make_task(DataSpec(history=4, horizon=3), replace(series_of(), values=values.astype(np.float32)), np.eye(3))


def test_every_window_is_trained_on_with_the_scaler_of_before_and_usual_values_of_all(task):
    later = replace(series_of("2025-03-23T00:00", rows=24 * 7), values=np.full((24 * 7, 3), 80, np.float32))
    series = continued(task.series, later, "newer.csv")
    whole = task_of_all(task, series, "last")
    rows = 24 * 27
    assert whole.starts["train"].tolist() == list(range(rows - 6)) and whole.train_rows == (0, rows)
    assert (whole.mean, whole.std) == (task.mean, task.std)
    assert np.allclose(whole.inputs[-1], (80 - task.mean) / task.std)
    expected = usual_values(series.values, whole.day_of_week, whole.time_of_day, 24).table
    assert np.array_equal(whole.usual.table, expected) and not np.allclose(expected, task.usual.table, atol=5)
    # A row's own day is not in its usual value, as in training: these have 80 on their day alone of Mondays.
    monday = 24 * 21 + 3
    assert (whole.usual_rows[monday] < whole.usual.table[0, 3]).all()
    kept = task_of_all(task, series, "last", fresh_usual=False)
    assert np.array_equal(kept.usual.table, task.usual.table)
    assert np.array_equal(kept.usual_rows[monday], task.usual.table[0, 3])


def test_days_that_the_training_part_had_not_are_trained_on(task):
    short = make_task(DataSpec(history=4, horizon=3, train_share=0.2), task.series, np.eye(3))
    assert short.seen_days.tolist() == [True] * 4 + [False] * 3
    assert task_of_all(short, task.series, "last").seen_days.all()
