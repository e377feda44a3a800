"""Columns of a table as numbers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from numbers import Real

import numpy as np
import pandas as pd

from gman_search.data.tables.missing_words import is_missing_word, missing_words_note
from gman_search.data.tables.numerals import NAMES, OTHER, NumberStyle, style_of
from gman_search.data.tables.table import Table, quoted
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["ADD_HEADER", "Numbers", "numbers_of"]

ADD_HEADER = "add a line of names above the first, such as time,sensor,reading"
"""What to do about a long table without a header, whose columns no setting can name."""
SHOWN = 3


class Numbers:
    """Reads columns of one table in the style that its numbers show; collects what is to be noted."""

    def __init__(self, table: Table, positions: Sequence[int], options: ReadingOptions) -> None:
        """`positions` are the columns whose cells show how the file writes numbers.

        Raises:
            DataError: they can be read in two ways.
        """
        self.table = table
        self.words: Counter[str] = Counter()
        self.style = style_of(
            table.path,
            _different_texts(table.cells, positions),
            delimiter=table.delimiter,
            decimal=options.decimal,
            codes=options.missing_codes,
        )
        self.grouped: str | None = None
        self.decimal_comma = False

    def column(self, position: int) -> np.ndarray:
        """A column as numbers (R,), NaN where it says that there is none.

        Raises:
            DataError: with the place of the first cell that is neither.
        """
        return numbers_of(self, position)

    @property
    def decimal(self) -> str | None:
        """The decimal mark, where other files of the same origin may be read in two ways without it."""
        return self.style.decimal if self.style.doubtful or self.grouped else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was made of marks and of words for missing readings."""
        notes = self.style.notes
        if self.grouped is not None and not notes:
            value = self.style.number(self.grouped)
            notes += (f"marks in numbers group thousands: {self.grouped!r} is read as {value:.15g}",)
        if self.decimal_comma and not notes:
            notes += (f"commas in numbers are decimal commas, as {self.table.path.name} writes them",)
        return notes + missing_words_note(self.words)


def numbers_of(numbers: Numbers, position: int) -> np.ndarray:
    """A column as numbers (R,), NaN where a cell says that there is none.

    Raises:
        DataError: with the place of the first cell that is neither, or that no cell is a number.
    """
    column = numbers.table.cells.iloc[:, position]
    if pd.api.types.is_bool_dtype(column.dtype):
        raise _no_numbers(numbers.table, position, 0, column.iloc[0])
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        raise _no_numbers(numbers.table, position, 0, column.iloc[0])
    if numbers.style.decimal == "." and isinstance(column.dtype, pd.StringDtype):
        whole: np.ndarray = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        if not np.isnan(whole).any():  # nothing to look at closer, which costs five times as much
            return whole
    return _closer(numbers, position, column)


def _closer(numbers: Numbers, position: int, column: pd.Series) -> np.ndarray:
    codes, different = pd.factorize(column, use_na_sentinel=False)
    counts = np.bincount(codes, minlength=len(different))
    values = np.full(len(different), np.nan)
    wrong = []
    for index, cell in enumerate(different):
        if isinstance(cell, Real) and not isinstance(cell, bool):  # NaN, too
            values[index] = float(cell)
            continue
        text = "" if cell is None or cell is pd.NA or cell is pd.NaT else str(cell).strip()
        if is_missing_word(text):
            numbers.words[text] += int(counts[index])
            continue
        number = numbers.style.number(text)
        if number is None:
            wrong.append(index)
            continue
        values[index] = number
        if numbers.grouped is None and numbers.style.is_grouped(text):
            numbers.grouped = text
        numbers.decimal_comma |= numbers.style.decimal == "," and "," in text
    if wrong:
        rows = np.flatnonzero(np.isin(codes, wrong))
        row = int(rows[0])
        if len(rows) > 1 and np.isnan(values).all():
            raise _no_numbers(numbers.table, position, row, different[codes[row]])
        raise DataError(
            f"{numbers.table.path}, {numbers.table.place(row)}, column {numbers.table.name(position)!r}: expected a "
            f"number; received {quoted(different[codes[row]])}{_advice(numbers, different[codes[row]])}"
        )
    return values[codes]


def _advice(numbers: Numbers, cell: object) -> str:
    text = str(cell).strip()
    other = OTHER[numbers.style.decimal]
    if text.endswith("%"):
        return ": write percents as plain numbers"
    if NumberStyle(other).number(text) is not None:
        return f', where {NAMES[numbers.style.decimal]} stand before decimals: data.decimal = "{other}" if not'
    if any(sign.isalpha() for sign in text) and any(sign.isdigit() for sign in text):
        return ": write numbers without units"
    if not any(sign.isdigit() for sign in text):
        return ": leave a cell blank where there is no reading"
    return ""


def _no_numbers(table: Table, position: int, row: int, cell: object) -> DataError:
    name = table.name(position)
    if table.width == 1 and table.delimiter:
        return DataError(
            f"{table.path}, {table.place(row)}: expected commas, semicolons or tabs between cells; received "
            f"{quoted(cell)}"
        )
    if table.header is None:
        return DataError(
            f"{table.path}: column {name} has no numbers, such as {quoted(cell)} in {table.place(row)}: if it "
            f"names the sensor of each row, {ADD_HEADER}; if it is no sensor, remove it"
        )
    return DataError(
        f"{table.path}: column {name!r} has no numbers, such as {quoted(cell)} in {table.place(row)}: if it is "
        f'no sensor, leave it out with data.ignore_columns = ["{name}"], and if it names the sensor of each row, say '
        f'data.sensor_column = "{name}"'
    )


def _different_texts(cells: pd.DataFrame, positions: Sequence[int]) -> Iterator[list[str]]:
    for position in positions:
        column = cells.iloc[:, position]
        if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
            continue
        yield [cell for cell in pd.unique(column) if isinstance(cell, str)]
