"""Excel workbooks, with openpyxl (extra `excel`): the sheet of readings as a table."""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gman_search.data.formats.first_line import refuse_second_header
from gman_search.data.formats.zipped import members
from gman_search.data.size_limits import check_inflation
from gman_search.data.tables.kinds import is_numeral, looks_like_time
from gman_search.data.tables.table import Table
from gman_search.errors import DataError, UsageError

__all__ = ["read_sheet"]

MAX_CELLS = 2**24
"""A sheet has at most a million rows, and its cells are read one by one."""
LOOKED_AT = 20
"""Rows that decide whether a sheet has a table of readings."""
ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"}


def read_sheet(path: Path, sheet: str | None) -> Table:
    """The sheet named `sheet`, or the only one with a table; labels of its rows are those of the sheet.

    Columns of numbers and of dates keep their values, others are text; errors of formulas are blank.

    Raises:
        UsageError: openpyxl is not installed.
        DataError: no sheet with a table, several and no choice, a damaged workbook, or one of a size that none has.
    """
    try:
        import openpyxl
    except ImportError:
        raise UsageError('reading Excel workbooks needs openpyxl: pip install "gman-search[excel]"') from None
    try:
        _check_content(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and charts that are not looked at
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                chosen, notes = _chosen(path, book, sheet)
                return _table(path, book[chosen], notes)
            finally:
                book.close()
    except DataError:
        raise
    except Exception as error:  # a damaged workbook can fail in any way
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
        raise DataError(f"{path}: expected an Excel workbook; {told}") from None


def _check_content(path: Path) -> None:
    """Refuse a workbook that unpacks to too much, or whose XML has definitions, which can grow without end."""
    found = members(path)
    check_inflation(path, path.stat().st_size, sum(member.file_size for member in found))
    with zipfile.ZipFile(path) as packed:
        for member in found:
            if member.filename.endswith((".xml", ".rels")):
                with packed.open(member) as file:
                    beginning = file.read(2048)
                if b"<!DOCTYPE" in beginning or b"<!ENTITY" in beginning:
                    raise DataError(f"{path}: expected an Excel workbook; received XML with definitions in it")


def _chosen(path: Path, book: Any, sheet: str | None) -> tuple[str, tuple[str, ...]]:
    """Name of the sheet to read, and notes on the choice."""
    names = [page.title for page in book.worksheets]
    if sheet is not None and sheet in names:
        return sheet, ()
    tables = [page.title for page in book.worksheets if page.sheet_state == "visible" and _is_table(page)]
    if not tables:  # numbers may be text, with commas for example
        shown = [page for page in book.worksheets if page.sheet_state == "visible"]
        tables = [page.title for page in shown if _is_table(page, text=True)]
    if not tables:
        raise DataError(
            f"{path}: expected a sheet with names of sensors and rows of readings; none of {', '.join(names)} has them"
            f"{_about_formulas(path)}"
        )
    if len(tables) > 1:
        said = f"there is no sheet {sheet!r}" if sheet is not None else "several have a table"
        raise DataError(
            f"{path}: expected one sheet of readings; {said}, {', '.join(map(repr, tables))}: choose one with "
            f'data.sheet = "{tables[0]}"'
        )
    notes: tuple[str, ...] = ()
    if sheet is not None:
        notes = (f"{path.name} has no sheet {sheet!r}: its only table, in {tables[0]!r}, was read",)
    elif len(names) > 1:
        notes = (f"of the sheets of {path.name} only {tables[0]!r} has a table of readings, and was read",)
    return tables[0], notes


def _is_table(page: Any, *, text: bool = False) -> bool:
    """Whether the first rows have names above numbers: two columns at least, numbers not only in the first.

    With `text`, numbers that are text count, too, where there are times with them.
    """
    rows = [row for _, row in zip(range(LOOKED_AT), _rows(page), strict=False)]
    body = [row for row in rows if sum(cell is not None for cell in row) > 1][1:]
    cells = [cell for row in body for cell in row[1:]]
    if text:
        timed = any(
            isinstance(cell, date) or (isinstance(cell, str) and looks_like_time(cell)) for row in body for cell in row
        )
        return timed and any(isinstance(cell, str) and is_numeral(cell) for cell in cells)
    return any(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells)


def _about_formulas(path: Path) -> str:
    """What to do where a program has written formulas without computing them."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, keep_links=False)
    try:
        found = any(
            isinstance(cell, str) and cell.startswith("=")
            for page in book.worksheets
            for _, row in zip(range(LOOKED_AT), _rows(page), strict=False)
            for cell in row
        )
    finally:
        book.close()
    return ": its formulas have no values: open it in a spreadsheet program and save it again" if found else ""


def _rows(page: Any) -> Iterator[Sequence[Any]]:
    page.reset_dimensions()  # some programs write wrong ones
    yield from page.iter_rows(values_only=True)


def _table(path: Path, page: Any, notes: tuple[str, ...]) -> Table:
    """The table of a sheet: from the first row with two cells on, without empty rows and columns around it."""
    rows: list[list[Any]] = []
    above, count, errors = 0, 0, 0
    for row in _rows(page):
        cells = list(row)
        while cells and cells[-1] is None:
            cells.pop()
        if not rows and sum(cell is not None for cell in cells) < 2:
            above += 1  # blank, or a title
            continue
        count += len(cells)
        if count > MAX_CELLS:
            raise DataError(
                f"{path}, sheet {page.title!r}: expected at most {MAX_CELLS:,} cells; received more: save it as CSV"
            )
        errors += sum(isinstance(cell, str) and cell.strip() in ERRORS for cell in cells)
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    width = max(map(len, rows), default=0)
    if width * len(rows) > MAX_CELLS:
        raise DataError(f"{path}, sheet {page.title!r}: expected a table; received {len(rows)} x {width} cells")
    left = min((next(i for i, cell in enumerate(row) if cell is not None) for row in rows if row), default=0)
    if above:
        notes += (f"the first {above} rows of sheet {page.title!r} are above its table and were left out",)
    if errors:
        notes += (f"{errors} cells of sheet {page.title!r} have an error of a formula and count as blank",)
    if not rows:
        raise DataError(f"{path}, sheet {page.title!r}: expected a table; received no row with two cells")
    full = [[_cell(cell) for cell in row[left:] + [None] * (width - len(row))] for row in rows]
    header = None if _is_readings(full[0]) else [_name(cell) for cell in full[0]]
    if len(full) <= int(header is not None):
        raise DataError(f"{path}, sheet {page.title!r}: expected rows of readings below the names; received none")
    body = full[int(header is not None) :]
    first = above + 1 + int(header is not None)
    if header is not None:
        begin = ([_written(cell) for cell in row] for row in body[:2])
        refuse_second_header(path, f"sheet {page.title!r}, row {first}", *begin)
    table = pd.DataFrame({index: _column([row[index] for row in body]) for index in range(width - left)})
    table.index = pd.RangeIndex(first, first + len(body))
    return Table(path, header, table, unit="row", notes=notes)


def _is_readings(first: Sequence[Any]) -> bool:
    """Whether the first row has readings and not names: a time, or numbers that are no whole ones.

    Several times and nothing but names with them are names of columns, of a table with its sensors in rows.
    """
    times = sum(isinstance(cell, datetime) for cell in first)
    if times > 1 and all(cell is None or isinstance(cell, datetime | str) for cell in first):
        return isinstance(first[0], datetime) and times < len(first) - 1
    return any(isinstance(cell, datetime) or (isinstance(cell, float) and not cell.is_integer()) for cell in first)


def _name(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else " ".join(str(cell).split())


def _cell(cell: Any) -> Any:
    return None if isinstance(cell, str) and (cell.strip() in ERRORS or not cell.strip()) else cell


def _column(cells: list[Any]) -> pd.Series:
    """Numbers or times where all cells that are there are such, else text."""
    there = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in there):
        return pd.Series([np.nan if cell is None else float(cell) for cell in cells], dtype=float)
    if all(isinstance(cell, date) for cell in there):  # a datetime is one, too
        # Excel counts in parts of a day, which are no whole seconds.
        stamps = [None if cell is None else pd.Timestamp(cell).round("s") for cell in cells]
        return pd.Series(pd.to_datetime(pd.Series(stamps)))
    return pd.Series([_written(cell) for cell in cells], dtype=str)


def _written(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, date | time):
        return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
    return repr(cell) if isinstance(cell, float) else " ".join(str(cell).split("\n"))
