"""A column of a table as times: local ones, or instants that a time zone makes local."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.tables.dates import DateOrder, chosen_order, days_of
from gman_search.data.tables.intervals import are_intervals, is_offset
from gman_search.data.tables.stamp_numbers import number_times, serial_times
from gman_search.data.tables.stamp_text import StampText, is_clock, parsed
from gman_search.data.tables.table import quoted, texts_of
from gman_search.data.time_zone import EXAMPLE, wall_times
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["Stamps", "instant_stamps", "nearest_seconds", "times_of"]

Place = Callable[[int], object]
MANY = 1000
PLAIN = r"[12]\d{3}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?"
SECOND = np.timedelta64(500, "ms")


@dataclass(frozen=True)
class Stamps:
    """Local times (R,) datetime64[s], and the instants that they are, which tell rows of a repeated hour apart.

    `zoned` tells whether instants are in UTC; else they are the local times. `day_first` is what the column showed of
    the order of day and month, None where nothing.
    """

    times: np.ndarray
    instants: np.ndarray
    zoned: bool = False
    day_first: bool | None = None
    notes: tuple[str, ...] = ()


def times_of(path: Path, cells: pd.Series, place: Place, options: ReadingOptions) -> Stamps:
    """A column as times.

    Raises:
        DataError: with the place of the first cell that is no time; or times have a zone and `options` names none, or
            have none in some rows; or dates can be read in two ways that matter.
    """
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return _typed(path, cells, place, options)
    texts = texts_of(cells)
    codes, different = pd.factorize(texts)
    unique = [str(text) for text in different]
    rows = pd.Series(codes).drop_duplicates().index.to_numpy()  # the first row of each different text
    plain = _plain_times(different)
    if plain is not None:
        return _local(plain[codes])
    counted = number_times(unique)
    if counted is not None:
        if counted.unit is None:
            return _local(counted.times[codes])
        return instant_stamps(path, counted.times[codes], f"{unique[0]!r}, in {counted.unit} since 1970", options)
    if not unique:
        raise DataError(f"{path}: expected rows of times and readings below the header; received none")
    pieces = [parsed(text) for text in unique]
    for index, piece in enumerate(pieces):
        if piece is None or piece.family != (pieces[0] or piece).family:
            stamps = _serial(unique, codes) if index == 0 else None
            if stamps is not None:
                return stamps
            raise DataError(f"{path}, {place(int(rows[index]))}: {_no_time(unique[index], unique[0], index)}")
    return _read(path, unique, [piece for piece in pieces if piece], codes, rows, place, options)


def instant_stamps(path: Path, instants: np.ndarray, example: str, options: ReadingOptions) -> Stamps:
    """Instants (R,) in UTC as local times.

    Raises:
        DataError: `options` names no time zone, or an unknown one.
    """
    instants = instants.astype("datetime64[s]")
    if options.timezone is None:
        raise DataError(
            f"{path}: expected local times without a time zone; received {example}: name the zone of your sensors, "
            f"so that these become local times, with {EXAMPLE}"
        )
    note = f"times such as {example}, were changed to local time of {options.timezone} (data.timezone)"
    return Stamps(wall_times(instants, options.timezone), instants, zoned=True, notes=(note,))


def _plain_times(different: pd.Index) -> np.ndarray | None:
    """Times of which every one is written like 2025-03-03 00:05 or with seconds: the usual case, without a loop."""
    if len(different) < MANY or not different.str.fullmatch(PLAIN).all():
        return None
    times = pd.to_datetime(different, format="ISO8601", errors="coerce")
    return None if times.isna().any() else times.to_numpy().astype("datetime64[s]")


def _local(times: np.ndarray, day_first: bool | None = None, notes: tuple[str, ...] = ()) -> Stamps:
    times = times.astype("datetime64[s]")
    return Stamps(times, times, day_first=day_first, notes=notes)


def _typed(path: Path, cells: pd.Series, place: Place, options: ReadingOptions) -> Stamps:
    absent = np.flatnonzero(cells.isna())
    if len(absent):
        raise DataError(f"{path}, {place(int(absent[0]))}: expected a time in every row; received none")
    zone = getattr(cells.dtype, "tz", None)
    if zone is None:
        return _local(nearest_seconds(cells.to_numpy()))
    instants = cells.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return instant_stamps(path, nearest_seconds(instants), f"{cells.iloc[0]}, with the zone {zone}", options)


def nearest_seconds(times: np.ndarray) -> np.ndarray:
    """Times (R,) datetime64 of any unit to the nearest second: spreadsheets write 00:04:59.999999."""
    fine = times if times.dtype in ("datetime64[s]", "datetime64[D]") else times.astype("datetime64[us]") + SECOND
    seconds: np.ndarray = fine.astype("datetime64[s]")
    return seconds


def _serial(unique: list[str], codes: np.ndarray) -> Stamps | None:
    try:
        numbers = np.array([float(text.replace(",", ".")) for text in unique])
    except ValueError:
        return None
    times = serial_times(numbers)
    if times is None:
        return None
    told = f"times such as {unique[0]} are days as spreadsheets count them, and were read as {_shown(times[0])}"
    return _local(
        times[codes], notes=(f"{told}: if that is wrong, format the column as dates and save the file again",)
    )


def _no_time(text: str, first: str, index: int) -> str:
    if is_clock(text):
        return f"expected a time with its date; received {quoted(text)}: write it like 2025-03-03 00:05"
    if index and parsed(text) is not None:
        like = f"expected a time written like the first, {quoted(first)}"
        return f"{like}; received {quoted(text)}: write all in the same way"
    advice = ", or leave a column that only counts the rows out with data.ignore_columns" if text.isdigit() else ""
    return f"expected a time; received {quoted(text)}: write it like 2025-03-03 00:05{advice}"


def _read(
    path: Path,
    unique: list[str],
    pieces: list[StampText],
    codes: np.ndarray,
    rows: np.ndarray,
    place: Place,
    options: ReadingOptions,
) -> Stamps:
    parts = np.array([piece.numbers for piece in pieces], dtype=np.int64)
    clocks = np.array([piece.seconds or 0 for piece in pieces], dtype=np.int64)
    family, short = pieces[0].family, pieces[0].short_year

    def timed(days: np.ndarray) -> np.ndarray:
        return days.astype("datetime64[s]") + clocks

    order = DateOrder("year/month/day", "only")
    if family in ("year last", "two digits"):
        order = chosen_order(parts, timed, mark=pieces[0].mark, short_year=short, day_first=options.day_first)
    if order.why == "contradicted":
        raise DataError(
            f"{path}, {place(int(rows[0]))}: expected month/day/year, as data.day_first = false says; received "
            f"{unique[0]!r}, where points mean day.month.year: write it like 2025-03-03 00:05"
        )
    days = days_of(parts, order.name, short_year=short)
    wrong = np.flatnonzero(np.isnat(days))
    if len(wrong):
        row = int(rows[wrong[0]])
        known = f", as data.day_first = {str(options.day_first).lower()} says" if order.why == "given" else ""
        how = f" as {order.name}{known}" if order.day_first is not None else ""
        raise DataError(f"{path}, {place(row)}: expected a time{how}; received {unique[wrong[0]]!r}")
    if short and family == "two digits" and order.why in ("unclear",):
        ways = " or ".join(f"{days_of(parts[:1], name, short_year=True)[0]}" for name in (order.name, *order.others))
        raise DataError(
            f"{path}, {place(0)}: expected dates that can be read in one way; received {unique[0]!r}, which may be "
            f"{ways}: write years with four digits"
        )
    times = timed(days)
    notes = _order_notes(unique[0], order, times, parts, short=short)
    if are_intervals(pieces):
        begin = _shown(times[0])
        return _local(
            times[codes],
            order.day_first,
            (*notes, f"times such as {unique[0]!r} are intervals: their beginning is read, {begin}"),
        )
    _check_ends(path, unique, pieces, rows, place)
    zoned = [piece.offset is not None for piece in pieces]
    if any(zoned):
        if not all(zoned):
            row = int(rows[zoned.index(not zoned[0])])
            raise DataError(
                f"{path}, {place(row)}: expected a time zone in all times or in none; received "
                f"{unique[zoned.index(not zoned[0])]!r} after {unique[0]!r}"
            )
        offsets = np.array([piece.offset or 0 for piece in pieces], dtype=np.int64)
        found = instant_stamps(path, (times - offsets)[codes], f"{unique[0]!r}, with a time zone", options)
        return Stamps(found.times, found.instants, True, order.day_first, (*notes, *found.notes))
    return _local(times[codes], order.day_first, notes)


def _check_ends(path: Path, unique: list[str], pieces: list[StampText], rows: np.ndarray, place: Place) -> None:
    """Refuse what stands behind a time and is the offset of no place, nor the end of an interval as long as others."""
    for index, piece in enumerate(pieces):
        if piece.until is not None if piece.offset is None else not is_offset(piece.offset):
            raise DataError(
                f"{path}, {place(int(rows[index]))}: expected an offset from UTC of some place, or intervals that are "
                f"all of one length; received {unique[index]!r}: write times like 2025-03-03 00:05"
            )


def _order_notes(first: str, order: DateOrder, times: np.ndarray, parts: np.ndarray, *, short: bool) -> tuple[str, ...]:
    told = f"dates such as {first!r}"
    if short:
        return (f"years of two digits: {first!r} was read as {_shown(times[0])}",)
    if order.why == "steps":
        return (f"{told} were read as {order.name}, in which their steps are regular (data.day_first)",)
    if order.why == "unclear":
        other = order.others[0]
        day = days_of(parts[:1], other, short_year=False)[0]
        return (
            f"{told} can be read in two ways, and were read as {order.name}: if they are {other}, such as {day}, say "
            f"data.day_first = {str(not order.day_first).lower()}",
        )
    return ()


def _shown(time: np.datetime64) -> str:
    return str(time).replace("T", " ").removesuffix(":00")
