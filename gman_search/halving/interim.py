"""When a search that goes on delivers again what it has so far (pure)."""

from collections.abc import Iterable
from math import isfinite

from gman_search.halving.evaluations import Evaluation

__all__ = ["NOISE", "PROMISING", "SHARE", "is_better", "is_due", "promising"]

SHARE = 0.05
"""Of the processors' time in a search, at most this part goes into deliveries on the way."""
PROMISING = 1.1
"""An evaluation whose validation MAE is more times that of what is delivered lowers it by less than the noise."""
NOISE = 0.003
"""An ensemble whose validation MAE is less than this part lower is no better: as much comes from the choice alone."""


def is_better(found: float, delivered: float | None) -> bool:
    """Whether an ensemble of validation MAE `found` replaces the delivered one; None: nothing is delivered yet.

    Example:
        >>> is_better(3.2, 3.3), is_better(3.299, 3.3), is_better(3.3, None)
        (True, False, True)
    """
    return isfinite(found) and (delivered is None or not isfinite(delivered) or found < delivered * (1 - NOISE))


def promising(rows: Iterable[Evaluation], delivered: float | None) -> list[Evaluation]:
    """Those of the evaluations that are worth a look, where an ensemble of validation MAE `delivered` is delivered."""
    if delivered is None or not isfinite(delivered):
        return list(rows)
    return [row for row in rows if row.val_mae is not None and row.val_mae <= PROMISING * delivered]


def is_due(now: float, last: float | None, seconds: float, cores: int = 1) -> bool:
    """Whether it is time for the next delivery.

    Args:
        now: seconds on any clock.
        last: when the last one ended, on the same clock; None: there was none.
        seconds: of a processor that it took.
        cores: that the search has.

    Example:
        >>> is_due(100.0, None, 0.0), is_due(100.0, 95.0, 2.0), is_due(140.0, 95.0, 2.0)
        (True, False, True)
    """
    return last is None or now - last >= seconds / (SHARE * cores)
