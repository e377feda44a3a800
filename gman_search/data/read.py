"""The one door through which readings come in: the format is told by the file's content."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from gman_search.data.cleaning.clean import cleaned
from gman_search.data.formats.by_content import file_readings
from gman_search.data.ignored_columns import no_sensors_note
from gman_search.data.joined import joined
from gman_search.data.readings import Readings
from gman_search.data.series import TrafficSeries
from gman_search.data.sources import is_several, source_files
from gman_search.data.suspected_codes import suspected_codes, suspicion
from gman_search.data.tables.dates import BY_DAY_FIRST
from gman_search.data.time_axis import counted_axis, regular_axis
from gman_search.data.time_zone import check_zone
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["AS_IT_STANDS", "read_series", "series_of"]

AS_IT_STANDS = ReadingOptions()


def read_series(
    path: Path, options: ReadingOptions = AS_IT_STANDS, *, blank: float = 0.0, allow_all_missing: bool = False
) -> TrafficSeries:
    """Read a file of readings: wide or long CSV (also packed), pandas HDF5, .npz, .npy, Parquet, Feather, Excel, PeMS.

    Args:
        path: the file; or a folder or a pattern such as pems/*.txt.gz, whose files are one series.
        options: what the file does not say: `start` and `step` where it has no times (npz, CSV without a column of
            times), `channel` where it has several quantities, what is missing.
        blank: what stands for a missing reading that is no 0 in the file; NaN tells them apart.
        allow_all_missing: whether a sensor may have no reading at all. Nothing can be learnt from such a sensor, but it
            can be forecast.

    Raises:
        DataError: with file, line (or row) and column, in one line.
    """
    if not is_several(path):
        return series_of(
            file_readings(path, options, allow_all_missing), options, blank=blank, allow_all_missing=allow_all_missing
        )
    parts = _parts(path, options, allow_all_missing)
    made = partial(series_of, blank=blank, allow_all_missing=allow_all_missing)
    try:
        return made(joined(path, parts, options.timezone), options)
    except DataError:
        if options.day_first is not None or all(part.day_first is None for part in parts):
            raise
        found = []
        for day_first in BY_DAY_FIRST:  # one file of a day shows less of day and month than all of them
            rules = options.model_copy(update={"day_first": day_first})
            with suppress(DataError):
                found.append(made(joined(path, _parts(path, rules, allow_all_missing), rules.timezone), rules))
        if len(found) != 1:
            raise
    order = BY_DAY_FIRST[bool(found[0].day_first)]
    told = (
        f"dates are read as {order}, the only order in which the files of {path.name} are "
        "one series of regular steps (data.day_first)"
    )
    return replace(found[0], notes=(*found[0].notes, told))


def _parts(path: Path, options: ReadingOptions, allow_all_missing: bool) -> list[Readings]:
    """The readings of each file that `path` stands for."""
    parts = []
    for file in source_files(path):
        try:
            parts.append(file_readings(file, options, allow_all_missing))
        except DataError as error:
            raise DataError(
                f"{error} (one of the files of {path}: if it does not belong there, give a pattern of those that do)"
            ) from None
    return parts


def series_of(
    readings: Readings, options: ReadingOptions = AS_IT_STANDS, *, blank: float = 0.0, allow_all_missing: bool = False
) -> TrafficSeries:
    """Readings on a regular axis of time; arguments and errors as in `read_series`."""
    start, step = options.start, options.step
    if not allow_all_missing:
        readings = readings.without_silent()
    if options.timezone is not None:
        check_zone(options.timezone)
    coded = readings.without_codes(options.missing_codes)
    codes = np.isnan(coded.values) & ~np.isnan(readings.values) if coded is not readings else None
    # A negative one is refused, or "negative" in data.missing_values says what it is.
    suspects = () if allow_all_missing else tuple(code for code in suspected_codes(coded.values) if code > 0)
    values = coded.checked(options.missing_values, allow_all_missing=allow_all_missing, coded=codes)
    axis = counted_axis(readings, start, step) if readings.times is None else regular_axis(readings, options.timezone)
    notes = (*coded.notes, *axis.notes)
    if readings.times is not None and (start is not None or step is not None):
        notes += (f"--start and --step are ignored: {readings.path.name} has times of its own",)
    # Where clocks went back it says when.
    if options.timezone is not None and readings.instants is None and not any("clocks went" in note for note in notes):
        notes += (f"data.timezone is ignored: times in {readings.path.name} have no time zone",)
    if readings.observed is not None and readings.observed.note:
        notes += (readings.observed.note,)
    elif readings.observed is None and options.min_observed:
        notes += (f"data.min_observed is ignored: {readings.path.name} does not say what was observed",)
    values = axis.filled(values)
    if suspects:
        notes += (suspicion(suspects),)
    if not allow_all_missing:
        notes += no_sensors_note(values, axis.times, readings.sensors)
    if not np.isnan(blank):
        values = np.nan_to_num(values, nan=blank)
    series = TrafficSeries(
        values,
        axis.times,
        readings.sensors,
        axis.minutes,
        notes,
        day_first=readings.day_first,
        decimal=readings.decimal,
    )
    return cleaned(series, options.unit, blank=blank) if options.clean else series
