"""Features of boosted trees, for some pairs of a window and a sensor at a time (pure)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gman_search.data.fill import fill_inputs
from gman_search.data.window_set import WindowSet

__all__ = ["Places", "TreeFeatures"]

LAGS = (1, 2, 3, 4, 6, 9, 12)
BESIDE = (-2, -1, 1, 2)
"""Columns beside a sensor's: in most files those are its neighbours on the road."""
OF_STEP = 4
WINDOWS_AT_ONCE = 1024

Array = NDArray[np.floating]
Places = NDArray[np.integer]


class TreeFeatures:
    """Features of pairs (window, sensor). `last` (W, N) are last readings, filled where they are missing.

    Args:
        windows: W windows of N sensors.
        regression: (W, Q, N), what a linear regression forecasts of them.
    """

    def __init__(self, windows: WindowSet, regression: NDArray[np.float32]) -> None:
        self._windows, self.regression = windows, regression
        self._lags = [lag for lag in LAGS if lag <= windows.P]
        sensors = np.arange(windows.readings.shape[1])
        parts = [
            self._inputs(np.arange(first, min(first + WINDOWS_AT_ONCE, len(windows)))[:, np.newaxis], sensors)[..., -1]
            for first in range(0, len(windows), WINDOWS_AT_ONCE)
        ]
        self.last: Array = np.concatenate(parts)
        self._mean = self.last.mean(axis=1)

    def at(self, window: Places, sensor: Places, step: int) -> NDArray[np.float32]:
        """Features (R, F) of R pairs for the model of `step`, from 0."""
        windows = self._windows
        inputs = self._inputs(window, sensor)  # (R, P)
        past = windows.starts[window][:, np.newaxis] + np.arange(windows.P)
        usual = windows.usual[past, sensor[:, np.newaxis]]
        last, now = inputs[:, -1], usual[:, -1]
        columns: list[NDArray[Any]] = [inputs[:, -lag] for lag in self._lags]
        columns += [inputs.mean(axis=1), inputs.std(axis=1), inputs.min(axis=1), now, last - now]
        end = self.last.shape[1] - 1
        columns += [self.last[window, np.clip(sensor + offset, 0, end)] for offset in BESIDE]
        columns += [self._mean[window], sensor]
        rows = np.empty((len(window), len(columns) + windows.P + OF_STEP), np.float32)
        for index, column in enumerate(columns):
            rows[:, index] = column
        rows[:, len(columns) : -OF_STEP] = (
            inputs - usual
        )  # a tree cannot subtract, and needs many splits to come near it
        self.set_step(rows, window, sensor, step)
        return rows

    def set_step(self, rows: NDArray[np.float32], window: Places, sensor: Places, step: int) -> None:
        """Make the features `rows` of any step those of `step`: only the last OF_STEP of them tell steps apart."""
        target = self._windows.starts[window] + self._windows.P + step
        rows[:, -4] = self._windows.usual[target, sensor]
        rows[:, -3] = self._windows.time[target]
        rows[:, -2] = self._windows.day[target]
        rows[:, -1] = self.regression[window, step, sensor] - self.last[window, sensor]

    def usual(self, window: Places, sensor: Places, step: int) -> Array:
        """The usual values at the time of `step`, of pairs of any shape that `window` and `sensor` broadcast to."""
        windows = self._windows
        values: Array = windows.usual[windows.starts[window] + windows.P + step, sensor]
        return values

    def _inputs(self, window: Places, sensor: Places) -> Array:
        """Filled inputs (..., P) of pairs of any shape that `window` and `sensor` broadcast to."""
        windows = self._windows
        rows = windows.starts[window][..., np.newaxis] + np.arange(windows.P)
        places = (rows, np.asarray(sensor)[..., np.newaxis])
        return fill_inputs(windows.readings[places], windows.usual[places])
