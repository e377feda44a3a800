"""Windows of train, validation and test part.

GMAN's split cuts the series by time first and windows it after, so no window crosses a border. DCRNN's windows the
series first and cuts the list of windows; those beside a border share readings, and there are a few more of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.errors import DataError

__all__ = ["SPLIT_RULES", "Part", "cut_windows", "split_series", "window_starts"]

SPLIT_RULES = {
    "gman": "by time, then windows within each part (GMAN's rule)",
    "dcrnn": "windows first, then by time (DCRNN's rule)",
}


@dataclass(frozen=True)
class Part:
    """Rows `first` up to, not including, `end` of the series."""

    name: str
    first: int
    end: int


def cut_windows(
    steps: int, *, history: int, horizon: int, train: float, test: float, rule: str = "gman"
) -> tuple[dict[str, NDArray[np.int32]], tuple[int, int]]:
    """First rows of the windows of each part, and the rows (first, end) that training may see.

    Raises:
        DataError: a part has no room for one window.
    """
    if rule == "gman":
        parts = split_series(steps, train=train, test=test)
        return {part.name: window_starts(part, history, horizon) for part in parts}, (parts[0].first, parts[0].end)
    windows = steps - history - horizon + 1
    cuts = split_series(windows, train=train, test=test)
    for part in cuts:
        if part.end <= part.first:
            raise DataError(
                f"the {part.name} part has no window: expected at least one, received {windows} windows in all: "
                "give a longer series"
            )
    starts = {part.name: np.arange(part.first, part.end, dtype=np.int32) for part in cuts}
    return starts, (0, cuts[0].end + history + horizon - 1)


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
