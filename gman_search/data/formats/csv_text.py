"""Cells of a CSV file as text, with their lines: what all kinds of CSV have in common."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.formats.above_table import DELIMITERS, above_table
from gman_search.data.formats.first_line import is_readings, refuse_second_header
from gman_search.data.formats.line_endings import without_trailing
from gman_search.data.formats.plain_text import delimiter_of, read_text
from gman_search.data.size_limits import check_size
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
    found = above_table(path, text, DELIMITERS if told_by is None else told_by[1], first=above + 1)
    if found.lines:
        text, above = text.split("\n", found.lines)[found.lines], above + found.lines
    delimiter = delimiter_of(text) if told_by is None else told_by[1]
    first, second = _first_rows(path, text, delimiter)
    if not any(first):
        raise DataError(f"{path}: expected the names of the sensors in the first line; received a blank line")
    header = None if is_readings(first, second) else first
    if header is not None:
        text = without_trailing(text, delimiter)
        first = header = _first_rows(path, text, delimiter)[0]
    check_size(path, (text.count("\n") + 1, len(first)))
    lines, blank = _lines_of_rows(path, text, delimiter, len(first), above)
    if len(lines) <= int(header is not None):
        raise DataError(f"{path}: expected a header line and rows of readings; received no rows")
    cells = _cells(path, text, delimiter, skipped=int(header is not None))
    lines = lines[int(header is not None) :]
    if len(lines) != len(cells) or cells.shape[1] != len(first):
        raise DataError(f"{path}: {PAIRS}; received others: remove them")
    cells.index = pd.Index(lines)
    if header is not None:
        begin = (list(cells.iloc[index]) for index in range(min(2, len(cells))))
        refuse_second_header(path, f"line {lines[0]}", *begin)
    return Table(path, header, cells, delimiter=delimiter, blank=frozenset(blank), notes=(*notes, *found.notes))


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


def _first_rows(path: Path, text: str, delimiter: str) -> tuple[list[str], list[str]]:
    """Cells of the first line, and of the second where there is one that can be read."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        first = next(reader, [])
    except csv.Error:
        raise DataError(f"{path}, line 1: {PAIRS}; received others: remove them") from None
    try:
        return first, next(reader, [])
    except csv.Error:  # told with its line later
        return first, []


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
