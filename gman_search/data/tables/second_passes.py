"""Rows of a long table in an hour that comes twice, as clocks go back: those of the second pass."""

from collections import Counter

import numpy as np
import pandas as pd

from gman_search.data.time_axis import change_notes, without_repeated_hours

__all__ = ["first_passes"]


def first_passes(times: np.ndarray, sensors: pd.Series, zone: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Which rows are left when those of a second pass are not, and notes on these.

    Each sensor has its own rows in the order of its times, or newest first; where no time of a sensor comes twice, all
    rows are left.

    Args:
        times: (R,) datetime64[s], local.
        sensors: (R,) names.
        zone: of the times, where it is known.
    """
    keep = np.ones(len(times), dtype=bool)
    codes, _ = pd.factorize(sensors)
    if not pd.DataFrame({"time": times, "sensor": codes}).duplicated().any():
        return keep, ()
    changed: Counter[str] = Counter()
    order = np.argsort(codes, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        steps = np.diff(times[rows]).astype(np.int64)
        rising = rows if (steps > 0).sum() >= (steps < 0).sum() else rows[::-1]
        kept, counts = without_repeated_hours(times[rising], zone)
        keep[rising] = False
        keep[rising[kept]] = True
        changed.update(counts)
    return keep, tuple(change_notes(changed))
