"""A long table: one row a reading, with its time, its sensor and its value."""

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.readings import Readings, check_names
from gman_search.data.size_limits import check_size
from gman_search.data.tables.clock_columns import looks_like_clock
from gman_search.data.tables.known_names import LATITUDES, LONGITUDES, ROW_NUMBERS, SENSOR_NAMES
from gman_search.data.tables.numbers import ADD_HEADER
from gman_search.errors import DataError
from gman_search.reading_options import CHOOSE_CHANNEL

__all__ = ["chosen_value", "long_suspicion", "sensor_column", "spread"]

NO_VALUES = LATITUDES | LONGITUDES | ROW_NUMBERS
LEAST_REPEATED = 1.2
"""Rows of each time in a long table, at least; nights when clocks change repeat far fewer."""
FULL = 0.5
"""Share of all pairs of time and sensor that a long table has, at least."""
FEW = 8
SHOWN = 3


def sensor_column(path: Path, names: Sequence[str], wish: str | None) -> int | None:
    """Position of the column that names the sensors, or None where none is known to.

    Args:
        path: the file, for messages.
        names: of all columns.
        wish: what the user calls it (`data.sensor_column`).

    Raises:
        DataError: there is no column of the name wished for, or several are known to name sensors.
    """
    known = [" ".join(name.strip().lower().split()) for name in names]
    if wish is not None:
        exact = [index for index, name in enumerate(names) if name.strip() == wish.strip()]
        found = exact or [index for index, name in enumerate(known) if name == wish.strip().lower()]
        if len(found) != 1:
            near = difflib.get_close_matches(wish, names, n=3)
            told = f"near it: {', '.join(near)}" if near else f"it has {', '.join(names[:8])}"
            raise DataError(f"{path}: expected a column {wish!r}, as data.sensor_column says; received none; {told}")
        return found[0]
    found = [index for index, name in enumerate(known) if name in SENSOR_NAMES]
    if len(found) > 1:
        listed = " and ".join(repr(names[index]) for index in found[:SHOWN])
        raise DataError(
            f"{path}: expected one column that names the sensors; received {listed}: choose one, such as "
            f'data.sensor_column = "{names[found[0]]}"'
        )
    return found[0] if found else None


def chosen_value(
    path: Path, names: Sequence[str], candidates: Sequence[int], channel: int | str | None
) -> tuple[int, tuple[str, ...]]:
    """Position of the column of values, and a note on those that were passed over without being asked.

    Args:
        path: the file, for messages.
        names: of all columns.
        candidates: positions of columns of numbers that are neither time nor sensor.
        channel: the user's choice, by name or by number among the candidates.

    Raises:
        DataError: several columns may be the value and `channel` chooses none.
    """
    known = [name.strip().lower() for name in names]
    if channel is not None:
        wanted = str(channel).strip().lower()
        chosen = [index for index in candidates if known[index] == wanted]
        if not chosen and wanted.isdecimal() and int(wanted) < len(candidates):
            chosen = [candidates[int(wanted)]]
        left: list[int] = []
    else:
        chosen = [index for index in candidates if known[index] not in NO_VALUES]
        left = [index for index in candidates if known[index] in NO_VALUES]
    if len(chosen) != 1:
        offered = ", ".join(names[index] for index in (chosen or candidates))
        raise DataError(
            f"{path}: expected one column of values besides time and sensor; received {offered or 'none'}: "
            f"{CHOOSE_CHANNEL}"
        )
    passed = ", ".join(names[index] or "without a name" for index in left)
    note = (f"columns {passed} are not read as readings",) if left else ()
    return chosen[0], note


def long_suspicion(
    path: Path, times: np.ndarray, candidates: Sequence[tuple[str, pd.Series]], *, named: bool = True
) -> None:
    """Refuse a table whose times come again and again, which a wide table's do not.

    Args:
        path: the file, for messages.
        times: (R,), the instants of its rows.
        candidates: names and cells of the columns besides those of times.
        named: whether the columns have names, by which a setting could choose one.

    Raises:
        DataError: it is a long table; with the column that seems to name its sensors.
    """
    axis, rows = np.unique(times, return_inverse=True)
    if len(times) < LEAST_REPEATED * len(axis) or len(candidates) < 2:
        return
    found, clocks = list[str](), list[str]()
    days = bool((times == times.astype("datetime64[D]")).all())
    for name, cells in candidates:
        codes, different = pd.factorize(cells)
        pairs = rows * len(different) + codes
        if 1 < len(different) <= len(times) / len(axis) / FULL and len(np.unique(pairs)) == len(pairs):
            (clocks if looks_like_clock(name, cells, days=days) else found).append(name)
    told = f"each time stands in {len(times) / len(axis):.3g} rows, as in a long table"
    if clocks and not found:
        what = "the dates and their times of day" if days else "the times and their minutes"
        raise DataError(
            f"{path}: expected each time once; each stands in {len(times) / len(axis):.3g} rows, where {clocks[0]!r} "
            f"looks like a clock: write {what} into one column, like 2025-03-03 00:05"
        )
    if not found and len(axis) < FEW:
        return  # a time that comes twice, which is told with its line
    if not named:
        raise DataError(f"{path}: expected each time once; {told}: {ADD_HEADER}")
    if not found:
        raise DataError(
            f"{path}: expected each time once; {told}: name the column that identifies its sensors, as in "
            'data.sensor_column = "NAME"'
        )
    listed = " or ".join(repr(name) for name in found[:SHOWN])
    raise DataError(
        f"{path}: expected each time once; {told}, where {listed} seems to name the sensors: say "
        f'data.sensor_column = "{found[0]}"'
    )


def spread(
    path: Path,
    times: np.ndarray,
    sensors: pd.Series,
    values: np.ndarray,
    line: Callable[[int], str],
    instants: np.ndarray | None = None,
) -> Readings:
    """Readings of a long table: times in rising order, sensors in the order in which they first appear.

    Args:
        path: the file, for messages.
        times: (R,) datetime64[s], local.
        sensors: (R,) names, none where there is none.
        values: (R,).
        line: where a row stands in the file.
        instants: (R,) datetime64[s], in UTC, where they are known: they tell an hour that comes twice apart.

    Raises:
        DataError: a row has no name of a sensor, a sensor has two values at one time, or the table is far from full.
    """
    instants = times if instants is None else instants
    _, first, rows = np.unique(instants, return_index=True, return_inverse=True)
    axis = times[first]
    columns, names = pd.factorize(sensors)
    unnamed = np.flatnonzero(columns < 0)
    if len(unnamed):
        raise DataError(f"{path}, {line(int(unnamed[0]))}: expected the name of a sensor; received none")
    check_names(path, [str(name) for name in names])
    check_size(path, (len(axis), len(names)))
    cells = rows * len(names) + columns
    order = np.argsort(cells, kind="stable")
    again = order[1:][cells[order[1:]] == cells[order[:-1]]]
    if len(again):
        row = int(again.min())
        raise DataError(
            f"{path}, {line(row)}: expected one value of each sensor and time; received another one of sensor "
            f"{names[columns[row]]} at {str(times[row]).replace('T', ' ')}: correct one (an hour comes twice "
            "where clocks go back from daylight-saving time)"
        )
    matrix = np.full((len(axis), len(names)), np.nan)
    matrix[rows, columns] = values

    def place(row: int, column: int | None) -> str:
        found = np.flatnonzero((rows == row) & (column is None or columns == column))
        return (line(int(found[0])) if len(found) else f"time {axis[row]}") + (
            "" if column is None else f", sensor {names[column]!r}"
        )

    return Readings(path, matrix, tuple(str(name) for name in names), axis, place, instants=np.unique(instants))
