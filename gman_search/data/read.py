"""The one door through which readings come in: the format is told by the file's content."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from gman_search.data.formats.csv_text import read_table
from gman_search.data.formats.long_csv import long_columns, long_readings
from gman_search.data.formats.wide_csv import wide_readings
from gman_search.data.readings import Readings
from gman_search.data.series import TrafficSeries
from gman_search.data.time_axis import counted_axis, regular_axis
from gman_search.errors import DataError

__all__ = ["MISSING", "read_series", "series_of"]

MISSING = ("zero", "nan")
HDF5, ZIP, PARQUET, GZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"PAR1", b"\x1f\x8b"
NUMPY, PICKLES = b"\x93NUMPY", (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read_series(
    path: Path,
    *,
    start: str | None = None,
    step: str | None = None,
    channel: int | str | None = None,
    missing: Collection[str] = MISSING,
    blank: float = 0.0,
    silent: bool = False,
) -> TrafficSeries:
    """Read a file of readings: wide or long CSV (also .gz), pandas HDF5, .npz, Parquet.

    Args:
        path: the file.
        start: time of the first row, needed where the file has no times (npz, CSV without a column of times).
        step: time between rows, such as "5min", needed where the file has no times.
        channel: which quantity, by number or name, where the file has several.
        missing: what is no reading besides 0: "nan" (NaN and blank cells), "negative".
        blank: what stands for a missing reading that is no 0 in the file; NaN tells them apart.
        silent: whether a sensor may have no reading at all; nothing can be learnt from one, but it can be forecast.

    Raises:
        DataError: with file, line (or row) and column, in one line.
    """
    found = _readings(path, channel)
    return series_of(found, start=start, step=step, missing=missing, blank=blank, silent=silent)


def series_of(
    readings: Readings,
    *,
    start: str | None = None,
    step: str | None = None,
    missing: Collection[str] = MISSING,
    blank: float = 0.0,
    silent: bool = False,
) -> TrafficSeries:
    """Readings on a regular axis of time; arguments and errors as in `read_series`."""
    values = readings.checked(missing, silent=silent)
    axis = counted_axis(readings, start, step) if readings.times is None else regular_axis(readings)
    notes = (*readings.notes, *axis.notes)
    if readings.times is not None and (start is not None or step is not None):
        notes += (f"--start and --step are not looked at: {readings.path.name} has times of its own",)
    values = axis.filled(values)
    if not np.isnan(blank):
        values = np.nan_to_num(values, nan=blank)
    return TrafficSeries(values, axis.times, readings.sensors, axis.minutes, notes)


def _readings(path: Path, channel: int | str | None) -> Readings:
    if not path.is_file():
        raise DataError(f"expected a file of readings at {path}; there is no such file")
    try:
        with path.open("rb") as file:
            beginning = file.read(8)
    except OSError as error:
        raise DataError(f"{path}: expected a file that can be read; {error.strerror}") from None
    if beginning.startswith(HDF5):
        from gman_search.data.formats.pandas_hdf import hdf_readings

        return hdf_readings(path)
    if beginning.startswith(ZIP):
        from gman_search.data.formats.npz import npz_readings

        return npz_readings(path, channel)
    if beginning.startswith(PARQUET):
        from gman_search.data.formats.parquet import parquet_readings

        return parquet_readings(path, channel)
    if beginning.startswith(PICKLES) or path.suffix in (".pkl", ".pickle"):
        raise DataError(f"{path}: expected readings; received a pickle, which may run code: save it as CSV or Parquet")
    if beginning.startswith(NUMPY):
        raise DataError(f"{path}: expected readings; received one array: np.savez_compressed(FILE, data=array)")
    table = read_table(path, packed=beginning.startswith(GZIP) or path.suffix == ".gz")
    columns = None if table.header is None else long_columns(path, table.header, channel)
    return wide_readings(table) if columns is None else long_readings(table, columns)
