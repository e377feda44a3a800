"""Cells of a CSV file as text, with their lines: what all kinds of CSV have in common."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.formats.plain_text import delimiter_of, read_text
from gman_search.data.size_limits import check_size
from gman_search.data.tables.kinds import is_numeral, looks_like_time
from gman_search.data.tables.missing_words import is_missing_word
from gman_search.data.tables.stamp_numbers import is_stamp_number
from gman_search.data.tables.stamp_text import is_clock
from gman_search.data.tables.table import Table
from gman_search.errors import DataError

__all__ = ["read_table"]

SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""A first line by which Excel is told what stands between cells."""
PAIRS = "expected quote marks in pairs around whole cells"


def read_table(path: Path, raw: bytes) -> Table:
    """Read the text `raw` of a CSV with commas, semicolons, tabs or bars; `path` is for messages.

    Raises:
        DataError: no text, no rows, or lines of different lengths.
    """
    text, notes = read_text(path, raw)
    above = 0
    told_by = SEPARATOR.fullmatch(text.partition("\n")[0])
    if told_by is not None:
        text, above = text.partition("\n")[2], 1
    if not text:
        raise DataError(f"{path}: expected a header line and rows of readings; received no rows")
    delimiter = delimiter_of(text) if told_by is None else told_by[1]
    first = _first_cells(path, text, delimiter)
    if not any(first):
        raise DataError(f"{path}: expected the names of the sensors in the first line; received a blank line")
    check_size(path, (text.count("\n") + 1, len(first)))
    header = None if _is_readings(first) else first
    lines, blank = _lines_of_rows(path, text, delimiter, len(first), above)
    if len(lines) <= int(header is not None):
        raise DataError(f"{path}: expected a header line and rows of readings; received no rows")
    cells = _cells(path, text, delimiter, skipped=int(header is not None))
    lines = lines[int(header is not None) :]
    if len(lines) != len(cells) or cells.shape[1] != len(first):
        raise DataError(f"{path}: {PAIRS}; received others: remove them")
    cells.index = pd.Index(lines)
    return Table(path, header, cells, delimiter=delimiter, blank=frozenset(blank), notes=notes)


def _cells(path: Path, text: str, delimiter: str, *, skipped: int) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.StringIO(text),
            header=None,
            sep=delimiter,
            skiprows=skipped,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except (ValueError, csv.Error):  # pandas' own errors are ValueErrors, and speak of its parser
        raise DataError(
            f"{path}: expected as many cells in every line and {PAIRS.removeprefix('expected ')}; "
            "received something else"
        ) from None


def _first_cells(path: Path, text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    except csv.Error:
        raise DataError(f"{path}, line 1: {PAIRS}; received others: remove them") from None


def _is_readings(first: list[str]) -> bool:
    """Whether the first line has readings and not names: numbers with decimals or twice the same, or times."""
    cells = [cell.strip() for cell in first]
    times = [index for index, cell in enumerate(cells) if looks_like_time(cell) or is_clock(cell)]
    if not times:
        counted = [index for index, cell in enumerate(cells) if is_stamp_number(cell)]
        times = counted if len(counted) == 1 < len(cells) else []  # ids of sensors look like it all together
    numbers = [cell for index, cell in enumerate(cells) if index not in times]
    if times:  # where a missing reading may stand beside them
        numbers = [cell for cell in numbers if not is_missing_word(cell)]
    if not numbers or not all(is_numeral(cell) for cell in numbers) or len(times) > 2:
        return False
    marked = not all(cell.isalnum() for cell in numbers)
    return bool(times) or len(set(cells)) < len(cells) or marked


def _lines_of_rows(path: Path, text: str, delimiter: str, width: int, above: int) -> tuple[np.ndarray, list[int]]:
    """Line in which each row begins, after all of them were found to have `width` cells; and which are blank."""
    # The parser fills short lines up with blanks; a blank line without a time would be a row, or move those after it.
    lines, blank = [], []
    rows = _quoted_rows(path, text, delimiter, above) if '"' in text else _plain_rows(text, delimiter)
    for number, cells, is_blank in rows:
        if cells != width:
            if not is_blank:
                told = f"expected {width} cells, as in the first; received {cells}"
                raise DataError(f"{path}, line {number + above}: {told}")
            blank.append(number + above)
        lines.append(number + above)
    return np.array(lines, dtype=np.int64), blank


def _plain_rows(text: str, delimiter: str) -> Iterator[tuple[int, int, bool]]:
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.count(delimiter) + 1, not line.strip()


def _quoted_rows(path: Path, text: str, delimiter: str, above: int) -> Iterator[tuple[int, int, bool]]:
    """As `_plain_rows`, where quoted cells may have commas and line ends of their own."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    number = 1
    try:
        for cells in reader:
            yield number, max(1, len(cells)), not "".join(cells).strip()
            number = reader.line_num + 1
    except csv.Error:
        raise DataError(f"{path}, line {number + above}: {PAIRS}; received others: remove them") from None
