"""Small tasks that all baselines are tried on."""

import numpy as np
import pytest

from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError


def task_of(values, step=60, start="2025-03-03T00:00", **spec):
    """A task of readings (S, N), hourly from a Monday."""
    values = np.asarray(values, np.float32)
    times = np.datetime64(start, "m") + np.arange(len(values)) * step
    series = TrafficSeries(values, times, tuple(f"s{index}" for index in range(values.shape[1])), step)
    return make_task(DataSpec(**spec), series, np.zeros((values.shape[1], 2)))


def readings_of(days=28, sensors=3, seed=0, level=50.0):
    """Hourly readings (S, N) with a daily rhythm, deviations that last some hours, and no gaps."""
    random = np.random.default_rng(seed)
    hours = np.arange(24 * days)[:, np.newaxis]
    deviations = np.zeros((len(hours), sensors))
    noise = random.normal(0, 0.06, deviations.shape)
    for row in range(1, len(hours)):
        deviations[row] = 0.8 * deviations[row - 1] + noise[row]
    daily = 1 + 0.3 * np.sin(2 * np.pi * hours / 24 + np.arange(sensors))
    return (level * np.maximum(daily + deviations, 0.05)).astype(np.float32)


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """Trees that are trained in a moment."""
    monkeypatch.setattr("gman_search.baselines.boosted_trees.ROUNDS", 15)


@pytest.fixture
def refused():
    """refused(call) -> the message of the DataError it must raise; in one line."""

    def told(call) -> str:
        with pytest.raises(DataError) as refusal:
            call()
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    return told
