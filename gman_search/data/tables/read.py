"""A table as readings: its columns are told apart, its cells become numbers and times."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gman_search.data.ignored_columns import kept_columns
from gman_search.data.readings import Readings, check_names
from gman_search.data.tables.clock_columns import refuse_clock
from gman_search.data.tables.hours_across import hours_across, refuse_days
from gman_search.data.tables.kinds import Kind, kind_of
from gman_search.data.tables.layout import TimeColumns, time_columns
from gman_search.data.tables.long import chosen_value, long_suspicion, sensor_column, spread
from gman_search.data.tables.missing_words import is_missing_word
from gman_search.data.tables.numbers import Numbers
from gman_search.data.tables.row_numbers import row_number_note, row_numbers
from gman_search.data.tables.second_passes import first_passes
from gman_search.data.tables.table import Table, texts_of
from gman_search.data.tables.times import Stamps, times_of
from gman_search.data.tables.transposed import turned
from gman_search.data.tables.utc_names import in_named_zone
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["table_readings"]

NUMBERED = "the first line, {}, is taken for names of sensors: if it has readings, put a line of names above it"
UNNAMED = "the first line has readings, not names: sensors are called 0, 1, 2, ..."
NUMBERS = (Kind.NUMBER, Kind.BLANK, Kind.DIGITS)


def table_readings(table: Table, options: ReadingOptions, *, strict: bool = True) -> Readings:
    """Readings of a wide, long or transposed table.

    Args:
        table: all its columns.
        options: what the file does not say.
        strict: whether every pattern of `data.ignore_columns` must name a column.

    Raises:
        DataError: with line and column, or what cannot be told without a setting.
    """
    if table.header is not None:
        # As people see them: "  Speed" is "Speed".
        table = replace(table, header=[name.strip() for name in table.header])
        kept = kept_columns(table.path, table.header or [], options.ignore_columns, strict=strict)
        if len(kept) < table.width:
            table = table.columns(kept)
    table = turned(table) or table
    times = time_columns(table, options)
    table = _without_blank_rows(table, timed=bool(times.positions))
    names = table.header
    sensor = None
    if names is not None and (times.positions or options.sensor_column is not None):
        sensor = sensor_column(table.path, names, options.sensor_column)
    if sensor is not None and sensor not in times.all:
        return _long(table, times, sensor, options)
    return _wide(table, times, options, strict=strict)


def _wide(table: Table, times: TimeColumns, options: ReadingOptions, *, strict: bool) -> Readings:
    counter = row_numbers(table, times.positions)
    left = {*times.all, *(() if counter is None else (counter,))}
    positions = [index for index in range(table.width) if index not in left]
    named = table.header is not None
    names = [table.name(index) if named else str(number) for number, index in enumerate(positions)]
    if not named:  # by names that are numbers, as they are shown
        kept = kept_columns(table.path, names, options.ignore_columns, strict=strict)
        positions, names = [positions[index] for index in kept], [names[index] for index in kept]
    check_names(table.path, names)
    stamps = None
    if times.positions:
        stamps = _stamps(table, times, options)
        refuse_days(table.path, hours_across(names) if named else (), stamps.times)
        columns = [(table.name(index), table.cells.iloc[:, index]) for index in positions]
        long_suspicion(table.path, stamps.instants, columns, named=named)
    chosen, said = _chosen_column(table, names, options.channel)
    said = said if strict else ()
    positions, names = [positions[index] for index in chosen], [names[index] for index in chosen]
    numbers = Numbers(table, positions, options)
    values = np.stack([numbers.column(position) for position in positions], axis=1)
    notes = (*table.notes, *times.notes, *said, *numbers.notes)
    if counter is not None:
        notes += (row_number_note(table, counter),)
    notes += (UNNAMED,) if table.header is None else _doubt(names, values)

    def place(row: int, column: int | None) -> str:
        # A line can be looked up; the row of a binary file can not, but its time can.
        when = "" if stamps is None or table.unit == "line" else f" ({str(stamps.times[row]).replace('T', ' ')})"
        return table.place(row) + when + ("" if column is None else f", column {names[column]!r}")

    found = Readings(table.path, values, tuple(names), None, place, notes, decimal=numbers.decimal)
    if stamps is None:
        return found
    return _timed(replace(found, times=stamps.times, instants=stamps.instants), stamps)


def _chosen_column(table: Table, names: list[str], channel: int | str | None) -> tuple[list[int], tuple[str, ...]]:
    """Which of a wide table's columns are read, and a note: one alone where `data.channel` has its name.

    A number is none: names may be numbers themselves, and an array's channel is kept for recent files of other formats.
    """
    every = list(range(len(names)))
    if channel is None:
        return every, ()
    wanted = str(channel).strip().lower()
    found = [index for index in every if names[index].strip().lower() == wanted and not wanted.isdecimal()]
    if len(found) == 1:
        return found, (f"only column {names[found[0]]!r} is read, as data.channel says",)
    told = f"data.channel = {channel!r} is ignored: {table.path.name} has one column a sensor, and none of that name"
    return every, (told,)


def _long(table: Table, times: TimeColumns, sensor: int, options: ReadingOptions) -> Readings:
    names = table.header or []
    if not times.positions:
        raise DataError(f"{table.path}: expected a column of times with {names[sensor]!r}; received none")
    taken = {*times.all, sensor}
    candidates = [index for index in range(table.width) if index not in taken and kind_of(table, index) in NUMBERS]
    text = [index for index in range(table.width) if index not in taken and index not in candidates]
    if not candidates or (options.channel is not None and len(text) + len(candidates) == 1):
        candidates = [*candidates, *text]
    sensors, stamps = texts_of(table.cells.iloc[:, sensor]), None
    if len(text) + len(candidates) > 1:
        stamps = _stamps(table, times, options)
        days = bool((stamps.times == stamps.times.astype("datetime64[D]")).all())
        if options.channel is None:
            refuse_days(table.path, hours_across([names[index] for index in candidates]), stamps.times)
        others = [(names[index], table.cells.iloc[:, index]) for index in sorted({*text, *candidates})]
        refuse_clock(table.path, stamps.instants, sensors, others, days=days)
    value, passed = chosen_value(table.path, names, candidates, options.channel)
    numbers = Numbers(table, [value], options)
    values = numbers.column(value)
    stamps = stamps or _stamps(table, times, options)
    if not stamps.zoned:
        keep, changes = first_passes(stamps.times, sensors, options.timezone)
        if changes:
            table, values, sensors, passed = table.rows(keep), values[keep], sensors[keep], (*passed, *changes)
            stamps = replace(stamps, times=stamps.times[keep], instants=stamps.instants[keep])
    found = spread(table.path, stamps.times, sensors.mask(sensors == ""), values, table.place, stamps.instants)
    notes = (*table.notes, *times.notes, *numbers.notes, *passed)
    return _timed(replace(found, notes=notes, decimal=numbers.decimal), stamps)


def _timed(found: Readings, stamps: Stamps) -> Readings:
    """With what the times showed; instants that are no more than the local times are left out."""
    return replace(
        found,
        instants=found.instants if stamps.zoned else None,
        day_first=stamps.day_first,
        notes=(*found.notes, *stamps.notes),
    )


def _stamps(table: Table, times: TimeColumns, options: ReadingOptions) -> Stamps:
    """The times of a table's rows, of one column, of a date and a clock or of a date, an hour and a minute."""
    found = times_of(table.path, _time_cells(table, times), table.place, options)
    names = [] if table.header is None else [table.name(position) for position in times.positions]
    return in_named_zone(table.path, names, found, options)


def _time_cells(table: Table, times: TimeColumns) -> pd.Series:
    dates, *clock = (table.cells.iloc[:, position] for position in times.positions)
    if not clock:
        return dates
    days = dates.dt.strftime("%Y-%m-%d") if pd.api.types.is_datetime64_any_dtype(dates.dtype) else texts_of(dates)
    hours = texts_of(clock[0])
    if len(clock) > 1:
        hours += ":" + texts_of(clock[1]).str.zfill(2)
    hours = hours.where(~hours.str.fullmatch("[0-9]{1,2}"), hours + ":00")
    hours = hours.where(~hours.str.fullmatch("[0-9]{4}"), hours.str[:2] + ":" + hours.str[2:])
    return days + " " + hours


def _without_blank_rows(table: Table, *, timed: bool) -> Table:
    """Blank lines are dropped where times say what belongs where; else they would move the rows after them."""
    if timed:
        blank = (table.cells == "").all(axis=1).to_numpy() | table.cells.isna().all(axis=1).to_numpy()
        return table.rows(~blank) if blank.any() else table
    if table.blank and table.width > 1:
        raise DataError(
            f"{table.path}, line {min(table.blank)}: expected {table.width} cells, as in the first; received 1"
        )
    return table


def _doubt(names: list[str], values: np.ndarray) -> tuple[str, ...]:
    """A note where the names are numbers such as the readings, and not just 0, 1, 2, ... or 1, 2, 3, ...

    A 0, or a word for a missing reading, may be a name among others.
    """
    counted = [[str(first + index) for index in range(len(names))] for first in (0, 1)]
    told = [name for name in names if not is_missing_word(name)]
    if names in counted or not all(name.isdecimal() for name in told):
        return ()
    numbers = [float(name) for name in told if float(name)]
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    if not numbers or not low <= min(numbers) <= max(numbers) <= high:
        return ()
    return (NUMBERED.format(", ".join(names[:3]) + (", ..." if len(names) > 3 else "")),)
