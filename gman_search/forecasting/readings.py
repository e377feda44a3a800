"""Recent readings in any of the forms people hold them in: a series, a data frame, or a file of any known format."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.formats.times import times_of
from gman_search.data.read import MISSING, read_series, series_of
from gman_search.data.readings import Readings as FileReadings
from gman_search.data.readings import check_names
from gman_search.data.series import TrafficSeries
from gman_search.errors import DataError

__all__ = ["Readings", "read_readings"]

Readings = TrafficSeries | pd.DataFrame | Path | str
FRAME = Path("the data frame")


def read_readings(
    source: Readings,
    *,
    start: str | None = None,
    step: str | None = None,
    channel: int | str | None = None,
    missing: Collection[str] = MISSING,
) -> TrafficSeries:
    """Readings as a series. Sensors without any reading are let in: a detector that is dead now was not in training.

    Args:
        source: in any form.
        start: time of the first row, for files without times.
        step: time between rows, likewise.
        channel: which quantity, for files with several.
        missing: what is no reading, as in training.

    Raises:
        DataError: they are of no such form, cannot be read, or are not of regular times.
    """
    if isinstance(source, TrafficSeries):
        return source
    if isinstance(source, pd.DataFrame):
        return series_of(_frame_readings(source), missing=missing, silent=True)
    if not isinstance(source, str | Path):
        raise DataError(
            f"expected readings as a file, a data frame or a TrafficSeries; received {type(source).__name__}: "
            "readings need times and names, as in pd.DataFrame(array, index=times, columns=sensors)"
        )
    return read_series(Path(source), start=start, step=step, channel=channel, missing=missing, silent=True)


def _frame_readings(frame: pd.DataFrame) -> FileReadings:
    """A wide table: times in its index or its first column, one column of numbers a sensor.

    Raises:
        DataError: times or numbers are not what they should be.
    """
    if not isinstance(frame.index, pd.DatetimeIndex) and len(frame.columns):
        frame = frame.set_index(frame.columns[0])
    times = frame.index
    notes: tuple[str, ...] = ()
    if pd.api.types.is_string_dtype(times):  # as pd.read_csv leaves them
        read, notes = times_of(FRAME, times.to_series(), lambda row: row)
        times = pd.DatetimeIndex(read)
    if not isinstance(times, pd.DatetimeIndex):
        raise DataError(f"{FRAME}: expected times in the index or the first column; received {times.dtype}")
    if times.tz is not None:
        raise DataError(f"{FRAME}: expected local times without a time zone; received {times.tz}")
    sensors = tuple(str(column).strip() for column in frame.columns)
    check_names(FRAME, sensors)
    # A dead sensor's column of None has no type of numbers.
    frame = frame.astype({column: float for column in frame.columns if frame[column].isna().all()})
    wrong = [column for column in frame.columns if frame[column].dtype.kind not in "iuf"]
    if wrong:
        raise DataError(f"{FRAME}, column {wrong[0]!r}: expected numbers; received {frame[wrong[0]].dtype}")

    def place(row: int, column: int | None) -> str:
        return f"row {times[row]}" + ("" if column is None else f", column {sensors[column]!r}")

    values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    return FileReadings(FRAME, values, sensors, times.to_numpy().astype("datetime64[s]"), place, notes)
