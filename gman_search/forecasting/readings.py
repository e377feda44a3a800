"""Recent readings in any of the forms people hold them in: a series, a data frame, or a file of any known format."""

from pathlib import Path

import pandas as pd

from gman_search.data.cleaning.clean import cleaned
from gman_search.data.read import AS_IT_STANDS, read_series, series_of
from gman_search.data.readings import Readings as FileReadings
from gman_search.data.series import TrafficSeries
from gman_search.data.tables.kinds import looks_like_time
from gman_search.data.tables.read import table_readings
from gman_search.data.tables.table import Table
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["Readings", "read_readings"]

Readings = TrafficSeries | pd.DataFrame | Path | str
FRAME = Path("the data frame")
TIME = "the index of the data frame"


def read_readings(source: Readings, options: ReadingOptions = AS_IT_STANDS) -> TrafficSeries:
    """Readings as a series. Sensors without any reading are let in: a detector that is dead now was not in training.

    Args:
        source: in any form.
        options: how they are to be read: as those of the training were, but for `start` and `step`.

    Raises:
        DataError: they are of no such form, cannot be read, or are not of regular times.
    """
    if isinstance(source, TrafficSeries):
        return cleaned(source, options.unit) if options.clean else source
    if isinstance(source, pd.DataFrame):
        return series_of(_frame_readings(source, options), options, allow_all_missing=True)
    if not isinstance(source, str | Path):
        raise DataError(
            f"expected readings as a file, a data frame or a TrafficSeries; received {type(source).__name__}: "
            "readings need times and names, as in pd.DataFrame(array, index=times, columns=sensors)"
        )
    return read_series(Path(source), options, allow_all_missing=True)


def _frame_readings(frame: pd.DataFrame, options: ReadingOptions) -> FileReadings:
    """A table: times in its index or in a column, one column of numbers a sensor; or a long one.

    Raises:
        DataError: times or numbers are not what they should be.
    """
    cells = frame.reset_index(drop=True)
    cells.columns = pd.RangeIndex(len(frame.columns))  # names may be equal, which is told later
    header = [str(column).strip() for column in frame.columns]
    index = frame.index
    if isinstance(index, pd.DatetimeIndex) or (len(index) and looks_like_time(str(index[0]))):
        cells.insert(0, TIME, index.to_series().reset_index(drop=True))
        header = ["time", *header]
    cells.columns = pd.RangeIndex(len(header))
    # A dead sensor's column of None has no type of numbers.
    cells = cells.astype({index: float for index in range(1, len(header)) if cells[index].isna().all()})
    wrong = [index for index in range(len(header)) if pd.api.types.is_bool_dtype(cells[index].dtype)]
    if wrong:
        raise DataError(f"{FRAME}, column {header[wrong[0]]!r}: expected numbers; received {cells[wrong[0]].dtype}")
    found = table_readings(Table(FRAME, header, cells, unit="row"), options, strict=False)
    if found.times is None and options.start is None:
        raise DataError(f"{FRAME}: expected times in the index or in a column; received none")
    return found
