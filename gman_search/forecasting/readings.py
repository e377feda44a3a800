"""Recent readings in any of the forms people hold them in: a series, a data frame, a CSV or a Parquet file."""

from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.csv_series import read_series
from gman_search.data.series import TrafficSeries
from gman_search.errors import DataError

__all__ = ["Readings", "read_readings", "series_of"]

Readings = TrafficSeries | pd.DataFrame | Path | str
MAX_FILLED_SHARE = 0.5


def read_readings(source: Readings, *, start: str | None = None, step: str | None = None) -> TrafficSeries:
    """Readings as a series; `start` and `step` are for CSV files without times.

    Raises:
        DataError: they cannot be read, or are not of regular times.
    """
    if isinstance(source, TrafficSeries):
        return source
    if isinstance(source, pd.DataFrame):
        return series_of(source, "the data frame")
    path = Path(source)
    if path.suffix.lower() not in (".parquet", ".pq"):
        return read_series(path, start=start, step=step)
    if not path.is_file():
        raise DataError(f"expected readings at {path}; there is no such file")
    try:
        frame = pd.read_parquet(path)
    except ImportError:
        raise DataError("Parquet needs pyarrow: pip install 'gman-search[parquet]', or give CSV") from None
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise DataError(f"{path}: expected a Parquet file; {' '.join(str(error).split())[:200]}") from None
    return series_of(frame, str(path))


def series_of(frame: pd.DataFrame, name: str) -> TrafficSeries:
    """A wide table as a series: times in its index or its first column, one column of numbers a sensor.

    NaN and 0 are missing readings; missing rows are rows of missing readings.

    Raises:
        DataError: times or numbers are not what they should be; `name` tells where.
    """
    if not isinstance(frame.index, pd.DatetimeIndex) and len(frame.columns):
        frame = frame.set_index(frame.columns[0])
    times = frame.index
    if not isinstance(times, pd.DatetimeIndex):
        raise DataError(f"{name}: expected times in the index or the first column; received {times.dtype}")
    if times.tz is not None:
        raise DataError(f"{name}: expected local times without a time zone; received {times.tz}")
    if len(times) < 2 or not len(frame.columns):
        raise DataError(f"{name}: expected at least two rows and one sensor; received {frame.shape}")
    sensors = tuple(str(column).strip() for column in frame.columns)
    if len(set(sensors)) < len(sensors):
        raise DataError(f"{name}: expected a different name for every sensor; received one twice")
    wrong = [column for column in frame.columns if frame[column].dtype.kind not in "iuf"]
    if wrong:
        raise DataError(f"{name}, column {wrong[0]!r}: expected numbers; received {frame[wrong[0]].dtype}")
    values = np.nan_to_num(frame.to_numpy(dtype=np.float64, na_value=np.nan), nan=0.0, posinf=np.inf, neginf=-1.0)
    if not ((values >= 0) & (values <= np.finfo(np.float32).max)).all():
        raise DataError(f"{name}: expected finite readings of at least 0")
    gaps: np.ndarray = np.diff(times.to_numpy().astype("datetime64[s]").astype(np.int64))
    if (gaps <= 0).any():
        row = int(np.flatnonzero(gaps <= 0)[0]) + 1
        raise DataError(f"{name}: expected rising times; received {times[row]} again or earlier")
    seconds = int(gaps.min())
    rows = np.concatenate([[0], np.cumsum(gaps // seconds)])
    if (gaps % seconds).any() or seconds % 60 or rows[-1] + 1 > len(times) / MAX_FILLED_SHARE:
        raise DataError(f"{name}: expected regular steps of whole minutes with few gaps: resample it first")
    filled = np.zeros((int(rows[-1]) + 1, len(sensors)), dtype=np.float32)
    filled[rows] = values
    minutes = seconds // 60
    return TrafficSeries(
        filled, times.to_numpy()[0].astype("datetime64[m]") + np.arange(len(filled)) * minutes, sensors, minutes
    )
