"""Parquet, wide or long, with pyarrow (extra `parquet`)."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from gman_search.data.formats.long_csv import long_columns, spread
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
            about, schema = file.metadata, file.schema_arrow
        check_size(path, (about.num_rows, about.num_columns))
        unpacked = sum(about.row_group(index).total_byte_size for index in range(about.num_row_groups))
        check_inflation(path, path.stat().st_size, max(8 * about.num_rows * about.num_columns, unpacked))
        # But for what pandas stores of an index that is only row numbers.
        fields = [field for field in schema if not INDEX.fullmatch(field.name) or types.is_temporal(field.type)]
        names = [str(field.name) for field in fields]
        check_names(path, names)
        long = long_columns(path, names, channel)
        if long is not None:
            fields = [fields[index] for index in long]
        _check_kinds(path, fields, is_long=long is not None)
        table = _read(path, fields)
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path}: expected a Parquet file; {' '.join(str(error).split())}") from None
    return _wide(path, table) if long is None else _long(path, table)


def _check_kinds(path: Path, fields: list, *, is_long: bool) -> None:
    """Refuse, before anything is read, a wide table without one column of times, and values that are no numbers."""
    from pyarrow import types

    values = fields[2:] if is_long else [field for field in fields if not types.is_temporal(field.type)]
    stamps = len(fields) - len(values)
    if not is_long and stamps != 1:
        raise DataError(f"{path}: expected one column of timestamps; received {stamps}: write times as timestamps")
    for field in values:
        kind = field.type
        if not (types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind)):
            raise DataError(f"{path}: column {field.name!r} has no numbers but {kind}: remove the column")


def _read(path: Path, fields: list):
    """The columns alone; text as a dictionary first, since few bytes may say "a million times this long name"."""
    from pyarrow import compute, parquet, types

    texts = [field.name for field in fields if types.is_string(field.type) or types.is_large_string(field.type)]
    with parquet.ParquetFile(path, read_dictionary=texts) as file:
        table = file.read(columns=[field.name for field in fields], use_threads=False)
    for index, column in enumerate(table.columns):
        if types.is_dictionary(column.type) and len(column):
            longest = [compute.max(compute.binary_length(chunk.dictionary.cast("string"))).as_py() or 0
                       for chunk in column.chunks]  # fmt: skip
            check_inflation(path, path.stat().st_size, len(column) * max(longest, default=0))
            table = table.set_column(index, table.field(index).name, column.cast("string"))
    return table


def _wide(path: Path, table) -> Readings:
    from pyarrow import types

    (stamp,) = (index for index, field in enumerate(table.schema) if types.is_temporal(field.type))
    times, notes = _times(path, table, stamp)
    sensors = tuple(name for index, name in enumerate(table.column_names) if index != stamp)
    check_names(path, sensors)
    values = np.stack([_numbers(table, name) for name in sensors], axis=1)

    def place(row: int, column: int | None) -> str:
        where = f"row {row} ({str(times[row]).replace('T', ' ')})"
        return where if column is None else f"{where}, column {sensors[column]!r}"

    return Readings(path, values, sensors, times, place, notes)


def _long(path: Path, table) -> Readings:
    """Columns of time, sensor and value, in this order."""
    sensors = table.column(1).to_pandas()
    sensors = sensors.astype(str).where(sensors.notna())  # the text of an absent name would be a name
    times, notes = _times(path, table, 0)
    values = _numbers(table, table.column_names[2])
    return replace(spread(path, times, sensors, values, lambda row: f"row {row}"), notes=notes)


def _times(path: Path, table, index: int) -> tuple[np.ndarray, tuple[str, ...]]:
    column = table.column(index)
    if column.null_count:
        raise DataError(f"{path}, column {table.column_names[index]!r}: expected a time in every row; received none")
    return times_of(path, column.to_pandas(), lambda row: f"{row} of {table.column_names[index]!r}")


def _numbers(table, name: str) -> np.ndarray:
    numbers: np.ndarray = table.column(name).to_pandas().to_numpy(dtype=float, na_value=np.nan)
    return numbers
