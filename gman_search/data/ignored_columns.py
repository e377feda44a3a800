"""Columns that are no sensors: those that the user leaves out, and those that look like it (pure)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from gman_search.data.tables.known_names import NO_READINGS
from gman_search.errors import DataError
from gman_search.missing import is_observed

__all__ = ["kept_columns", "no_sensors_note"]

LEAST_ROWS = 48
"""Fewer rows may be alike, or count up, by chance."""
SHOWN = 8


def kept_columns(path: Path, names: Sequence[str], patterns: Sequence[str], *, strict: bool) -> list[int]:
    """Positions of the columns that no pattern of `data.ignore_columns` names; capital letters make no difference.

    With `strict`, every pattern must name one: the file is that of the training, where a misspelt pattern would let
    the column in.

    Raises:
        DataError: a pattern that names no column, or patterns that leave none.
    """
    lower = [" ".join(name.strip().lower().split()) for name in names]
    for pattern in patterns:
        if strict and not any(_named(name, pattern) for name in lower):
            raise DataError(
                f"{path}: expected data.ignore_columns to name columns; {pattern!r} is none of {_listed(names)}"
            )
    kept = [index for index, name in enumerate(lower) if not any(_named(name, pattern) for pattern in patterns)]
    if names and not kept:
        raise DataError(f"{path}: expected columns of readings; data.ignore_columns leaves out all {len(names)}")
    return kept


def no_sensors_note(values: np.ndarray, times: np.ndarray, names: Sequence[str]) -> tuple[str, ...]:
    """A note on columns that look like no sensors.

    Args:
        values: (S, N), 0 or NaN for missing.
        times: (S,) datetime64, one of each row.
        names: of the N columns.
    """
    found = {name: why for name, why in zip(names, _reasons(values, times, names), strict=True) if why}
    if not found or len(found) == len(names):
        return ()
    shown = list(found)[:SHOWN]
    told = ", ".join(f"{name!r} ({found[name]})" for name in shown) + (", ..." if len(found) > SHOWN else "")
    listed = ", ".join(f'"{name}"' for name in shown)
    return (
        f"{len(found)} columns do not look like sensors, and are forecast like sensors: {told}: leave them out with "
        f"data.ignore_columns = [{listed}]",
    )


def _named(name: str, pattern: str) -> bool:
    return name == pattern.strip().lower() or fnmatchcase(name, pattern.strip().lower())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _reasons(values: np.ndarray, times: np.ndarray, names: Sequence[str]) -> list[str]:
    by_name = ["its name" if any(_named(name.strip().lower(), one) for one in NO_READINGS) else "" for name in names]
    if len(values) < LEAST_ROWS:
        return by_name
    clocks = _calendar(times)
    return [why or _by_content(values[:, index], clocks) for index, why in enumerate(by_name)]


def _calendar(times: np.ndarray) -> dict[str, np.ndarray]:
    minutes = times.astype("datetime64[m]").astype(np.int64)
    days, months = times.astype("datetime64[D]"), times.astype("datetime64[M]")
    weekday = (days.astype(np.int64) + 3) % 7
    return {
        "the hour": minutes % 1440 // 60,
        "the weekday": weekday,
        "the weekday from 1": weekday + 1,
        "the weekday from Sunday": (weekday + 1) % 7,
        "the day of the month": (days - months).astype(np.int64) + 1,
        "minutes of the day": minutes % 1440,
        "counts up": np.arange(len(times)),
    }


def _by_content(column: np.ndarray, calendar: dict[str, np.ndarray]) -> str:
    seen = is_observed(column)
    if seen.sum() < LEAST_ROWS // 2:
        return ""
    readings = column[seen]
    if (readings == readings[0]).all():
        return "one number in all rows"
    for why, clock in calendar.items():
        if clock[seen][0] == readings[0] and (clock[seen] == readings).all():
            return why
        if why == "counts up" and (readings - readings[0] == clock[seen] - clock[seen][0]).all():
            return why
    return ""
