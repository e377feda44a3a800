"""GMAN's split: the series is cut by time first and windowed after, so no window crosses a border."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.errors import DataError

__all__ = ["Part", "split_series", "window_starts"]


@dataclass(frozen=True)
class Part:
    """Rows `first` up to, not including, `end` of the series."""

    name: str
    first: int
    end: int


def split_series(steps: int, *, train: float, test: float) -> tuple[Part, Part, Part]:
    """Train, validation and test part of a series of `steps` rows; rounding as in the original."""
    train_steps, test_steps = round(train * steps), round(test * steps)
    return (
        Part("train", 0, train_steps),
        Part("val", train_steps, steps - test_steps),
        Part("test", steps - test_steps, steps),
    )


def window_starts(part: Part, history: int, horizon: int) -> NDArray[np.int32]:
    """First row of every window of P + Q rows inside `part`.

    Raises:
        DataError: the part is shorter than one window.
    """
    count = part.end - part.first - history - horizon + 1
    if count < 1:
        raise DataError(
            f"the {part.name} part is too short: expected at least P + Q = {history + horizon} rows for one window, "
            f"received {part.end - part.first}: give a longer series"
        )
    return np.arange(part.first, part.first + count, dtype=np.int32)
