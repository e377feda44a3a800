"""Which columns of a table are times, sensors and values, and whether it is wide, long or turned."""

from dataclasses import dataclass

from gman_search.data.tables.kinds import Kind, kind_of
from gman_search.data.tables.known_names import CLOCK_NAMES, HOUR_NAMES, MINUTE_NAMES, TIME_NAMES
from gman_search.data.tables.row_numbers import counts_rows
from gman_search.data.tables.table import Table, texts_of
from gman_search.data.tables.utc_names import says_utc
from gman_search.errors import DataError
from gman_search.reading_options import ReadingOptions

__all__ = ["TimeColumns", "time_columns"]

HOURS = "0?[0-9]|1[0-9]|2[0-3]"
PUT = "write the date and the time of day into one column, like 2025-03-03 00:05"


@dataclass(frozen=True)
class TimeColumns:
    """Positions of the column of times, or of a date and its clock or its hour and minute.

    `others` have times, too, and are no readings.
    """

    positions: tuple[int, ...] = ()
    others: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[int, ...]:
        """Every column that holds times."""
        return self.positions + self.others


def time_columns(table: Table, options: ReadingOptions) -> TimeColumns:
    """Which columns have the times.

    Raises:
        DataError: several may be, or there are times of day without a date.
    """
    kinds = [kind_of(table, position) for position in range(table.width)]
    if options.sensor_column is not None:
        kinds = [
            Kind.OTHER if table.key(index) == options.sensor_column.strip().lower() else kind
            for index, kind in enumerate(kinds)
        ]
    stamps, dates, clocks, digits = ([index for index, kind in enumerate(kinds) if kind is wanted]
                                     for wanted in (Kind.STAMP, Kind.DATE, Kind.CLOCK, Kind.DIGITS))  # fmt: skip
    if not stamps and not dates:
        stamps, dates = _by_digits(table, digits, clocks)
    if not stamps and not dates and not clocks:
        named = [index for index in range(table.width) if table.key(index) in TIME_NAMES - {""}]
        if not named and table.header is not None and table.key(0) == "" and not counts_rows(table, 0):
            named = [0]
        stamps = named[:1]
    if stamps:
        return _one_of(table, stamps, (*dates, *clocks), zoned=options.timezone is not None)
    if len(dates) > 1:
        return _one_of(table, dates, tuple(clocks), zoned=options.timezone is not None)
    if dates:
        return _date_and_clock(table, dates[0], clocks)
    if clocks:
        name = table.name(clocks[0])
        raise DataError(
            f"{table.path}: expected times with their dates; received {_first(table, clocks[0])!r} in column {name!r}: "
            f"{PUT}"
        )
    return TimeColumns()


def _one_of(table: Table, found: list[int], others: tuple[int, ...], *, zoned: bool) -> TimeColumns:
    """One of several columns of times; in UTC, where a zone is named (`zoned`), else in local time."""
    chosen, notes = found[0], []
    if len(found) > 1:
        named = [index for index in found if says_utc(table.name(index)) is zoned]
        if len(named) != 1 or table.header is None:
            named = [index for index in found if table.key(index) in TIME_NAMES]
        if len(named) != 1:
            first, second = (table.name(index) for index in found[:2])
            raise DataError(
                f"{table.path}: expected one column of times; received {first!r} and {second!r}: say which one is not "
                f'to be used with data.ignore_columns = ["{second}"]'
            )
        chosen = named[0]
    left = (*(index for index in found if index != chosen), *others)
    if left:
        names = ", ".join(repr(table.name(index)) for index in left)
        notes.append(f"times are those of column {table.name(chosen)!r}; {names} are not read")
    return TimeColumns((chosen,), left, tuple(notes))


def _date_and_clock(table: Table, date: int, clocks: list[int]) -> TimeColumns:
    texts = texts_of(table.cells.iloc[:, date])
    repeated = bool(texts.duplicated().any())
    if not clocks and repeated:
        clocks = [index for index in range(table.width) if index != date and _is_clock_number(table, index)]
    if len(clocks) > 1:
        named = [index for index in clocks if table.key(index) in CLOCK_NAMES]
        clocks = named if len(named) == 1 else clocks
    if len(clocks) > 1:
        first, second = (table.name(index) for index in clocks[:2])
        raise DataError(
            f"{table.path}: expected one column of times of day with {table.name(date)!r}; received {first!r} and "
            f'{second!r}: say which one is not to be used with data.ignore_columns = ["{second}"]'
        )
    minutes = _minutes(table, date, clocks)
    if minutes:
        names = ", ".join(repr(table.name(index)) for index in (date, clocks[0]))
        note = f"columns {names} and {table.name(minutes[0])!r} are read as one time"
        return TimeColumns((date, clocks[0], minutes[0]), notes=(note,))
    if not clocks:
        hours = [index for index in range(table.width) if table.key(index) in CLOCK_NAMES and index != date]
        if repeated and hours:
            raise DataError(
                f"{table.path}: expected times of day like 00:05 in column {table.name(hours[0])!r}; received "
                f"{_first(table, hours[0])!r}: {PUT}"
            )
        return TimeColumns((date,))
    note = f"columns {table.name(date)!r} and {table.name(clocks[0])!r} are read as one time"
    return TimeColumns((date, clocks[0]), notes=(note,))


def _minutes(table: Table, date: int, clocks: list[int]) -> list[int]:
    """A column of minutes from 0 to 59 next to one of whole hours; none or one."""
    if len(clocks) != 1 or not _all_match(table, clocks[0], HOURS):
        return []
    named = [index for index in range(table.width) if index != date and table.key(index) in MINUTE_NAMES]
    return named if len(named) == 1 and _all_match(table, named[0], "[0-5]?[0-9]") else []


def _by_digits(table: Table, digits: list[int], clocks: list[int]) -> tuple[list[int], list[int]]:
    """Columns of times written as digits: those of that name, or else a single one."""
    named = [index for index in digits if table.key(index) in TIME_NAMES]
    found = named or digits
    if len(found) != 1:
        return (named, []) if named else ([], [])
    days = all(len(text) == 8 for text in texts_of(table.cells.iloc[:100, found[0]]) if text)
    return ([], found) if days and (clocks or _has_hours(table, found[0])) else (found, [])


def _has_hours(table: Table, date: int) -> bool:
    return any(table.key(index) in CLOCK_NAMES for index in range(table.width) if index != date)


def _is_clock_number(table: Table, position: int) -> bool:
    """Whether a column of such a name has hours from 0 to 23, or hours and minutes like 0005."""
    if table.key(position) not in CLOCK_NAMES | HOUR_NAMES:
        return False
    if _all_match(table, position, "([01][0-9]|2[0-3])[0-5][0-9]"):
        return True
    return table.key(position) in HOUR_NAMES and _all_match(table, position, HOURS)


def _all_match(table: Table, position: int, pattern: str) -> bool:
    return bool(texts_of(table.cells.iloc[:, position]).str.fullmatch(pattern).all())


def _first(table: Table, position: int) -> str:
    texts = texts_of(table.cells.iloc[:20, position])
    return next((text for text in texts if text), "")
