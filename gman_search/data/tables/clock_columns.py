"""Columns that count the times of a day next to dates, and name no sensors (pure)."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.tables.known_names import CLOCK_NAMES, HOUR_NAMES, MINUTE_NAMES
from gman_search.errors import DataError

__all__ = ["looks_like_clock", "refuse_clock"]

WORDS = re.compile(r"interval|period|slot|minute|hour|clock|uhrzeit|stunde|time_of_day|tod|heure|hora")
COUNTS = (24, 48, 96, 144, 288, 1440)
"""Parts of a day that files count."""


def looks_like_clock(name: str, cells: pd.Series, *, days: bool) -> bool:
    """Whether a column has a clock's name or, where the times are `days` alone, counts the parts of a day.

    Parts may be whole numbers from 0 or 1 on, minutes or seconds since midnight, or fractions of a day.
    """
    known = " ".join(name.strip().lower().split())
    if known in CLOCK_NAMES | HOUR_NAMES | MINUTE_NAMES or WORDS.search(known):
        return True
    numbers = pd.to_numeric(pd.Series(pd.unique(cells)), errors="coerce").to_numpy(dtype=float)
    if not days or len(numbers) not in COUNTS or np.isnan(numbers).any():
        return False
    steps = np.diff(np.sort(numbers))
    return bool(np.allclose(steps, steps[0], rtol=1e-3) and numbers.min() <= 1)


def refuse_clock(
    path: Path, times: np.ndarray, sensors: pd.Series, columns: Sequence[tuple[str, pd.Series]], *, days: bool
) -> None:
    """Refuse a long table whose sensors have several rows at a time, which a column that is not read tells apart.

    Args:
        path: the file, for messages.
        times: (R,), as they were read.
        sensors: (R,) names.
        columns: names and cells of the columns that are neither.
        days: whether the times are dates alone.

    Raises:
        DataError: such a column looks like a clock.
    """
    if not pd.DataFrame({"time": times, "sensor": sensors.to_numpy()}).duplicated().any():
        return
    clocks = [name for name, cells in columns if looks_like_clock(name, cells, days=days)]
    if clocks:
        raise DataError(
            f"{path}: expected one row of each sensor and time; received several, where {clocks[0]!r} looks like a "
            "clock: write dates and times of day into one column, like 2025-03-03 00:05"
        )
