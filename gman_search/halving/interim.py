"""When a search that goes on delivers again what it has so far (pure)."""

from math import isfinite

__all__ = ["NOISE", "SHARE", "is_better", "is_due"]

SHARE = 0.05
"""Of the time of a search, at most this part goes into deliveries on the way."""
NOISE = 0.003
"""An ensemble whose validation MAE is less than this part lower is no better: as much comes from the choice alone."""


def is_better(found: float, delivered: float | None) -> bool:
    """Whether an ensemble of validation MAE `found` replaces the delivered one; None: nothing is delivered yet.

    Example:
        >>> is_better(3.2, 3.3), is_better(3.299, 3.3), is_better(3.3, None)
        (True, False, True)
    """
    return isfinite(found) and (delivered is None or not isfinite(delivered) or found < delivered * (1 - NOISE))


def is_due(now: float, last: float | None, seconds: float) -> bool:
    """Whether it is time for the next delivery.

    Args:
        now: seconds on any clock.
        last: when the last one ended, on the same clock; None: there was none.
        seconds: how long it took.

    Example:
        >>> is_due(100.0, None, 0.0), is_due(100.0, 95.0, 2.0), is_due(140.0, 95.0, 2.0)
        (True, False, True)
    """
    return last is None or now - last >= seconds / SHARE
