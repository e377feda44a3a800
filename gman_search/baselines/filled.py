"""Inputs of windows with missing readings filled, by one rule in training and forecasting (pure)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_inputs"]

Array = NDArray[np.floating]


def fill_inputs(readings: Array, usual: Array) -> Array:
    """Readings (..., P) of one sensor each, 0 for missing, without gaps.

    A missing reading is the last observed one before it in the window; before the first observed one, the mean of the
    window's observed readings; in a window without any, the usual value.

    Args:
        readings: (..., P), earliest first.
        usual: (..., P), usual values at the same times.
    """
    observed = readings != 0
    if observed.all():
        return readings
    place = np.maximum.accumulate(np.where(observed, np.arange(readings.shape[-1]), -1), axis=-1)
    filled = np.take_along_axis(readings, np.maximum(place, 0), axis=-1)
    count = observed.sum(axis=-1, keepdims=True)
    mean = readings.sum(axis=-1, keepdims=True, dtype=np.float64) / np.maximum(count, 1)
    before = np.where(count > 0, mean, usual)
    return np.where(place >= 0, filled, before).astype(readings.dtype)
