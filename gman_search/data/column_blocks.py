"""Some sensors at a time, where what is computed on the way is several times as large as the readings (pure)."""

from collections.abc import Iterator

__all__ = ["column_blocks"]

READINGS_AT_ONCE = 2**22


def column_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Columns of readings (rows, columns), of as many sensors at a time as have `READINGS_AT_ONCE` readings.

    Example:
        >>> list(column_blocks(100, 5))
        [slice(0, 5, None)]
    """
    size = max(1, READINGS_AT_ONCE // max(1, rows))
    for first in range(0, columns, size):
        yield slice(first, min(first + size, columns))
