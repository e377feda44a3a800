"""Cells of a file with rows and columns, before anything is decided about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["Table", "blanked", "quoted", "texts_of"]

SHOWN = 80
"""Characters of a cell that a message quotes; a binary file may be taken for one long cell."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class Table:
    """Cells (R, W): text, or values of their own where the format has such (numbers, dates).

    A row's label in `cells` is where it stands in the file, counted in `unit`s; its columns are labelled 0, 1, 2, ...
    `header` has the name of each column, or is None where there is none. `delimiter` is what stood between the cells,
    "" where the format needs none. `blank` tells rows whose whole line was blank.
    """

    path: Path
    header: list[str] | None
    cells: pd.DataFrame
    unit: str = "line"
    delimiter: str = ""
    blank: frozenset[int] = field(default_factory=frozenset)
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """W, the number of columns."""
        return self.cells.shape[1]

    def name(self, position: int) -> str:
        """What a column is called in a message: its name, or its number from 1."""
        return str(position + 1) if self.header is None else self.header[position][:LONGEST_NAME]

    def key(self, position: int) -> str:
        """A column's name as lists of known names have it."""
        return "" if self.header is None else " ".join(self.header[position].strip().lower().split())

    def place(self, row: int) -> str:
        """Where a row stands in the file, such as "line 3"."""
        return f"{self.unit} {self.cells.index[row]}"

    def rows(self, keep: np.ndarray) -> "Table":
        """Only some of the rows; `keep` (R,) is a mask."""
        return replace(self, cells=self.cells[keep])

    def columns(self, positions: Sequence[int]) -> "Table":
        """Only some of the columns, in the order given."""
        cells = self.cells.iloc[:, list(positions)].copy()
        cells.columns = pd.RangeIndex(len(positions))
        header = None if self.header is None else [self.header[position] for position in positions]
        return replace(self, header=header, cells=cells)


def blanked(cells: pd.DataFrame, positions: Iterable[int], rows: np.ndarray) -> pd.DataFrame:
    """A copy of the cells without those of the columns at `positions` in some `rows` (R,), a mask."""
    cells = cells.copy()
    for position in positions:
        column = cells.iloc[:, position]
        blank = np.nan if pd.api.types.is_numeric_dtype(column.dtype) else ""
        cells.isetitem(position, column.mask(rows, blank).to_numpy())
    return cells


def quoted(cell: object) -> str:
    """A cell as a message quotes it: not more of it than people read."""
    text = str(cell).strip()
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")


def texts_of(column: pd.Series) -> pd.Series:
    """A column as stripped text, "" where it has nothing; whole numbers without ".0", dates like 2025-03-03."""
    if pd.api.types.is_float_dtype(column.dtype):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        seen = numbers[~np.isnan(numbers)]
        if len(seen) and (np.abs(seen) < 2**53).all() and (seen % 1 == 0).all():
            whole = pd.Series(np.nan_to_num(numbers).astype(np.int64), index=column.index).astype(str)
            return whole.mask(np.isnan(numbers), "")
    texts = column.astype(object).map(_text)
    return texts.astype(str)


def _text(cell: object) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)) or cell is pd.NA:
        return ""
    if isinstance(cell, float) and cell % 1 == 0 and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell).strip()
