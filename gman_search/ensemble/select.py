"""Weights of an ensemble by greedy selection with replacement (Caruana et al. 2004), for each forecast step (pure).

Selection begins with the best forecaster and adds, round by round, the one that lowers the error of the mean most; one
that is added twice counts twice. Each step chooses for itself: drawing its weights towards those of all
steps, and more rounds, brought nothing that holds on both networks tried (docs/decisions/0016-ensemble.md).
"""

import numpy as np
from numpy.typing import NDArray

from gman_search.missing import is_observed

__all__ = ["MOST_MEMBERS", "greedy", "pruned", "step_weights"]

ROUNDS = 25
READINGS = 300_000
"""Readings that a selection looks at, at most; spread evenly over the windows."""
MOST_MEMBERS = 8
LEAST_WEIGHT = 0.02
"""Members of less mean weight are dropped: each costs the time of a forecast."""

Array = NDArray[np.floating]


def step_weights(truth: Array, forecasts: Array, *, rounds: int = ROUNDS) -> Array:
    """Weights (Q, M), rows add up to 1, of forecasts (M, W, Q, N) for readings (W, Q, N); 0 is missing.

    A step without any reading takes the mean weights of the others.
    """
    errors = [_errors(truth[:, step], forecasts[:, :, step]) for step in range(truth.shape[1])]
    own = [greedy(each, rounds) if each.shape[1] else None for each in errors]
    chosen = [weights for weights in own if weights is not None]
    if not chosen:
        return np.full((len(errors), len(forecasts)), 1 / len(forecasts))
    mean = np.mean(chosen, axis=0)
    return pruned(np.stack([mean if weights is None else weights for weights in own]))


def greedy(errors: Array, rounds: int = ROUNDS) -> Array:
    """Weights (M,) of forecasters with errors (M, R), forecast less reading; those of the best round.

    A mean of forecasts has the mean of their errors, so that one addition and one sum tell what a member would bring.
    """
    total, counts = np.zeros_like(errors[0]), np.zeros(len(errors))
    best, least = counts, np.inf
    for size in range(1, rounds + 1):
        found = [float(np.abs(total + each).mean(dtype=np.float64)) / size for each in errors]
        chosen = int(np.argmin(found))
        total = total + errors[chosen]
        counts[chosen] += 1
        if found[chosen] < least:
            best, least = counts.copy(), found[chosen]
    return np.asarray(best / max(best.sum(), 1.0))


def pruned(weights: Array, most: int = MOST_MEMBERS, least: float = LEAST_WEIGHT) -> Array:
    """Weights (Q, M) of the `most` members of the largest mean weight, none below `least`; rows add up to 1 again.

    A step all of whose members were dropped takes the mean weights.
    """
    mean = weights.mean(axis=0)
    kept = np.argsort(-mean, kind="stable")[:most]
    stays = np.zeros(len(mean), dtype=bool)
    stays[kept[mean[kept] >= least]] = True
    if not stays.any():
        stays[kept[0]] = True
    left = np.where(stays, weights, 0.0)
    left = np.where(left.sum(axis=1, keepdims=True) > 0, left, np.where(stays, mean, 0.0))
    return np.asarray(left / left.sum(axis=1, keepdims=True))


def _errors(truth: Array, forecasts: Array) -> Array:
    """Errors (M, R) at some of the readings of (W, N) that were observed, evenly spread."""
    observed = np.flatnonzero(is_observed(truth))
    if len(observed) > READINGS:
        observed = observed[np.linspace(0, len(observed) - 1, READINGS).astype(int)]
    flat = forecasts.reshape(len(forecasts), -1)
    return np.asarray(flat[:, observed] - truth.ravel()[observed], dtype=np.float32)
