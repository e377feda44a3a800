"""Persistence, by hand and on the real week."""

import numpy as np
import pandas as pd
import pytest

from gman_search.baselines.naive import persistence, persistence_mae
from gman_search.data.series import TrafficSeries
from gman_search.data.task import load_task, make_task
from gman_search.data_spec import DataSpec
from gman_search.metrics import masked_scores, scores_by_step


def task_of(values, step=360):
    values = np.asarray(values, np.float32)
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(len(values)) * step  # from a Monday
    series = TrafficSeries(values, times, tuple("abcdef"[: values.shape[1]]), step)
    return make_task(DataSpec(history=3, horizon=2), series, np.zeros((values.shape[1], 2)))


def test_truth_is_what_follows_the_input():
    task = task_of(np.arange(1, 121).reshape(60, 2))
    first = task.starts["val"][0]
    np.testing.assert_array_equal(task.windows("val").targets[0], task.series.values[first + 3 : first + 5])


def test_persistence_repeats_the_last_observed_reading_of_its_own_window():
    values = np.tile([[45.0], [55.0]], (30, 3))
    first = 48  # of the test part
    values[first : first + 3] = [[10, 40, 0], [20, 0, 0], [30, 0, 0]]
    values[first - 1] = 99  # before the window: not its business
    task = task_of(values)
    assert task.starts["test"][0] == first
    forecast = persistence(task.windows("test"))
    np.testing.assert_allclose(forecast[0], [[30, 40, task.mean]] * 2, rtol=1e-6)
    assert forecast.shape == task.windows("test").targets.shape


@pytest.mark.parametrize("length", [60, 5200])  # a part of one piece, and of several with a last partial one
def test_the_error_of_persistence_is_that_of_all_windows_at_once(length):
    values = np.random.default_rng(2).uniform(20, 60, (length, 2))
    values[np.random.default_rng(3).random(values.shape) < 0.2] = 0
    task = task_of(values)
    for part in task.starts:
        whole = masked_scores(task.windows(part).targets, persistence(task.windows(part))).mae
        assert persistence_mae(task.windows(part)) == pytest.approx(whole, rel=1e-6)


@pytest.mark.real_data
@pytest.mark.parametrize("sensors", [20, 207])
def test_persistence_on_the_real_week_equals_its_definition(metr_la_week, sensors):
    """Against the bare definition on the file itself: 380 windows inside the last 403 rows, the same ones at every step."""
    spec = DataSpec(readings="los_speed.csv", start="2012-03-01", step="5min", sensors=sensors)
    task = load_task(spec, metr_la_week)
    scores = scores_by_step(task.windows("test").targets, persistence(task.windows("test")))
    rows = pd.read_csv(metr_la_week / "los_speed.csv").to_numpy(float)[-403:, :sensors]
    for step in (3, 6, 12):
        expected = np.abs(rows[11 + step : 391 + step] - rows[11:391]).mean()
        assert scores[step].mae == pytest.approx(expected, rel=1e-5)
    published = {20: (3.43, 4.05, 5.27), 207: (3.58, 4.38, 5.80)}[sensors]
    assert [scores[step].mae for step in (3, 6, 12)] == pytest.approx(published, abs=0.006)
