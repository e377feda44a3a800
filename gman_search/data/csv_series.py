"""Reading a wide CSV: one row a time step, one column a sensor, with or without a column of times."""

import csv
import gzip
import io
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
    has_times = header[0].strip().lower() in TIME_NAMES or _looks_like_time(str(cells.iloc[0, 0]))
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
        text = raw.decode("utf-8-sig")
        header = next(csv.reader(io.StringIO(text)), [])
        cells = pd.read_csv(io.StringIO(text), header=None, skiprows=1, dtype=str, keep_default_na=False)
    except UnicodeDecodeError:
        raise DataError(f"{path}: expected UTF-8 text; received other bytes: save it as UTF-8 CSV") from None
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: expected a header line and rows of readings; received no rows") from None
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: expected a CSV with the same number of cells in every line; {_line(error)}") from None
    if cells.shape[1] != len(header):
        raise DataError(
            f"{path}: expected {len(header)} cells in every line, as in the header; received {cells.shape[1]}"
        )
    return header, cells


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _looks_like_time(cell: str) -> bool:
    # A reading is never a date: plain numbers are not tried.
    if any(sign in cell for sign in "-:/") and not cell.startswith("-"):
        return bool(pd.notna(pd.to_datetime(cell, errors="coerce")))
    return False


def _check_header(path: Path, sensors: tuple[str, ...]) -> None:
    if not sensors:
        raise DataError(f"{path}: expected at least one column of readings; received none")
    doubled = {name for name in sensors if sensors.count(name) > 1} if len(set(sensors)) < len(sensors) else set()
    if doubled:
        raise DataError(f"{path}: expected a different name for every sensor; received {sorted(doubled)[0]!r} twice")


def _numbers(path: Path, cells: pd.DataFrame, sensors: tuple[str, ...]) -> np.ndarray:
    columns = []
    for position, name in enumerate(sensors):
        texts = cells.iloc[:, position].str.strip()
        blank = texts.str.lower().isin(["", "nan", "na", "null", "none"])
        numbers = pd.to_numeric(texts.where(~blank, None), errors="coerce").to_numpy(dtype=float)
        wrong = np.flatnonzero(np.isnan(numbers) & ~blank.to_numpy())
        if len(wrong):
            raise DataError(
                f"{path}, line {wrong[0] + 2}, column {name!r}: expected a number; received {texts.iloc[wrong[0]]!r}"
            )
        if blank.all():
            raise DataError(f"{path}: column {name!r} has no readings at all (only NaN or blank): remove the column")
        outside = np.flatnonzero(~(np.isnan(numbers) | ((numbers >= 0) & np.isfinite(numbers))))
        if len(outside):
            raise DataError(
                f"{path}, line {outside[0] + 2}, column {name!r}: expected a reading of at least 0; "
                f"received {texts.iloc[outside[0]]}"
            )
        columns.append(np.nan_to_num(numbers))
    return np.stack(columns, axis=1)


def _regular(path: Path, cells: pd.Series, readings: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    stamps = pd.to_datetime(cells, errors="coerce")
    wrong = np.flatnonzero(stamps.isna())
    if len(wrong):
        raise DataError(f"{path}, line {wrong[0] + 2}: expected a time; received {cells.iloc[wrong[0]]!r}")
    if getattr(stamps.dt, "tz", None) is not None:
        raise DataError(f"{path}: expected local times without a time zone; received {cells.iloc[0]!r}")
    times = stamps.to_numpy().astype("datetime64[s]")
    if len(times) < 2:
        raise DataError(f"{path}: expected at least two rows; received {len(times)}")
    gaps = np.diff(times).astype(np.int64)
    if (gaps <= 0).any():
        line = int(np.flatnonzero(gaps <= 0)[0]) + 3
        raise DataError(
            f"{path}, line {line}: expected rising times; received {cells.iloc[line - 2]!r} again or earlier"
        )
    seconds = int(gaps.min())
    if (gaps % seconds).any() or seconds % 60:
        line = int(np.flatnonzero(gaps % seconds)[0]) + 3 if (gaps % seconds).any() else 3
        raise DataError(f"{path}, line {line}: expected regular steps of whole minutes; resample the file first")
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
    if pd.isna(first):
        raise DataError(f"expected a time for --start, such as 2012-03-01; received {start!r}")
    try:
        minutes = pd.Timedelta(step) / pd.Timedelta(minutes=1)
    except ValueError:
        minutes = 0.0
    if minutes < 1 or minutes != int(minutes):
        raise DataError(f"expected whole minutes for --step, such as 5min; received {step!r}")
    return np.datetime64(first.to_pydatetime(), "m") + np.arange(rows) * int(minutes), int(minutes)
