"""A graph's text as cells: whatever stands between them, and the lines they come from."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gman_search.data.graphs.columns import coordinate_columns, link_columns
from gman_search.data.size_limits import check_size
from gman_search.errors import DataError

__all__ = ["GraphTable", "is_number", "read_cells"]

LOOKED_AT = 20
"""Lines that decide what stands between cells."""
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
EXCEL_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


@dataclass(frozen=True)
class GraphTable:
    """Rows of cells without spaces and quotes around them; `lines` are their lines in the file.

    `delimiter` is a blank where any number of spaces part cells.
    """

    path: Path
    rows: list[list[str]]
    lines: list[int]
    delimiter: str = ","

    @property
    def first(self) -> list[str]:
        """Cells of the first row, or nothing."""
        return self.rows[0] if self.rows else []

    def below_first(self) -> "GraphTable":
        """The rows below a header."""
        return GraphTable(self.path, self.rows[1:], self.lines[1:], self.delimiter)

    def even(self) -> "GraphTable":
        """This table, after all rows were found to have as many cells as the first.

        Raises:
            DataError: there are no rows, or with the line of one that is shorter or longer.
        """
        if not self.rows:
            raise DataError(f"{self.path}: expected rows of numbers; received none")
        width = len(self.rows[0])
        for cells, line in zip(self.rows, self.lines, strict=True):
            if len(cells) != width:
                raise DataError(
                    f"{self.path}, line {line}: expected {width} cells, as in the first line; received {len(cells)}"
                )
        return self

    def column(self, position: int) -> list[str]:
        """Cells of one column."""
        return [cells[position] for cells in self.rows]


def read_cells(path: Path, text: str) -> GraphTable:
    """Cells of a text with commas, semicolons, tabs, bars or spaces between them.

    Lines of comments (#) are left out, but for one right above the rows that names their columns.

    Raises:
        DataError: it cannot be parted into cells.
    """
    lines: list[tuple[int, str]] = []
    comment, delimiter = (0, ""), ""
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        said = EXCEL_SEPARATOR.fullmatch(line.strip())
        if said and not lines:
            delimiter = said[1]
        elif line.lstrip().startswith("#"):
            comment = comment if lines else (number, line.strip().lstrip("#").strip())
        elif line.strip():
            lines.append((number, line))
    delimiter = delimiter or _delimiter([line for _, line in lines[:LOOKED_AT]])
    rows, numbers = [], []
    for number, cells in _parted(path, lines, delimiter):
        rows.append(cells)
        numbers.append(number)
    if rows and all(len(cells) > 2 and not cells[-1] for cells in rows):  # a delimiter ends every line
        rows = [cells[:-1] for cells in rows]
    check_size(path, (len(rows), len(rows[0]) if rows else 0))
    for number, names in _parted(path, [comment], delimiter):
        if rows and len(names) == len(rows[0]) and (link_columns(names) or coordinate_columns(names)):
            rows, numbers = [names, *rows], [number, *numbers]
    return GraphTable(path, rows, numbers, delimiter)


def is_number(text: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _delimiter(lines: list[str]) -> str:
    for delimiter in "\t;|":
        if lines and all(delimiter in line for line in lines):
            return delimiter
    if not any("," in line for line in lines):
        return " " if any(len(line.split()) > 1 for line in lines) else ","
    # `0 1 0,5`: spaces between cells and commas in their numbers.
    parts = [line.split() for line in lines]
    decimal = all("," not in cell or DECIMAL_COMMA.fullmatch(cell) for cells in parts for cell in cells)
    return " " if decimal and {len(cells) for cells in parts} not in ({0}, {1}) else ","


def _parted(path: Path, lines: list[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of every row; quoted cells may have delimiters in them."""
    try:
        for number, line in lines:
            if delimiter == " ":
                cells = line.split() if '"' not in line else next(csv.reader([line.strip()], delimiter=" "))
            elif '"' not in line or line.count('"') % 2:  # an inch mark in a name is no quote
                cells = line.split(delimiter)
            else:
                cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
            yield number, [cell.strip().strip('"').strip() for cell in cells]
    except csv.Error as error:
        raise DataError(f"{path}: expected rows of cells; {error}") from None
