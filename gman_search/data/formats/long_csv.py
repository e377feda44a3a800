"""A long CSV or table: one row a reading, with its time, its sensor and its value."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.formats.csv_text import CsvTable, numbers_of
from gman_search.data.formats.times import TIME_NAMES, times_of
from gman_search.data.guards import check_size
from gman_search.data.readings import Readings, check_names
from gman_search.errors import DataError

__all__ = ["SENSOR_NAMES", "LongColumns", "long_columns", "long_readings", "spread"]

SENSOR_NAMES = {
    "sensor", "sensor_id", "sensorid", "station", "station_id", "detector", "detector_id", "device", "device_id",
    "loop", "loop_id", "node", "node_id", "segment", "segment_id", "link", "link_id", "location", "location_id", "site",
}  # fmt: skip
LongColumns = tuple[int, int, int]


def long_columns(path: Path, names: Sequence[str], channel: int | str | None) -> LongColumns | None:
    """Positions of time, sensor and value, or None where the columns are not those of a long table.

    Raises:
        DataError: several columns may be the value and `channel` chooses none.
    """
    known = [name.strip().lower() for name in names]
    times = [index for index, name in enumerate(known) if name in TIME_NAMES]
    sensors = [index for index, name in enumerate(known) if name in SENSOR_NAMES]
    if len(times) != 1 or len(sensors) != 1:
        return None
    values = [index for index in range(len(known)) if index not in (*times, *sensors)]
    if channel is not None:
        wanted = str(channel).strip().lower()
        chosen = [index for index in values if known[index] == wanted]
        if not chosen and wanted.isdecimal() and int(wanted) < len(values):
            chosen = [values[int(wanted)]]
        values = chosen
    if len(values) != 1:
        offered = ", ".join(str(names[i]) for i in range(len(known)) if i not in (*times, *sensors))
        raise DataError(
            f"{path}: expected one column of values besides time and sensor; received {offered or 'none'}: "
            "choose one with --channel NAME (data.channel)"
        )
    return times[0], sensors[0], values[0]


def long_readings(table: CsvTable, columns: LongColumns) -> Readings:
    """A long CSV.

    Raises:
        DataError: with line and column; also where a sensor has two values at one time.
    """
    time, sensor, value = columns
    header = table.header or []
    values = numbers_of(table, value, header[value].strip())
    times, notes = times_of(table.path, table.cells.iloc[:, time], table.line)
    sensors = table.cells.iloc[:, sensor].str.strip()
    found = spread(table.path, times, sensors.mask(sensors == ""), values, lambda row: f"line {table.line(row)}")
    return replace(found, notes=(*table.notes, *notes))


def spread(
    path: Path, times: np.ndarray, sensors: pd.Series, values: np.ndarray, line: Callable[[int], str]
) -> Readings:
    """Readings of a long table: times in rising order, sensors in the order in which they first appear.

    Raises:
        DataError: a row has no name of a sensor, a sensor has two values at one time, or the table is far from full.
    """
    axis, rows = np.unique(times, return_inverse=True)
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
            f"{names[columns[row]]} at {str(times[row]).replace('T', ' ')}: keep one (an hour comes twice where clocks "
            "go back from daylight-saving time)"
        )
    matrix = np.full((len(axis), len(names)), np.nan)
    matrix[rows, columns] = values

    def place(row: int, column: int | None) -> str:
        found = np.flatnonzero((rows == row) & (column is None or columns == column))
        return (line(int(found[0])) if len(found) else f"time {axis[row]}") + (
            "" if column is None else f", sensor {names[column]!r}"
        )

    return Readings(path, matrix, tuple(str(name) for name in names), axis, place)
