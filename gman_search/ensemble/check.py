"""Does an ensemble pay where it was not chosen? Answered on the validation part alone (pure).

The windows are cut in time into blocks; every other block is one half. Windows that reach over the end of their block
are left out, so that the halves share no reading. Weights chosen on one half are scored on the other, both ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gman_search.ensemble.select import step_weights
from gman_search.record import EnsembleCheck
from gman_search.training.metrics import mean_of_steps, scores_by_step

__all__ = ["Choice", "choose", "halves", "mean_error", "weighted"]

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
    both = halves(starts, span)
    scores = [] if both is None else [_crossed(truth, forecasts, one, other) for one, other in (both, both[::-1])]
    ensemble = fmean(found for found, _ in scores) if scores else float("nan")
    beside = fmean(found for _, found in scores) if scores else float("nan")
    used = len(names) > 1 and ensemble < beside
    weights = step_weights(truth, forecasts) if used else single
    check = EnsembleCheck(ensemble=ensemble, single=beside, single_name=names[best], used=used)
    return Choice(weights, mean_error(truth, weighted(forecasts, weights)), check)


def halves(starts: NDArray[np.integer], span: int) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Numbers of the windows of each half, which share no row; none where the part is too short for two blocks."""
    rows = int(starts[-1]) + span - int(starts[0])
    for blocks in range(BLOCKS, 1, -2):
        edges = int(starts[0]) + np.linspace(0, rows, blocks + 1).astype(int)
        block = np.searchsorted(edges, starts, side="right") - 1
        whole = starts + span <= edges[np.minimum(block + 1, blocks)]
        both = tuple(np.flatnonzero(whole & (block % 2 == half)) for half in (0, 1))
        if all(len(half) for half in both):
            return both[0], both[1]
    return None


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


def _crossed(truth: Array, forecasts: Array, one: NDArray[np.intp], other: NDArray[np.intp]) -> tuple[float, float]:
    """MAE on the windows `other` of the ensemble and of the single forecaster that were chosen on `one`."""
    weights = step_weights(truth[one], forecasts[:, one])
    best = int(np.argmin([mean_error(truth[one], forecast[one]) for forecast in forecasts]))
    return mean_error(truth[other], weighted(forecasts[:, other], weights)), mean_error(
        truth[other], forecasts[best][other]
    )
