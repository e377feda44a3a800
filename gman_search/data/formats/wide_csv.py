"""A wide CSV: one row a time step, one column a sensor; with or without a column of times, with or without names."""

import numpy as np

from gman_search.data.formats.csv_text import CsvTable, numbers_of
from gman_search.data.formats.times import times_of
from gman_search.data.readings import Readings, check_names

__all__ = ["wide_readings"]

NUMBERED = "the first line, {}, is taken for names of sensors: if it has readings, put a line of names above it"
UNNAMED = "the first line has readings, not names: sensors are called 0, 1, 2, ..."


def wide_readings(table: CsvTable) -> Readings:
    """All columns but that of times are sensors.

    Raises:
        DataError: with line and column.
    """
    width = table.cells.shape[1]
    names = [str(index) for index in range(width - table.timed)]
    if table.header is not None:
        names = [name.strip() for name in table.header[table.timed :]]
    check_names(table.path, names)
    columns = [numbers_of(table, position + table.timed, name) for position, name in enumerate(names)]
    values = np.stack(columns, axis=1)
    times, notes = None, (UNNAMED,) if table.header is None else _doubt(names, values)
    if table.timed:
        times, doubts = times_of(table.path, table.cells.iloc[:, 0], table.line)
        notes = (*notes, *doubts)
    notes = (*table.notes, *notes)

    def place(row: int, column: int | None) -> str:
        return f"line {table.line(row)}" + ("" if column is None else f", column {names[column]!r}")

    return Readings(table.path, values, tuple(names), times, place, notes)


def _doubt(names: list[str], values: np.ndarray) -> tuple[str, ...]:
    """A note where the names are numbers such as the readings, and not just 0, 1, 2, ... or 1, 2, 3, ..."""
    counted = [[str(first + index) for index in range(len(names))] for first in (0, 1)]
    if names in counted or not all(name.isdecimal() for name in names):
        return ()
    numbers = [float(name) for name in names]
    if not np.nanmin(values, initial=np.inf) <= min(numbers) <= max(numbers) <= np.nanmax(values, initial=-np.inf):
        return ()
    return (NUMBERED.format(", ".join(names[:3]) + (", ..." if len(names) > 3 else "")),)
