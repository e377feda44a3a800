"""Linear regression on deviations from the usual value, in closed form (pure).

After "HA + linear regression" of arXiv 2203.02954: the deviation of a reading from the sensor's usual value, regressed
on the deviations of the window's inputs. Each step and each sensor has its own coefficients, and one more input is how
much the usual value changes until the target: where usual values are of few days, they are trusted less. Of the forms
tried on the validation parts of four networks this had the least errors, with ridge towards coefficients shared by all
sensors for those with few readings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.data.fill import fill_inputs
from gman_search.data.window_set import WindowSet
from gman_search.missing import is_observed

__all__ = ["Coefficients", "Sums", "chunks", "fit_coefficients", "forecast_deviations", "sums_of", "thinned"]

ROWS_AT_ONCE = 100_000
"""Pairs of a window and a sensor that are in memory at a time."""
MAX_ROWS = 2_000_000
"""More pairs are thinned out evenly over the training part."""
RIDGE = 1e-3
"""Drawn towards 0 by this share of the inputs' mean square."""
PRIOR_ROWS = 200
"""A sensor's coefficients are drawn towards the shared ones as if it had so many windows more, of all sensors."""

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Coefficients:
    """`table` (Q, N, P + 2): of the inputs' deviations, the change of the usual value, and the intercept."""

    table: Array


@dataclass(frozen=True)
class Sums:
    """What coefficients follow from: `gram` (Q, N, P + 2, P + 2) and `moment` (Q, N, P + 2). Those of parts add up."""

    gram: Array
    moment: Array

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.gram + other.gram, self.moment + other.moment)

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(self.gram - other.gram, self.moment - other.moment)

    def solved(self) -> Coefficients:
        """Least squares with ridge."""
        return Coefficients(np.stack([_solved(*step) for step in zip(self.gram, self.moment, strict=True)]))


def fit_coefficients(windows: WindowSet) -> Coefficients:
    """Least squares with ridge over all windows with an observed target."""
    return sums_of(thinned(windows)).solved()


def thinned(windows: WindowSet) -> WindowSet:
    """Windows that a fit looks at: all, or evenly spread ones of so many that there are MAX_ROWS pairs at most."""
    stride = max(1, -(-len(windows) * windows.readings.shape[1] // MAX_ROWS))
    return windows.take(slice(None, None, stride))


def sums_of(windows: WindowSet) -> Sums:
    """Sums over all windows with an observed target."""
    sensors, width = windows.readings.shape[1], windows.P + 2
    gram, moment = np.zeros((windows.Q, sensors, width, width)), np.zeros((windows.Q, sensors, width))
    for some in chunks(windows):
        inputs = _inputs(some)  # (N, W, P + 2)
        for step in range(windows.Q):
            _set_step(inputs, some, step)
            rows = some.future[:, step]
            observed = is_observed(some.readings[rows])
            deviations = np.where(observed, some.readings[rows].astype(np.float64) - some.usual[rows], 0.0)
            used = inputs * observed.T[:, :, np.newaxis]
            gram[step] += used.swapaxes(1, 2) @ used
            moment[step] += np.einsum("nwf,wn->nf", used, deviations)
    return Sums(gram, moment)


def _solved(gram: Array, moment: Array) -> Array:
    """Coefficients (N, F) of one step from sums (N, F, F) and (N, F); the intercept is not drawn towards 0."""
    every, rows = gram.sum(axis=0), max(gram[:, -1, -1].sum(), 1.0)
    ridge = np.full(len(every), RIDGE * np.trace(every[:-1, :-1]) / (len(every) - 1))
    ridge[-1] = 0.0
    shared = np.linalg.lstsq(every + np.diag(ridge), moment.sum(axis=0), rcond=None)[0]
    prior = (every + np.diag(ridge)) * (PRIOR_ROWS / rows)
    # Solved by the pseudo-inverse: inputs that never vary leave a matrix without an inverse.
    inverse = np.linalg.pinv(gram + prior, hermitian=True)
    return np.asarray((inverse @ (moment + prior @ shared)[:, :, np.newaxis])[:, :, 0])


def forecast_deviations(coefficients: Coefficients, windows: WindowSet) -> NDArray[np.float32]:
    """Forecasts (W, Q, N): the usual value and the deviation to be expected from it."""
    result = np.empty((len(windows), windows.Q, windows.readings.shape[1]), np.float32)
    done = 0
    for some in chunks(windows):
        inputs = _inputs(some)
        for step in range(windows.Q):
            _set_step(inputs, some, step)
            deviations = np.einsum("nwf,nf->wn", inputs, coefficients.table[step])
            result[done : done + len(some), step] = some.usual[some.future[:, step]] + deviations
        done += len(some)
    return result


def chunks(windows: WindowSet) -> Iterator[WindowSet]:
    """The windows in their order, as many at a time as fit into memory."""
    size = max(1, ROWS_AT_ONCE // windows.readings.shape[1])
    for first in range(0, len(windows), size):
        yield windows.take(slice(first, first + size))


def _inputs(windows: WindowSet) -> Array:
    """Deviations of the inputs, room for the change of the usual value, and a 1 for the intercept (N, W, P + 2)."""
    readings, usual = (array[windows.past].transpose(2, 0, 1) for array in (windows.readings, windows.usual))
    inputs = np.ones((*readings.shape[:2], windows.P + 2))
    inputs[:, :, :-2] = fill_inputs(readings, usual).astype(np.float64) - usual
    return inputs


def _set_step(inputs: Array, windows: WindowSet, step: int) -> None:
    now, then = (windows.usual[rows].astype(np.float64) for rows in (windows.past[:, -1], windows.future[:, step]))
    inputs[:, :, -2] = (then - now).T
