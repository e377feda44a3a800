"""Refitting what the output makes of the shortcuts, in closed form, when a training has ended.

Adam moves the coefficients of the output by about the learning rate a step, and in a short training they do not get
far: one step ahead a full model of the demo had 2.68 mph where persistence has 2.26. For given weights the best
coefficients of a step are a regression of six numbers on the training windows, by least absolute errors as the loss has
them. With it, the same model had 2.22 mph.
"""

import numpy as np
from numpy.typing import NDArray

from gman_search.data.task import ForecastDataset
from gman_search.missing import is_observed
from gman_search.model.shortcut_weights import COEFFICIENTS, NUMBERS

__all__ = ["refitted"]

ROUNDS = 15
LEAST_ERROR = 0.02
"""Errors below it, in standard deviations of the readings, weigh the same."""
RIDGE = 1e-5
WINDOWS = 1500

Array = NDArray[np.floating]


def refitted(task: ForecastDataset, coefficients: Array, starts: NDArray[np.integer], forecast: Array) -> Array:
    """The best coefficients (Q, 6) for windows (W,) of the training part, and a network that stays as it is.

    Args:
        task: readings and usual values.
        coefficients: (Q, 6), with which `forecast` was made.
        starts: first rows of the windows.
        forecast: (W, Q, N) in the data's unit.
    """
    readings = task.inputs if task.inputs.ndim == 2 else task.inputs[..., 0]
    window = readings[starts[:, np.newaxis] + np.arange(task.P)]  # (W, P, N)
    now = (task.usual_rows[starts + task.P - 1] - task.mean) / task.std
    result = coefficients.astype(np.float64)
    for step in range(task.Q):
        rows = starts + task.P + step
        observed = is_observed(task.targets[rows])
        if observed.sum() <= COEFFICIENTS:
            continue
        then = (task.usual_rows[rows] - task.mean) / task.std
        ours = (forecast[:, step] - task.mean) / task.std
        numbers = np.stack([window[:, -1], then, now, window.mean(axis=1), np.ones_like(now), ours], axis=-1)
        error = (task.targets[rows] - task.mean) / task.std - ours
        change = _least_absolute(numbers[observed].astype(np.float64), error[observed].astype(np.float64))
        # (1 + g) output + c z + o becomes (1 + g') ((1 + g) output + c z + o) + c' z + o'.
        gain = change[NUMBERS + 1]
        result[step, :-1] = (1 + gain) * result[step, :-1] + change[:-1]
        result[step, -1] = (1 + gain) * (1 + result[step, -1]) - 1
    return result.astype(np.float32)


def _least_absolute(numbers: Array, target: Array) -> Array:
    """Coefficients (k,) of `numbers` (R, k) of about the least sum of absolute errors, by reweighted least squares."""
    weights = np.ones(len(target))
    found: Array = np.zeros(numbers.shape[1])
    for _ in range(ROUNDS):
        weighted = numbers * weights[:, np.newaxis]
        normal = weighted.T @ numbers
        normal += RIDGE * np.trace(normal) * np.eye(len(normal)) / len(normal)
        found = np.linalg.solve(normal, weighted.T @ target)
        weights = 1 / np.maximum(np.abs(target - numbers @ found), LEAST_ERROR)
    return found
