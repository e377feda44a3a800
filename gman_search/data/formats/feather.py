"""Feather and Arrow IPC files, wide or long, with pyarrow (extra `parquet`)."""

import struct
from pathlib import Path
from typing import Any

from gman_search.data.formats.arrow_sizes import announced
from gman_search.data.formats.parquet import arrow_readings, chosen_fields
from gman_search.data.readings import Readings
from gman_search.data.size_limits import check_inflation, check_size
from gman_search.errors import DataError, UsageError
from gman_search.reading_options import ReadingOptions

__all__ = ["feather_readings"]

MAGIC = 8
"""Bytes in front of the stream."""


def feather_readings(path: Path, options: ReadingOptions, *, strict: bool) -> Readings:
    """Arguments and layouts as in Parquet.

    Raises:
        UsageError: pyarrow is not installed.
        DataError: no such columns, columns that are no numbers, or a size that no network has.
    """
    try:
        import pyarrow as arrow
        from pyarrow import types
    except ImportError:
        raise UsageError('reading Feather needs pyarrow: pip install "gman-search[parquet]"') from None
    try:
        content = memoryview(path.read_bytes())[MAGIC:]
        schema = _check_sizes(path, content)
        fields, rules = chosen_fields(path, schema, options, strict=strict)
        # The stream inside of the file, whose headers were checked; its footer could point to other places.
        wanted = [schema.get_field_index(field.name) for field in fields]
        how = arrow.ipc.IpcReadOptions(use_threads=False, included_fields=sorted(wanted))
        table = arrow.ipc.open_stream(arrow.py_buffer(content), options=how).read_all()
        table.validate(full=True)
        table = table.select([field.name for field in fields])
        for index, column in enumerate(table.columns):
            if types.is_dictionary(column.type):
                table = table.set_column(index, table.field(index).name, column.cast(column.type.value_type))
    except (arrow.ArrowException, struct.error, OSError, ValueError) as error:
        raise DataError(f"{path}: expected an Arrow or Feather file; {' '.join(str(error).split())}") from None
    return arrow_readings(path, table, rules)


def _check_sizes(path: Path, content: memoryview) -> Any:
    """The schema, after what all batches announce was found to be readings' size."""
    import pyarrow as arrow

    buffer = arrow.py_buffer(content)
    schema = arrow.ipc.open_stream(buffer).schema
    rows, unpacked = 0, 0
    reader = arrow.ipc.MessageReader.open_stream(buffer)
    while True:
        try:
            message = reader.read_next_message()
        except StopIteration:
            break
        body = memoryview(message.body) if message.body is not None else memoryview(b"")
        more, size = announced(message.metadata.to_pybytes(), body)
        rows, unpacked = rows + more, unpacked + size
        check_size(path, (rows, len(schema)))
        check_inflation(path, path.stat().st_size, unpacked)
    return schema
