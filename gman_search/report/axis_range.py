"""The part of an axis worth looking at, and fewer points where a screen cannot show them all (pure)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["AxisRange", "axis_range", "downsample"]

Item = TypeVar("Item")


@dataclass(frozen=True)
class AxisRange:
    """Limits of an axis, and how many values lie above them."""

    low: float
    high: float
    beyond: int


def axis_range(values: Iterable[float | None], *, upper: float = 0.95) -> AxisRange | None:
    """Limits from just below the smallest value to the `upper` quantile; None without finite values."""
    known = sorted(value for value in values if value is not None and math.isfinite(value))
    if not known:
        return None
    low, top = known[0], known[min(len(known) - 1, math.ceil(upper * len(known)) - 1)]
    # Where the largest value is close, cutting it off would hide it for nothing.
    if known[-1] - low <= 1.6 * (top - low):
        top = known[-1]
    margin = 0.06 * (top - low) or 0.05 * abs(low) or 1.0
    high = top + margin
    return AxisRange(low - margin, high, sum(value > high for value in known))


def downsample(series: Sequence[Item], limit: int) -> tuple[tuple[Item, ...], int]:
    """Every k-th item, with the last one kept, so that at most about `limit` remain; returns them and k."""
    stride = max(1, -(-len(series) // limit))
    kept = list(series[::stride])
    if stride > 1 and (len(series) - 1) % stride:
        kept.append(series[-1])
    return tuple(kept), stride
