"""Cells of a column as times: ISO, or one other format, whose day and month are told apart by what the file says."""

import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.errors import DataError

__all__ = ["TIME_NAMES", "looks_like_time", "times_of"]

TIME_NAMES = {"", "time", "times", "timestamp", "date", "datetime", "unnamed: 0"}
DAY_OR_MONTH_FIRST = re.compile(r"\s*\d{1,2}([/.-])\d{1,2}\1\d{2,4}\b")
WRITTEN = {False: "month/day/year", True: "day/month/year"}


def times_of(path: Path, cells: pd.Series, line: Callable[[int], object]) -> tuple[np.ndarray, tuple[str, ...]]:
    """A column as times (R,) datetime64[s], and a note where its dates can be read in two ways.

    Raises:
        DataError: with the line of the first cell that is no time, or because they have a time zone.
    """
    try:
        stamps, notes = _parsed(cells)
    except ValueError:
        raise DataError(f"{path}: expected local times without a time zone; received several time zones") from None
    wrong = np.flatnonzero(stamps.isna())
    if len(wrong):
        raise DataError(
            f"{path}, line {line(int(wrong[0]))}: expected a time; received {cells.iloc[wrong[0]]!r}: "
            "write it like 2025-03-03 00:05"
        )
    if getattr(stamps.dt, "tz", None) is not None:
        raise DataError(f"{path}: expected local times without a time zone; received {cells.iloc[0]!r}")
    times: np.ndarray = stamps.to_numpy().astype("datetime64[s]")
    return times, notes


def looks_like_time(cell: str) -> bool:
    """Whether a cell is a time; a reading never is: plain numbers are not tried."""
    if any(sign in cell for sign in "-:/") and not cell.startswith("-"):
        return bool(_parsed(pd.Series([cell]))[0].notna().all())
    return False


def _parsed(cells: pd.Series) -> tuple[pd.Series, tuple[str, ...]]:
    """ISO times, or else times in one format that the first cell suggests; NaT where a cell is no time.

    Raises:
        ValueError: time zones differ from row to row.
    """
    times = pd.to_datetime(cells, format="ISO8601", errors="coerce")
    if not times.isna().any():
        return times, ()
    first = DAY_OR_MONTH_FIRST.match(str(cells.iloc[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it guesses; a wrong guess fails at a later row
        if first is None:
            return pd.to_datetime(cells, errors="coerce"), ()
        read = {day_first: pd.to_datetime(cells, errors="coerce", dayfirst=day_first) for day_first in (False, True)}
    absent = {day_first: int(times.isna().sum()) for day_first, times in read.items()}
    if absent[True] != absent[False] or read[True].equals(read[False]):
        return read[absent[True] < absent[False]], ()
    if first[1] == ".":
        return read[True], ()  # nobody writes 3.31.2025
    jumps = {day_first: _jumps(times) for day_first, times in read.items()}
    if jumps[True] != jumps[False]:
        return read[jumps[True] < jumps[False]], ()
    told = f"dates such as {str(cells.iloc[0])!r} can be read in two ways, and were read as {WRITTEN[False]}"
    return read[False], (f"{told}: if they are {WRITTEN[True]}, write them like {read[True].iloc[0]:%Y-%m-%d}",)


def _jumps(times: pd.Series) -> int:
    """How many of the steps from one time to the next are not the usual one."""
    steps = np.diff(np.unique(times.to_numpy()))
    return int((steps != np.median(steps)).sum()) if len(steps) else 0
