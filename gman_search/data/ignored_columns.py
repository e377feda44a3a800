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
COUNTED = 0.93
"""Share of the steps from one row to the next that are 1, or -1, in a column that counts to 15 or farther."""
SINCE_1970 = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9, "minutes": 1 / 60}
"""What numbers since 1970 count, by how many of it a second has."""
SPREADSHEET_1970 = 25_569
ZONES = 26 * 3600
"""Seconds that such a number may be away from the local time of its row: any zone, or the day without its clock."""


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
    seconds = times.astype("datetime64[s]").astype(np.int64)
    clocks = _calendar(times) if len(values) >= LEAST_ROWS else {}
    return [
        why or _by_content(values[:, index], np.flatnonzero(is_observed(values[:, index])), seconds, clocks)
        for index, why in enumerate(by_name)
    ]


def _calendar(times: np.ndarray) -> dict[str, np.ndarray]:
    minutes = times.astype("datetime64[m]").astype(np.int64)
    days, months = times.astype("datetime64[D]"), times.astype("datetime64[M]")
    weekday = (days.astype(np.int64) + 3) % 7
    hour, years = minutes % 1440 // 60, times.astype("datetime64[Y]")
    step = int(np.diff(minutes).min(initial=1440)) or 1
    number = minutes % 1440 // step
    return {
        "the hour": hour,
        "the hour from 1": hour + 1,
        "the hour to 24": np.where(hour == 0, 24, hour),
        "the minute": minutes % 60,
        "the number of the step in its day": number,
        "the number of the step in its day from 1": number + 1,
        "the number of the step in its day, midnight last": np.where(number == 0, 1440 // step, number),
        "the month": months.astype(np.int64) % 12 + 1,
        "the day of the year": (days - years).astype(np.int64) + 1,
        "the weekday": weekday,
        "the weekday from 1": weekday + 1,
        "the weekday from Sunday": (weekday + 1) % 7,
        "the day of the month": (days - months).astype(np.int64) + 1,
        "minutes of the day": minutes % 1440,
    }


def _as_time(readings: np.ndarray, local: np.ndarray) -> str:
    """Which form of the times of their rows (R,) numbers (R,) are; "" for none. A few rows are enough to know it."""
    if len(readings) < 2 or not readings[0] >= SPREADSHEET_1970:
        return ""
    readings = readings.astype(np.float64)
    for unit, count in SINCE_1970.items():
        if (np.abs(readings / count - local) <= ZONES).all():
            return f"{unit} since 1970"
    is_serial = (np.abs((readings - SPREADSHEET_1970) * 86400 - local) <= ZONES).all()
    return "days as spreadsheets count them" if is_serial else ""


def _by_content(column: np.ndarray, rows: np.ndarray, seconds: np.ndarray, calendar: dict[str, np.ndarray]) -> str:
    """Why the readings of a column, in `rows`, are rather a clock or numbers of rows than readings; "" if not."""
    readings = column[rows]
    if told := _as_time(readings, seconds[rows]):
        return told
    if not calendar or len(rows) < LEAST_ROWS // 2:
        return ""
    if (readings == readings[0]).all():
        return "one number in all rows"
    for why, clock in calendar.items():
        if clock[rows[0]] == readings[0] and (clock[rows] == readings).all():
            return why
    steps = np.diff(readings)[np.diff(rows) == 1]
    if max(np.count_nonzero(steps == 1), np.count_nonzero(steps == -1)) < COUNTED * max(1, len(steps)):
        return ""
    return "counts up" if (readings == np.floor(readings)).all() else ""
