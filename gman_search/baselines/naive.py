"""Naive forecasts: the last reading stays, or the sensor reads what it usually does (pure)."""

import numpy as np
from numpy.typing import NDArray

from gman_search.data.window_set import WindowSet
from gman_search.missing import is_observed

__all__ = ["historical_average", "persistence", "persistence_mae"]

WINDOWS_AT_ONCE = 512


def persistence(windows: WindowSet) -> NDArray[np.float32]:
    """The last observed reading of each window, for all steps (W, Q, N); the task's mean where there is none."""
    return np.repeat(windows.last[:, np.newaxis], windows.Q, axis=1).astype(np.float32)


def persistence_mae(windows: WindowSet) -> float:
    """MAE of persistence over all observed targets, some windows at a time; NaN where there is no target."""
    total, count = 0.0, 0
    for first in range(0, len(windows), WINDOWS_AT_ONCE):
        some = windows.take(slice(first, first + WINDOWS_AT_ONCE))
        targets = some.targets
        observed = is_observed(targets)
        errors = np.abs(targets - some.last[:, np.newaxis])
        total += float(errors.sum(where=observed, dtype=np.float64))
        count += int(np.count_nonzero(observed))
    return total / count if count else float("nan")


def historical_average(windows: WindowSet) -> NDArray[np.float32]:
    """The usual value at each step to be forecast (W, Q, N); see `gman_search.data.usual`."""
    return np.asarray(windows.usual[windows.future], dtype=np.float32)
