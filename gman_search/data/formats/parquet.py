"""Parquet, wide or long, with pyarrow (extra `parquet`)."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from gman_search.data.formats.known_layouts import is_known_layout, plain_long
from gman_search.data.ignored_columns import kept_columns
from gman_search.data.readings import Readings, check_names
from gman_search.data.size_limits import check_inflation, check_size
from gman_search.data.tables.known_names import CLOCK_NAMES, HOUR_NAMES, TIME_NAMES
from gman_search.data.tables.long import chosen_value, sensor_column
from gman_search.data.tables.read import table_readings
from gman_search.data.tables.table import Table
from gman_search.errors import DataError, UsageError
from gman_search.reading_options import ReadingOptions

__all__ = ["arrow_readings", "chosen_fields", "parquet_readings"]

INDEX = re.compile(r"__index_level_\d+__")


def parquet_readings(path: Path, options: ReadingOptions, *, strict: bool) -> Readings:
    """A column of times and one column a sensor, or columns of time, sensor and value.

    With `strict`, every pattern of `data.ignore_columns` must name a column.

    Raises:
        UsageError: pyarrow is not installed.
        DataError: no such columns, columns that are no numbers, or a size that no network has.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError('reading Parquet needs pyarrow: pip install "gman-search[parquet]"') from None
    try:
        with parquet.ParquetFile(path) as file:
            about, schema = file.metadata, file.schema_arrow
        check_size(path, (about.num_rows, about.num_columns))
        unpacked = sum(about.row_group(index).total_byte_size for index in range(about.num_row_groups))
        check_inflation(path, path.stat().st_size, max(8 * about.num_rows * about.num_columns, unpacked))
        fields, rules = chosen_fields(path, schema, options, strict=strict)
        table = _read(path, fields)
    except (arrow.ArrowException, OSError, ValueError):
        raise DataError(f"{path}: expected a Parquet file; received one that is damaged or of another kind") from None
    return arrow_readings(path, table, rules)


def chosen_fields(
    path: Path, schema: Any, options: ReadingOptions, *, strict: bool
) -> tuple[list[Any], ReadingOptions]:
    """The columns to read of a table with this schema, and the options that are left to apply to them.

    Raises:
        DataError: no such columns, or columns that are no numbers.
    """
    from pyarrow import types

    # But for what pandas stores of an index that is only row numbers.
    fields = [field for field in schema if not INDEX.fullmatch(field.name) or types.is_temporal(field.type)]
    names = [str(field.name).strip() for field in fields]
    check_names(path, names)
    kept = kept_columns(path, names, options.ignore_columns, strict=strict)
    # What was to be ignored is not read.
    rules = options.model_copy(update={"ignore_columns": ()})
    if is_known_layout([names[index] for index in kept]):
        return [fields[index] for index in kept], rules
    chosen, channel = _chosen(path, [fields[index] for index in kept], options)
    return chosen, rules.model_copy(update={"channel": channel})


def arrow_readings(path: Path, table: Any, rules: ReadingOptions) -> Readings:
    """Readings of a table of Arrow that has the columns of `chosen_fields` alone, by the options left.

    Raises:
        DataError: with row and column.
    """
    header = [str(name) for name in table.column_names]
    cells = pd.DataFrame({index: _cells(table, index) for index in range(len(header))})
    read = plain_long(Table(path, header, cells, unit="row"), in_utc=rules.timezone is not None)
    return table_readings(read, rules)


def _chosen(path: Path, fields: list[Any], options: ReadingOptions) -> tuple[list[Any], int | str | None]:
    """The columns to be read, of what their names and types tell: nothing is read before that.

    With them the channel, where it is still to be chosen among them.

    Raises:
        DataError: there is no column of times, or one that is neither times nor numbers.
    """
    from pyarrow import types

    names = [str(field.name).strip() for field in fields]
    sensor = sensor_column(path, names, options.sensor_column)
    stamps = [
        index for index, field in enumerate(fields) if types.is_timestamp(field.type) or types.is_date(field.type)
    ]
    clocks = [index for index, field in enumerate(fields) if types.is_time(field.type)]
    named = [index for index, name in enumerate(names) if name.lower() in TIME_NAMES | CLOCK_NAMES and index != sensor]
    days = any(types.is_date(fields[index].type) for index in stamps)
    if stamps:  # a text such as 00:05, or an hour, is the time of day of a date; an hour of a timestamp is a feature
        clocks += [index for index, name in enumerate(names) if name.lower() in CLOCK_NAMES | HOUR_NAMES
                   and index not in (*stamps, *clocks, sensor)
                   and (_is_text(fields[index].type) or (days and types.is_integer(fields[index].type)))]  # fmt: skip
    times = [*stamps, *clocks] if stamps else named
    if not times:
        raise DataError(f"{path}: expected one column of timestamps; received 0: write times as timestamps")
    numbers = [index for index, field in enumerate(fields) if index not in (*times, sensor) and _is_number(field.type)]
    if sensor is not None:
        # Timestamps may be days alone, which only their values show; an hour is then the time of day.
        hours = [
            index for index in numbers if names[index].lower() in HOUR_NAMES and types.is_integer(fields[index].type)
        ]
        asked = options.channel is not None
        offered = numbers if asked else [index for index in numbers if index not in hours]
        offered = offered or [index for index in range(len(fields)) if index not in (*times, sensor)]
        value, _ = chosen_value(path, names, offered, options.channel)
        _check_number(path, fields[value])
        wanted = [*times, *(index for index in hours if index != value), sensor, value]
        return [fields[index] for index in wanted], names[value] if asked else None
    for index, field in enumerate(fields):
        if index not in times and not (stamps and types.is_temporal(field.type)):
            _check_number(path, field)
    return fields, options.channel


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return any(is_kind(kind) for is_kind in (types.is_integer, types.is_floating, types.is_null, types.is_decimal))


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return any(is_kind(kind) for is_kind in (types.is_string, types.is_large_string, types.is_dictionary))


def _check_number(path: Path, field: Any) -> None:
    if not _is_number(field.type):
        advice = f'if it is no sensor, leave it out with data.ignore_columns = ["{field.name}"]'
        if _is_text(field.type):
            advice += ", and if its text is numbers, save them as numbers"
        raise DataError(f"{path}: column {field.name!r} has no numbers but {field.type}: {advice}")


def _read(path: Path, fields: list[Any]) -> Any:
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


def _cells(table: Any, index: int) -> pd.Series:
    from pyarrow import types

    column = table.column(index)
    if types.is_null(column.type) or types.is_decimal(column.type):
        column = column.cast("float64")
    cells: pd.Series = column.to_pandas()
    return cells
