"""Should an evaluation end before its budget is spent? A pure function of learning curves.

The median rule of Golovin et al. 2017 (Vizier, 3.2), on the best value so far: an evaluation whose best MAE is worse
than the median of its stage at the same epoch is unlikely to be promoted.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gman_search.wording import fixed

__all__ = ["FEWEST", "STOPPED", "WARM", "Curve", "StopDecision", "stop_decision"]

WARM = 0.3
"""Share of the epochs that every evaluation gets."""
FEWEST = 8
"""Curves of others that must be known."""
STOPPED = "stopped after epoch"
"""How the reason of an evaluation that was stopped by this rule begins."""


@dataclass(frozen=True)
class Curve:
    """Validation MAE after epochs 1, 2, ...; `whole` if training came to its end and would not have improved.

    `start` is that of a grown model before its first step, by which it is ranked too; infinite for a cold start.
    """

    values: Sequence[float]
    whole: bool = True
    start: float = math.inf

    def best_at(self, epoch: int) -> float:
        """The least value up to an epoch, the start among them; not a number where the curve does not say."""
        if not self.values or (epoch > len(self.values) and not self.whole):
            return math.nan
        return min(self.start, *self.values[:epoch])


@dataclass(frozen=True)
class StopDecision:
    """Why an evaluation should end: its best validation MAE so far is above `limit`, of `others` at this `epoch`."""

    epoch: int
    best: float
    limit: float
    others: int

    def __str__(self) -> str:
        return (
            f"{STOPPED} {self.epoch}: {fixed(self.best)}, above the median {fixed(self.limit)} of "
            f"{self.others} others by then"
        )


def stop_decision(curve: Curve, others: Iterable[Curve], epochs: int, *, share: float = 0.5) -> StopDecision | None:
    """Whether an evaluation should end here; None: it goes on.

    Args:
        curve: its own so far.
        others: curves of finished evaluations of its stage.
        epochs: its budget.
        share: of the curves, itself among them, that may go on.
    """
    epoch = len(curve.values)
    if epoch < math.ceil(WARM * epochs) or epoch >= epochs:
        return None
    known = [best for other in others if math.isfinite(best := other.best_at(epoch))]
    if len(known) < FEWEST:
        return None
    own = curve.best_at(epoch)
    limit = float(np.quantile([*known, own], share))
    return StopDecision(epoch, own, limit, len(known)) if own > limit else None
