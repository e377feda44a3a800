"""Does an ensemble pay where it was not chosen? Answered on the validation part alone (pure).

The windows are cut in time into blocks. Each block is forecast with weights that were chosen on the others, without the
windows that share a reading with it (purged cross-validation). So every window is scored, and none was chosen on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.ensemble.select import step_weights
from gman_search.metrics import mean_of_steps, scores_by_step
from gman_search.record import EnsembleCheck

__all__ = ["Choice", "choose", "folds", "mean_error", "weighted"]

BLOCKS = 4

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Choice:
    """Weights (Q, M) of the forecasters that were offered, their MAE on the windows they were chosen on, and the check.

    Where the ensemble did not pay, one forecaster has all the weight.
    """

    weights: Array
    val_mae: float
    check: EnsembleCheck


def choose(names: Sequence[str], truth: Array, forecasts: Array, starts: NDArray[np.integer], span: int) -> Choice:
    """Weights for forecasts (M, W, Q, N) of the readings (W, Q, N), and whether they pay.

    Args:
        names: of the M forecasters.
        truth: readings; 0 is missing.
        forecasts: in the same unit.
        starts: (W,), first rows of the windows, ascending.
        span: rows of a window, P + Q.
    """
    alone = [mean_error(truth, forecast) for forecast in forecasts]
    best = int(np.nanargmin(alone)) if np.isfinite(alone).any() else 0
    single = np.zeros((truth.shape[1], len(names)))
    single[:, best] = 1.0
    parts = folds(starts, span)
    ensemble, beside = (float("nan"),) * 2 if parts is None else _crossed(truth, forecasts, parts)
    used = len(names) > 1 and ensemble < beside
    weights = step_weights(truth, forecasts) if used else single
    check = EnsembleCheck(ensemble=ensemble, single=beside, single_name=names[best], used=used)
    return Choice(weights, mean_error(truth, weighted(forecasts, weights)), check)


def folds(starts: NDArray[np.integer], span: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]] | None:
    """For each block the numbers of the windows to choose on and of those to score, which share no row.

    None where the part is too short: no window would be left to choose on.
    """
    result = []
    for scored in np.array_split(np.arange(len(starts)), BLOCKS):
        if not len(scored):
            return None
        first, end = int(starts[scored[0]]), int(starts[scored[-1]]) + span
        chosen_on = np.flatnonzero((starts + span <= first) | (starts >= end))
        if not len(chosen_on):
            return None
        result.append((chosen_on, scored))
    return result


def weighted(forecasts: Array, weights: Array) -> Array:
    """The ensemble's forecast (W, Q, N) from those of its members (M, W, Q, N) and weights (Q, M)."""
    total = np.zeros(forecasts.shape[1:])
    for member, forecast in enumerate(forecasts):
        if weights[:, member].any():
            total += weights[:, member][:, np.newaxis] * forecast
    return total.astype(np.float32)


def mean_error(truth: Array, forecast: Array) -> float:
    """Mean of the steps' masked MAE."""
    return mean_of_steps(scores_by_step(truth, forecast)).mae


def _crossed(
    truth: Array, forecasts: Array, parts: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> tuple[float, float]:
    """MAE of the ensembles, and of the single forecasters, that were chosen without what they forecast."""
    ensemble, single = np.empty_like(truth), np.empty_like(truth)
    for chosen_on, scored in parts:
        weights = step_weights(truth[chosen_on], forecasts[:, chosen_on])
        ensemble[scored] = weighted(forecasts[:, scored], weights)
        errors = [mean_error(truth[chosen_on], forecast[chosen_on]) for forecast in forecasts]
        best = int(np.nanargmin(errors)) if np.isfinite(errors).any() else 0
        single[scored] = forecasts[best, scored]
    return mean_error(truth, ensemble), mean_error(truth, single)
