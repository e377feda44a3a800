"""Linear regression on deviations from the usual value, in closed form (pure).

After "HA + linear regression" of arXiv 2203.02954: the deviation of a reading from the sensor's usual value, regressed
on the deviations of the window's inputs. Each step has its own coefficients.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.baselines.filled import fill_inputs
from gman_search.data.window_set import WindowSet

__all__ = ["Coefficients", "fit_coefficients", "forecast_deviations"]

ROWS_AT_ONCE = 200_000
"""Pairs of a window and a sensor that are in memory at a time."""
MAX_ROWS = 2_000_000
"""More pairs are thinned out evenly over the training part."""
RIDGE = 1e-3
"""Added to the diagonal for each row, as a share of the inputs' mean square."""

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Coefficients:
    """`table` (Q, P + 1), the intercept last, in the data's unit; equal for all sensors."""

    table: Array


def fit_coefficients(windows: WindowSet) -> Coefficients:
    """Least squares with a small ridge over all windows, sensors and observed targets."""
    sensors, width = windows.readings.shape[1], windows.P + 1
    stride = max(1, -(-len(windows) * sensors // MAX_ROWS))
    gram, moment = np.zeros((windows.Q, width, width)), np.zeros((windows.Q, width))
    for some in _chunks(windows.take(slice(None, None, stride))):
        inputs = _inputs(some)  # (W, N, P + 1)
        targets = some.targets.astype(np.float64)
        observed = targets != 0
        deviations = np.where(observed, targets - some.usual[some.future], 0.0)
        for step in range(windows.Q):
            used = inputs[observed[:, step]]
            gram[step] += used.T @ used
            moment[step] += used.T @ deviations[:, step][observed[:, step]]
    return Coefficients(np.stack([_solved(*sums) for sums in zip(gram, moment, strict=True)]))


def _solved(gram: Array, moment: Array) -> Array:
    """Coefficients (P + 1,); the intercept, whose input is 1, is not drawn towards 0."""
    penalty = np.full(len(gram), RIDGE * np.trace(gram[:-1, :-1]) / (len(gram) - 1))
    penalty[-1] = 0.0
    solution: Array = np.linalg.lstsq(gram + np.diag(penalty), moment, rcond=None)[0]
    return solution


def forecast_deviations(coefficients: Coefficients, windows: WindowSet) -> NDArray[np.float32]:
    """Forecasts (W, Q, N): the usual value and the deviation that the inputs let expect."""
    result = np.empty((len(windows), windows.Q, windows.readings.shape[1]), np.float32)
    done = 0
    for some in _chunks(windows):
        deviations = np.einsum("wnp,qp->wqn", _inputs(some), coefficients.table)
        result[done : done + len(some)] = some.usual[some.future] + deviations
        done += len(some)
    return result


def _chunks(windows: WindowSet) -> Iterator[WindowSet]:
    size = max(1, ROWS_AT_ONCE // windows.readings.shape[1])
    for first in range(0, len(windows), size):
        yield windows.take(slice(first, first + size))


def _inputs(windows: WindowSet) -> Array:
    """Deviations of the inputs, and a 1 for the intercept (W, N, P + 1)."""
    readings, usual = (array[windows.past].swapaxes(1, 2) for array in (windows.readings, windows.usual))
    deviations = fill_inputs(readings, usual).astype(np.float64) - usual
    return np.concatenate([deviations, np.ones((*deviations.shape[:2], 1))], axis=2)
