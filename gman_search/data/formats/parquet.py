"""Parquet, wide or long, with pyarrow (extra `parquet`)."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from gman_search.data.formats.long_csv import LongColumns, long_columns, spread
from gman_search.data.formats.times import times_of
from gman_search.data.guards import check_inflation, check_size
from gman_search.data.readings import Readings, check_names
from gman_search.errors import DataError, UsageError

__all__ = ["parquet_readings"]

INDEX = re.compile(r"__index_level_\d+__")


def parquet_readings(path: Path, channel: int | str | None) -> Readings:
    """A column of timestamps and one column a sensor, or columns of time, sensor and value.

    Raises:
        UsageError: pyarrow is not installed.
        DataError: no such columns, columns that are no numbers, or a size that no network has.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet, types
    except ImportError:
        raise UsageError('reading Parquet needs pyarrow: pip install "gman-search[parquet]"') from None
    try:
        with parquet.ParquetFile(path) as file:
            about = file.metadata
            check_size(path, (about.num_rows, about.num_columns))
            check_inflation(path, path.stat().st_size, 8 * about.num_rows * about.num_columns)
            table = file.read()
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path}: expected a Parquet file; {' '.join(str(error).split())}") from None
    # What pandas stores of an index that is only row numbers.
    counted = [
        field.name for field in table.schema if INDEX.fullmatch(field.name) and not types.is_temporal(field.type)
    ]
    table = table.drop_columns(counted)
    names = [str(name) for name in table.column_names]
    long = long_columns(path, names, channel)
    return _wide(path, table, names) if long is None else _long(path, table, names, long)


def _wide(path: Path, table, names: list[str]) -> Readings:
    from pyarrow import types

    stamps = [index for index, field in enumerate(table.schema) if types.is_temporal(field.type)]
    if len(stamps) != 1:
        raise DataError(f"{path}: expected one column of timestamps; received {len(stamps)}: write times as timestamps")
    times, notes = _times(path, table, stamps[0])
    sensors = [index for index in range(len(names)) if index != stamps[0]]
    check_names(path, [names[index] for index in sensors])
    values = np.stack([_numbers(path, table, index, names[index]) for index in sensors], axis=1)

    def place(row: int, column: int | None) -> str:
        where = f"row {row} ({str(times[row]).replace('T', ' ')})"
        return where if column is None else f"{where}, column {names[sensors[column]]!r}"

    return Readings(path, values, tuple(names[index] for index in sensors), times, place, notes)


def _long(path: Path, table, names: list[str], columns: LongColumns) -> Readings:
    time, sensor, value = columns
    sensors = table.column(sensor).to_pandas()
    sensors = sensors.astype(str).where(sensors.notna())  # the text of an absent name would be a name
    values = _numbers(path, table, value, names[value])
    times, notes = _times(path, table, time)
    return replace(spread(path, times, sensors, values, lambda row: f"row {row}"), notes=notes)


def _times(path: Path, table, index: int) -> tuple[np.ndarray, tuple[str, ...]]:
    column = table.column(index)
    if column.null_count:
        raise DataError(f"{path}, column {table.column_names[index]!r}: expected a time in every row; received none")
    return times_of(path, column.to_pandas(), lambda row: f"{row} of {table.column_names[index]!r}")


def _numbers(path: Path, table, index: int, name: str) -> np.ndarray:
    from pyarrow import types

    kind = table.schema.field(index).type
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind)):
        raise DataError(f"{path}: column {name!r} has no numbers but {kind}: remove the column")
    numbers: np.ndarray = table.column(index).to_pandas().to_numpy(dtype=float, na_value=np.nan)
    return numbers
