"""What the last part of a search brought: whether more hours would be well spent (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

from gman_search.halving.evaluations import Evaluation, State, contenders

__all__ = ["LateGain", "late_gain"]

FEWEST = 4
"""Evaluations that must have ended; from fewer nothing follows."""
LAST = 1 / 3
LITTLE = 0.005
"""A gain below this part is within what two seeds of one config differ by."""


@dataclass(frozen=True)
class LateGain:
    """How late the best came.

    Args:
        best_after: share of the training time after which the best was found.
        gain: part by which the last third lowered the validation MAE of the best.
    """

    best_after: float
    gain: float

    def sentence(self) -> str:
        """In words, for the end of a report."""
        found = f"The best model was found after {self.best_after:.0%} of the training time"
        gained = f"the last third lowered the validation MAE by {self.gain:.1%}"
        advice = "more hours are likely to help" if self.gain >= LITTLE else "more hours would bring little"
        return f"{found}; {gained}: {advice}."


def late_gain(evaluations: Iterable[Evaluation]) -> LateGain | None:
    """By the times at which the evaluations that can win ended; None where too few have.

    Time counts from the first start to the last end. A search that was resumed counts its pauses as well.
    """
    ended = sorted(
        (float(row.facts["ended"]), row.val_mae, float(row.facts["ended"]) - row.seconds)
        for row in contenders(evaluations)
        if row.state is State.COMPLETE and row.val_mae is not None and "ended" in row.facts
    )
    if len(ended) < FEWEST:
        return None
    began, end = min(start for _, _, start in ended), ended[-1][0]
    if end <= began:
        return None
    best = min(mae for _, mae, _ in ended)
    when = next(time for time, mae, _ in ended if mae == best)
    before = [mae for time, mae, _ in ended if time <= end - LAST * (end - began)]
    gain = (min(before) - best) / min(before) if before else 1.0
    return LateGain((when - began) / (end - began), gain)
