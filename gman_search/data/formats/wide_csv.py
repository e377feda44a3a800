"""A wide CSV: one row a time step, one column a sensor; with or without a column of times, with or without names."""

import numpy as np

from gman_search.data.formats.csv_text import CsvTable, numbers_of, times_of
from gman_search.data.readings import Readings, check_names

__all__ = ["wide_readings"]

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
    times = times_of(table.path, table.cells.iloc[:, 0], table.line) if table.timed else None

    def place(row: int, column: int | None) -> str:
        return f"line {table.line(row)}" + ("" if column is None else f", column {names[column]!r}")

    notes = (UNNAMED,) if table.header is None else ()
    return Readings(table.path, np.stack(columns, axis=1), tuple(names), times, place, notes)
