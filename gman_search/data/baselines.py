"""Forecasts that need no training, on the same sensors and windows as the model's."""

import numpy as np

from gman_search.data.task import ForecastTask
from gman_search.data.window_set import last_reading

__all__ = ["historical_average", "last_reading", "persistence", "persistence_mae", "truth"]

WINDOWS_AT_ONCE = 512


def truth(task: ForecastTask, part: str) -> np.ndarray:
    """Raw readings (W, Q, N) to be forecast; 0 is missing."""
    readings: np.ndarray = task.targets[_target_rows(task, part)]
    return readings


def persistence(task: ForecastTask, part: str) -> np.ndarray:
    """The last observed reading of the input window, for all steps (W, Q, N); the training mean where there is none."""
    rows = task.starts[part][:, None] + np.arange(task.P)
    return np.repeat(last_reading(task.targets[rows], task.mean), task.Q, axis=1)


def persistence_mae(task: ForecastTask, part: str) -> float:
    """MAE of persistence over all observed readings of a part, however large; NaN where there is none."""
    starts, total, count = task.starts[part], 0.0, 0
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        rows = starts[first : first + WINDOWS_AT_ONCE, None]
        last = last_reading(task.targets[rows + np.arange(task.P)], task.mean)
        readings = task.targets[rows + task.P + np.arange(task.Q)]
        total += float(np.abs(readings - last).sum(where=readings != 0, dtype=np.float64))
        count += int(np.count_nonzero(readings))
    return total / count if count else float("nan")


def historical_average(task: ForecastTask, part: str) -> np.ndarray:
    """Training mean of the same day of week and time of day (W, Q, N).

    Where the training part never saw that pair: the mean of the time of day, and then of the sensor.
    """
    first, end = task.train_rows
    values = task.targets[first:end].astype(np.float64)
    slot = task.day_of_week.astype(np.int64) * task.T + task.time_of_day
    by_slot = _means(values, slot[first:end], 7 * task.T)
    by_time = _means(values, task.time_of_day[first:end].astype(np.int64), task.T)
    by_sensor = _means(values, np.zeros(len(values), dtype=np.int64), 1)
    rows = _target_rows(task, part)
    forecast = by_slot[slot[rows]]
    forecast = np.where(np.isnan(forecast), by_time[task.time_of_day[rows]], forecast)
    forecast = np.where(np.isnan(forecast), by_sensor[0], forecast)
    return np.where(np.isnan(forecast), task.mean, forecast).astype(np.float32)


def _means(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    total = np.zeros((groups, values.shape[1]))
    count = np.zeros((groups, values.shape[1]))
    np.add.at(total, group, values)
    np.add.at(count, group, values != 0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _target_rows(task: ForecastTask, part: str) -> np.ndarray:
    return task.starts[part][:, None] + task.P + np.arange(task.Q)
