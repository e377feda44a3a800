"""Missing readings filled: those of a series, normalised, as GMAN takes them, and those of windows (pure)."""

import math

import numpy as np
from numpy.typing import NDArray

from gman_search.data.column_blocks import column_blocks
from gman_search.missing import is_observed

__all__ = ["fill_inputs", "fill_missing"]

Array = NDArray[np.floating]


def fill_missing(values: np.ndarray, mean: float, std: float, rule: str) -> np.ndarray:
    """Normalised readings (S, N) with missing ones (0 or NaN) filled from the past only.

    `rule` "last": the sensor's last observed reading, the mean before any; "mean": the mean; "zero": a reading of 0,
    as in the original.
    """
    result = np.empty(values.shape, np.float32)
    shape = (len(values), math.prod(values.shape[1:]))
    flat, filled = values.reshape(shape), result.reshape(shape)
    for columns in column_blocks(*flat.shape):
        filled[:, columns] = _filled(flat[:, columns], mean, std, rule)
    return result


def _filled(values: np.ndarray, mean: float, std: float, rule: str) -> np.ndarray:
    """As `fill_missing`, of some sensors."""
    if rule == "zero":
        return ((values - mean) / std).astype(np.float32)
    observed = is_observed(values)
    # The mean is rounded to the readings' precision, so that a filled reading is exactly what an observed one would be.
    average = values.dtype.type(mean) if np.issubdtype(values.dtype, np.floating) else mean
    if rule == "last":
        rows = np.where(observed, np.arange(len(values))[:, np.newaxis], -1)
        last = np.maximum.accumulate(rows, axis=0)
        filled = np.where(last < 0, average, np.take_along_axis(values, np.maximum(last, 0), axis=0))
    else:
        filled = np.where(observed, values, average)
    return ((filled - mean) / std).astype(np.float32)


def fill_inputs(readings: Array, usual: Array) -> Array:
    """Readings (..., P) of one sensor each, 0 for missing, without gaps.

    A missing reading is the last observed one before it in the window; before the first observed one, the mean of the
    window's observed readings; in a window without any, the usual value.

    Args:
        readings: (..., P), earliest first.
        usual: (..., P), usual values at the same times.
    """
    observed = is_observed(readings)
    if observed.all():
        return readings
    place = np.maximum.accumulate(np.where(observed, np.arange(readings.shape[-1]), -1), axis=-1)
    filled = np.take_along_axis(readings, np.maximum(place, 0), axis=-1)
    count = observed.sum(axis=-1, keepdims=True)
    mean = readings.sum(axis=-1, keepdims=True, dtype=np.float64) / np.maximum(count, 1)
    before = np.where(count > 0, mean, usual)
    return np.where(place >= 0, filled, before).astype(readings.dtype)
