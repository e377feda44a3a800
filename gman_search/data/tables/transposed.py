"""A table with sensors in rows and times in columns, turned so that times stand in rows."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from gman_search.data.tables.kinds import looks_like_time
from gman_search.data.tables.known_names import LATITUDES, LONGITUDES
from gman_search.data.tables.stamp_numbers import number_times, serial_times
from gman_search.data.tables.stamp_text import is_clock
from gman_search.data.tables.table import Table
from gman_search.errors import DataError

__all__ = ["turned"]

NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
LEAST = 2
"""Columns of times that make a header one of times."""


def turned(table: Table) -> Table | None:
    """The table with its times in rows, or None where its header is not one of times.

    Raises:
        DataError: times stand in the header, but the table cannot be turned.
    """
    if table.header is None or table.width <= LEAST:
        return None
    names = [name.strip() for name in table.header]
    times = [index for index, name in enumerate(names) if looks_like_time(name)] or _counted(names)
    clocks = [index for index, name in enumerate(names) if is_clock(name)]
    if len(clocks) >= max(LEAST, len(names) - 2):
        raise DataError(
            f"{table.path}: expected one row a time; received times of day such as {names[clocks[0]]!r} as names of "
            "columns: write one row for each date and time"
        )
    if len(times) < LEAST or len(times) < len(names) / 2:
        return None
    others = [index for index in range(len(names)) if index not in set(times)]
    left = [index for index in others if table.key(index) in LATITUDES | LONGITUDES]
    labels = [index for index in others if index not in left]
    if len(labels) != 1:
        received = " and ".join(repr(names[index]) for index in labels[:3]) or "none"
        raise DataError(
            f"{table.path}: the table is transposed (sensors in rows, times in columns): expected one column with the "
            f"names of sensors; received {received}"
            + (f': say data.ignore_columns = ["{names[labels[1]]}"]' if len(labels) > 1 else "")
        )
    sensors = [str(name).strip() for name in table.cells.iloc[:, labels[0]]]
    blank = [row for row, name in enumerate(sensors) if not name]
    if blank:
        raise DataError(f"{table.path}, {table.place(blank[0])}: expected the name of a sensor; received none")
    block = table.cells.iloc[:, times].to_numpy(dtype=object).T
    columns = {0: pd.Series([names[index] for index in times], dtype=str)}
    columns |= {1 + row: pd.Series(block[:, row]).infer_objects() for row in range(len(sensors))}
    cells = pd.DataFrame(columns)
    cells.index = pd.Index([index + 1 for index in times])
    notes = (*table.notes, "sensors stand in rows and times in columns: the table was transposed")
    if left:
        notes += (f"columns {', '.join(names[index] for index in left)} are not read as readings",)
    return replace(table, header=["time", *sensors], cells=cells, unit="column", blank=frozenset(), notes=notes)


def _counted(names: list[str]) -> list[int]:
    """Positions of names that are digits of times at regular steps; ids of sensors are not."""
    digits = [index for index, name in enumerate(names) if NUMBER.fullmatch(name)]
    if len(digits) < LEAST:
        return []
    found = number_times([names[index] for index in digits])
    if found is not None:
        times = found.times
    elif any(not names[index].isdigit() for index in digits):  # a spreadsheet's days, not ids of five digits
        serial = serial_times(np.array([float(names[index].replace(",", ".")) for index in digits]))
        if serial is None:
            return []
        times = serial
    else:
        return []
    steps = np.diff(np.sort(times)).astype(np.int64)
    regular = len(steps) > 0 and steps.min() >= 60 and not (steps % steps.min()).any() and not steps.min() % 60
    return digits if regular else []
