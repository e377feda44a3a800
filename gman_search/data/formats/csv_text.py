"""Cells of a CSV file as text, with their lines: what all kinds of CSV have in common."""

import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.formats.plain_text import delimiter_of, read_text
from gman_search.data.formats.times import TIME_NAMES, looks_like_time
from gman_search.data.guards import check_size
from gman_search.errors import DataError

__all__ = ["CsvTable", "numbers_of", "read_table"]

BLANKS = ["", "nan", "na", "null", "none"]
NAMES = {";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class CsvTable:
    """Cells as text. A row's label in `cells` is its line in the file; `header` is None where there is none.

    `comma` is the decimal sign; `notes` say what else than UTF-8, commas and points was found.
    """

    path: Path
    header: list[str] | None
    cells: pd.DataFrame
    timed: bool
    comma: str = "."
    notes: tuple[str, ...] = ()

    def line(self, row: int) -> int:
        """Line of the file, counted from 1, in which a row of `cells` stands."""
        return int(self.cells.index[row])


def read_table(path: Path, *, packed: bool) -> CsvTable:
    """Read a CSV with commas, semicolons or tabs; `packed` with gzip.

    Blank lines are dropped where times say what belongs where.

    Raises:
        DataError: no text, no rows, or lines of different lengths.
    """
    try:
        text, notes = read_text(path, packed=packed)
        delimiter = delimiter_of(text)
        first = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
        check_size(path, (text.count("\n") + 1, len(first)))
        comma = "." if delimiter == "," else ","
        header = None if _is_readings([cell.replace(comma, ".") for cell in first]) else first
        named = header is not None
        cells = pd.read_csv(
            io.StringIO(text),
            header=None,
            sep=delimiter,
            skiprows=int(named),
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: expected a header line and rows of readings; received no rows") from None
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        told = " ".join(str(error).split())
        raise DataError(f"{path}: expected a CSV with the same number of cells in every line; {told}") from None
    if not first:
        raise DataError(f"{path}: expected the names of the sensors in the first line; received a blank line")
    timed = (named and first[0].strip().lower() in TIME_NAMES) or looks_like_time(str(cells.iloc[0, 0]))
    lines = _lines_of_rows(path, text, delimiter, len(first), timed=timed)[int(named) :]
    if len(lines) != len(cells):
        raise DataError(f"{path}: expected quote marks in pairs around whole cells; received others: remove them")
    if cells.shape[1] != len(first):
        raise DataError(
            f"{path}: expected {len(first)} cells in every line, as in the first; received {cells.shape[1]}"
        )
    cells.index = pd.Index(lines)
    blank = (cells == "").all(axis=1).to_numpy() if timed else np.zeros(len(cells), dtype=bool)
    if delimiter != "," and "," in text:
        notes += (f"commas in numbers are decimal commas: {path.name} has {NAMES[delimiter]} between its cells",)
    return CsvTable(path, header, cells[~blank], timed, comma, notes)


def numbers_of(table: CsvTable, position: int, name: str) -> np.ndarray:
    """A column as numbers (R,), NaN where it is blank.

    Raises:
        DataError: with the line of the first cell that is neither.
    """
    path, texts = table.path, table.cells.iloc[:, position]
    whole: np.ndarray = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float)
    if not np.isnan(whole).any():  # nothing to look at closer, which costs five times as much
        return whole
    texts = texts.str.strip()
    if table.comma != ".":
        texts = texts.str.replace(table.comma, ".", regex=False)
    blank = texts.str.lower().isin(BLANKS)
    numbers: np.ndarray = pd.to_numeric(texts.where(~blank, None), errors="coerce").to_numpy(dtype=float)
    wrong = np.flatnonzero(np.isnan(numbers) & ~blank.to_numpy())
    if len(wrong) > 1 and len(wrong) == (~blank).sum():
        raise DataError(
            f"{path}: column {name!r} has no numbers, such as {texts.iloc[wrong[0]]!r} in line {table.line(wrong[0])}: "
            "remove the column"
        )
    if len(wrong):
        raise DataError(
            f"{path}, line {table.line(wrong[0])}, column {name!r}: expected a number; "
            f"received {texts.iloc[wrong[0]]!r}"
        )
    return numbers


def _is_readings(first: list[str]) -> bool:
    """Whether the first line has readings and not names: numbers with decimals or twice the same, or a time."""
    timed = len(first) > 1 and looks_like_time(first[0])
    numbers = _numbers(first[timed:])
    return bool(numbers) and (timed or len(set(first)) < len(first) or any("." in cell for cell in first))


def _numbers(cells: list[str]) -> list[float] | None:
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None


def _lines_of_rows(path: Path, text: str, delimiter: str, width: int, *, timed: bool) -> Sequence[int]:
    """Line in which each row begins, after all of them were found to have `width` cells."""
    # The parser fills short lines up with blanks; a blank line without a time would be a row, or move those after it.
    lines = []
    rows = _quoted_rows(path, text, delimiter) if '"' in text else _plain_rows(text, delimiter)
    for number, cells, blank in rows:
        if cells != width and not (timed and blank):
            raise DataError(f"{path}, line {number}: expected {width} cells, as in the first; received {cells}")
        lines.append(number)
    return lines


def _plain_rows(text: str, delimiter: str) -> Iterator[tuple[int, int, bool]]:
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.count(delimiter) + 1, not line.strip()


def _quoted_rows(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, int, bool]]:
    """As `_plain_rows`, where quoted cells may have commas and line ends of their own."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    number = 1
    try:
        for cells in reader:
            yield number, max(1, len(cells)), not "".join(cells).strip()
            number = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {number}: expected quote marks in pairs around whole cells; {error}") from None
