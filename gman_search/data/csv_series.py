"""Reading a wide CSV: one row a time step, one column a sensor, with or without a column of times."""

import csv
import gzip
import io
import warnings
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.series import TrafficSeries
from gman_search.errors import DataError

__all__ = ["read_series"]
TIME_NAMES = {"", "time", "times", "timestamp", "date", "datetime", "unnamed: 0"}
MAX_FILLED_SHARE = 0.5
"""A file whose regular time axis would be mostly made of gaps is more likely irregular than gappy."""


def read_series(path: Path, *, start: str | None = None, step: str | None = None) -> TrafficSeries:
    """Read `path` (.csv or .csv.gz).

    Args:
        path: the file; its first line names the sensors.
        start: time of the first row, needed where there is no time column.
        step: time between rows, such as "5min", needed where there is no time column.

    Raises:
        DataError: with file, line or column, in one line.
    """
    header, cells = _rows(path)
    has_times = _has_times(header, cells)
    blank = (cells == "").all(axis=1).to_numpy() if has_times else np.zeros(len(cells), dtype=bool)
    cells = cells[~blank]  # a row's label stays its line in the file, less the two of the header and of counting from 1
    sensors = tuple(name.strip() for name in (header[1:] if has_times else header))
    _check_header(path, sensors)
    readings = _numbers(path, cells.iloc[:, 1:] if has_times else cells, sensors)
    if has_times:
        times, readings, minutes = _regular(path, cells.iloc[:, 0], readings)
    else:
        times, minutes = _counted(path, len(readings), start, step)
    return TrafficSeries(readings.astype(np.float32), times, sensors, minutes)


def _rows(path: Path) -> tuple[list[str], pd.DataFrame]:
    if not path.is_file():
        raise DataError(f"expected a CSV of readings at {path}; there is no such file")
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        text = raw.decode("utf-8-sig").rstrip().replace("\r\n", "\n")
        header = next(csv.reader(io.StringIO(text)), [])
        cells = pd.read_csv(
            io.StringIO(text), header=None, skiprows=1, dtype=str, keep_default_na=False, skip_blank_lines=False
        )
    except UnicodeDecodeError:
        raise DataError(f"{path}: expected UTF-8 text; received other bytes: save it as UTF-8 CSV") from None
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: expected a header line and rows of readings; received no rows") from None
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        raise DataError(f"{path}: expected a CSV with the same number of cells in every line; {_line(error)}") from None
    if not header:
        raise DataError(f"{path}: expected the names of the sensors in the first line; received a blank line")
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise DataError(f"{path}: expected commas between cells; received {header[0]!r}: save it with commas")
    if '"' not in text:  # quoted cells may have commas and line ends of their own
        _check_lengths(path, text, len(header), timed=_has_times(header, cells))
    if cells.shape[1] != len(header):
        raise DataError(
            f"{path}: expected {len(header)} cells in every line, as in the header; received {cells.shape[1]}"
        )
    return header, cells


def _has_times(header: list[str], cells: pd.DataFrame) -> bool:
    return header[0].strip().lower() in TIME_NAMES or _looks_like_time(str(cells.iloc[0, 0]))


def _check_lengths(path: Path, text: str, width: int, *, timed: bool) -> None:
    # The parser fills short lines up with blanks; a blank line without a time would be a row, or move those after it.
    for number, line in enumerate(text.split("\n"), start=1):
        cells = line.count(",") + 1
        if cells != width and not (timed and not line.strip()):
            raise DataError(f"{path}, line {number}: expected {width} cells, as in the header; received {cells}")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _looks_like_time(cell: str) -> bool:
    # A reading is never a date: plain numbers are not tried.
    if any(sign in cell for sign in "-:/") and not cell.startswith("-"):
        return bool(_times(pd.Series([cell])).notna().all())
    return False


def _times(cells: pd.Series) -> pd.Series:
    """ISO times, or else times in one format that the first cell suggests; NaT where a cell is no time.

    Raises:
        ValueError: time zones differ from row to row.
    """
    times = pd.to_datetime(cells, format="ISO8601", errors="coerce")
    if not times.isna().any():
        return times
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it guesses; a wrong guess fails at a later row
        return pd.to_datetime(cells, errors="coerce")


def _check_header(path: Path, sensors: tuple[str, ...]) -> None:
    if not sensors:
        raise DataError(f"{path}: expected at least one column of readings; received none")
    doubled = {name for name in sensors if sensors.count(name) > 1} if len(set(sensors)) < len(sensors) else set()
    if "" in sensors:
        raise DataError(f"{path}: expected a name for every sensor; number {sensors.index('') + 1} has none: name it")
    if doubled:
        raise DataError(f"{path}: expected a different name for every sensor; received {sorted(doubled)[0]!r} twice")


def _numbers(path: Path, cells: pd.DataFrame, sensors: tuple[str, ...]) -> np.ndarray:
    columns = []
    for position, name in enumerate(sensors):
        texts = cells.iloc[:, position].str.strip()
        blank = texts.str.lower().isin(["", "nan", "na", "null", "none"])
        numbers = pd.to_numeric(texts.where(~blank, None), errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(np.isnan(numbers) & ~blank.to_numpy())
        first = cells.index[wrong[0]] + 2 if len(wrong) else 0
        if len(wrong) > 1 and len(wrong) == (~blank).sum():
            raise DataError(
                f"{path}: column {name!r} has no numbers, such as {texts.iloc[wrong[0]]!r} in line {first}: "
                "remove the column"
            )
        if len(wrong):
            raise DataError(
                f"{path}, line {first}, column {name!r}: expected a number; received {texts.iloc[wrong[0]]!r}"
            )
        if blank.all():
            raise DataError(f"{path}: column {name!r} has no readings at all (only NaN or blank): remove the column")
        outside = np.flatnonzero(~(np.isnan(numbers) | ((numbers >= 0) & (numbers <= np.finfo(np.float32).max))))
        if len(outside):
            raise DataError(
                f"{path}, line {cells.index[outside[0]] + 2}, column {name!r}: "
                f"expected a finite reading of at least 0; received {texts.iloc[outside[0]]}"
            )
        columns.append(np.nan_to_num(numbers))
    return np.stack(columns, axis=1)


def _regular(path: Path, cells: pd.Series, readings: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    try:
        stamps = _times(cells)
    except ValueError:
        raise DataError(f"{path}: expected local times without a time zone; received several time zones") from None
    wrong = np.flatnonzero(stamps.isna())
    if len(wrong):
        raise DataError(
            f"{path}, line {cells.index[wrong[0]] + 2}: expected a time; received {cells.iloc[wrong[0]]!r}: "
            "write it like 2025-03-03 00:05"
        )
    if getattr(stamps.dt, "tz", None) is not None:
        raise DataError(f"{path}: expected local times without a time zone; received {cells.iloc[0]!r}")
    times = stamps.to_numpy().astype("datetime64[s]")
    if len(times) < 2:
        raise DataError(f"{path}: expected at least two rows; received {len(times)}")
    gaps = np.diff(times).astype(np.int64)
    if (gaps <= 0).any():
        row = int(np.flatnonzero(gaps <= 0)[0]) + 1
        raise DataError(
            f"{path}, line {cells.index[row] + 2}: expected rising times; received {cells.iloc[row]!r} again or earlier"
        )
    seconds = int(gaps.min())
    if (gaps % seconds).any() or seconds % 60:
        row = int(np.flatnonzero(gaps % seconds)[0]) + 1 if (gaps % seconds).any() else 1
        raise DataError(
            f"{path}, line {cells.index[row] + 2}: expected regular steps of whole minutes; resample the file first"
        )
    rows = np.concatenate([[0], np.cumsum(gaps // seconds)])
    if rows[-1] + 1 > len(times) / MAX_FILLED_SHARE:
        raise DataError(
            f"{path}: expected steps of {seconds // 60} min with few gaps; received {len(times)} rows for "
            f"{rows[-1] + 1} steps: resample the file first"
        )
    filled = np.zeros((int(rows[-1]) + 1, readings.shape[1]))  # a missing row is a row of missing readings
    filled[rows] = readings
    return times[0].astype("datetime64[m]") + np.arange(len(filled)) * (seconds // 60), filled, seconds // 60


def _counted(path: Path, rows: int, start: str | None, step: str | None) -> tuple[np.ndarray, int]:
    if start is None or step is None:
        missing = " and ".join(flag for flag, value in (("--start", start), ("--step", step)) if value is None)
        raise DataError(f"{path} has no time column: give {missing}, such as --start 2012-03-01 --step 5min")
    first = pd.to_datetime(start, errors="coerce")
    if pd.isna(first) or first.tzinfo is not None:
        raise DataError(f"expected a time without time zone for --start, such as 2012-03-01; received {start!r}")
    try:
        minutes = pd.Timedelta(step) / pd.Timedelta(minutes=1)
    except ValueError:
        minutes = 0.0
    if not minutes >= 1 or minutes % 1:  # not: NaT is neither
        raise DataError(f"expected whole minutes for --step, such as 5min; received {step!r}")
    return np.datetime64(first.to_pydatetime(), "m") + np.arange(rows) * int(minutes), int(minutes)
