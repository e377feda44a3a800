"""Forecasts as a file: the format that its name says, and never over the readings that they are made from."""

import gzip
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from gman_search.errors import DataError, UsageError
from gman_search.forecasting.forecast import write_csv, write_parquet
from gman_search.io.atomic import atomic_write

__all__ = ["check_target", "format_of", "write_forecasts"]

ENDINGS: dict[str, Literal["csv", "gzip", "parquet", "excel"]] = {
    ".csv": "csv",
    ".txt": "csv",
    ".csv.gz": "gzip",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "excel",
}
MOST_EXCEL_ROWS = 2**20
"""Rows of a sheet, its header among them."""


def format_of(target: Path) -> Literal["csv", "gzip", "parquet", "excel"]:
    """The format that the name of `target` says; CSV where it has no ending.

    Raises:
        UsageError: the ending is of no format that can be written.
    """
    name = target.name.lower()
    found = next((form for ending, form in ENDINGS.items() if name.endswith(ending)), None)
    if found is None and target.suffix:
        raise UsageError(
            f"expected a file that ends in .csv, .csv.gz, .txt (CSV), .parquet, .pq or .xlsx to write forecasts to; "
            f"received {target}"
        )
    return found or "csv"


def check_target(target: Path, sources: Sequence[Path]) -> None:
    """Refuse to write over what forecasts are made from, or into what is read as readings next time.

    Args:
        target: file to be written.
        sources: files, folders or patterns of files.

    Raises:
        UsageError: `target` is one of them, by whatever name or link; or it is a folder.
    """
    if target.is_dir():
        raise UsageError(f"expected a file to write forecasts to; {target} is a folder")
    for source in sources:
        if _is_same(target, source) or fnmatch(str(target.absolute()), str(source.absolute())):
            raise UsageError(f"expected another file to write than to read; received {target}, which is {source}")
        if source.is_dir() and target.resolve().is_relative_to(source.resolve()):
            raise UsageError(
                f"expected a file outside {source}, all of whose files are readings; received {target}: choose "
                "another folder"
            )


def write_forecasts(tables: Iterable[pd.DataFrame], target: Path, digits: int) -> int:
    """Write tables as one file, whole or not at all; returns the number of rows.

    Raises:
        UsageError: of another ending.
        DataError: it cannot be written, or the library for its format is missing.
    """
    form = format_of(target)
    if form == "parquet":
        return write_parquet(tables, target)
    if form == "excel":
        return _write_excel(tables, target, digits)
    if form == "csv":
        return write_csv(tables, target, digits)
    with atomic_write(target) as partial, gzip.open(partial, "wt", encoding="utf-8", newline="") as stream:
        return write_csv(tables, stream, digits)


def _write_excel(tables: Iterable[pd.DataFrame], target: Path, digits: int) -> int:
    try:
        from openpyxl import Workbook
    except ImportError:
        raise DataError("Excel needs openpyxl: pip install openpyxl, or write CSV") from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet("forecast")
    rows = 0
    with atomic_write(target) as partial:
        try:
            for table in tables:
                if rows == 0:
                    sheet.append(list(table.columns))
                rows += len(table)
                if rows >= MOST_EXCEL_ROWS:
                    raise DataError(
                        f"{target}: expected at most {MOST_EXCEL_ROWS - 1:,} rows for a sheet of Excel; there are "
                        "more: write .csv or .parquet"
                    )
                for row in table.itertuples(index=False, name=None):
                    sheet.append([_cell(value, digits) for value in row])
        finally:
            sheet.close()
        book.save(partial)
    return rows


def _cell(value: Any, digits: int) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, str):
        return value
    return None if pd.isna(value) else round(float(value), digits)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist
        return one.resolve() == other.resolve()
