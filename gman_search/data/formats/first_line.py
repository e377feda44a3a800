"""Whether the first line of a CSV has names of columns or readings (pure)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gman_search.data.tables.kinds import is_numeral, looks_like_time
from gman_search.data.tables.missing_words import is_missing_word
from gman_search.data.tables.numerals import NumberStyle
from gman_search.data.tables.stamp_numbers import is_stamp_number
from gman_search.data.tables.stamp_text import is_clock
from gman_search.errors import DataError

__all__ = ["has_no_names", "is_readings", "refuse_second_header"]

NEAR = 10.0
"""Readings of one row and the next are of one size; numbers that name sensors are mostly of another."""
SHOWN = 60
STYLES = (NumberStyle("."), NumberStyle(","))


def is_readings(first: Sequence[str], second: Sequence[str] = ()) -> bool:
    """Whether the first line has readings and not names: numbers with decimals or twice the same, or times.

    The `second` line decides where a cell of the first says that there is no reading, or cannot be read.
    """
    cells = [cell.strip() for cell in first]
    below = [cell.strip() for cell in second]
    times = [index for index, cell in enumerate(cells) if looks_like_time(cell) or is_clock(cell)]
    if not times:
        counted = [index for index, cell in enumerate(cells) if is_stamp_number(cell)]
        times = counted if len(counted) == 1 < len(cells) else []  # ids of sensors look like it all together
    stamped = len(times) == 1 and len(below) == len(cells) and looks_like_time(cells[times[0]])
    if stamped and looks_like_time(below[times[0]]) and any(is_numeral(cell) for cell in cells):
        return True  # another cell may be damaged
    numbers = [cell for index, cell in enumerate(cells) if index not in times]
    if times:  # where a missing reading may stand beside them
        numbers = [cell for cell in numbers if not is_missing_word(cell)]
    elif any(is_missing_word(cell) for cell in cells):
        return _is_row_with_gaps(cells, below)
    if not numbers or not all(is_numeral(cell) for cell in numbers) or len(times) > 2:
        return False
    marked = not all(cell.isalnum() for cell in numbers)
    return bool(times) or len(set(cells)) < len(cells) or marked


def has_no_names(cells: Sequence[str]) -> bool:
    """Whether every cell is a number, a time or says that there is none, and one at least is no such word."""
    return all(_is_value(cell.strip()) for cell in cells) and not all(is_missing_word(cell) for cell in cells)


def refuse_second_header(path: Path, place: str, row: Sequence[str] = (), below: Sequence[str] = ()) -> None:
    """Refuse a first row below the names that has no number and no time, above one that has nothing else.

    Raises:
        DataError: with its `place`.
    """
    words = [cell.strip() for cell in row if not is_missing_word(cell)]
    if len(below) < 2 or not words or any(has_no_names([cell]) for cell in words) or not has_no_names(below):
        return
    raise DataError(
        f"{path}, {place}: expected readings below the names of the columns; received {', '.join(words)[:SHOWN]!r}, "
        "such as units or more names: delete this line"
    )


def _is_value(cell: str) -> bool:
    return is_missing_word(cell) or is_numeral(cell) or looks_like_time(cell) or is_clock(cell)


def _is_row_with_gaps(cells: list[str], below: list[str]) -> bool:
    """Whether a line with a missing reading is a row of numbers like the next one, not names such as 773869 and NA.

    A blank corner stands above row numbers and times, too.
    """
    numbers = [cell for cell in cells if not is_missing_word(cell)]
    if not numbers or len(below) != len(cells) or not has_no_names(below):
        return False
    if not all(is_numeral(cell) for cell in numbers) or any(_has_leading_zero(cell) for cell in numbers):
        return False
    if cells[0] == "" and (below[0].isdigit() or not is_numeral(below[0])):
        return False
    sizes = [_size(cell) for cell in numbers]
    others = [_size(cell) for cell in below if is_numeral(cell)]
    if not others or max(others) == 0 or max(sizes) == 0:
        return False
    return bool(1 / NEAR <= np.median(sizes) / np.median(others) <= NEAR) if np.median(others) > 0 else False


def _has_leading_zero(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == "0" and cell[1].isdigit()


def _size(cell: str) -> float:
    read = (style.number(cell) for style in STYLES)
    return next((abs(number) for number in read if number is not None), 0.0)
