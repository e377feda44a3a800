"""From the times in a file to a regular time axis: gaps become missing rows, anything else irregular is refused."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from gman_search.data.readings import Readings
from gman_search.data.time_zone import EXAMPLE, twice_in
from gman_search.errors import DataError

__all__ = ["TimeAxis", "change_notes", "counted_axis", "regular_axis", "rising_rows", "without_repeated_hours"]

MAX_FILLED_SHARE = 0.5
"""A file whose regular time axis would be mostly made of gaps is more likely irregular than gappy."""
FIRST_YEAR, LAST_YEAR = 1, 9999
"""What Python's calendar knows; pandas reads "/1" as the year 0."""
HOUR = 3600
MAX_CHANGES = 50
"""Hours that come twice in a file with its newest rows first; clocks go back once a year."""
CHANGE_DAYS = (4, 5, 6)
CHANGE_MONTHS = (3, 4, 9, 10, 11)


@dataclass(frozen=True)
class TimeAxis:
    """S regular times from `first`, `minutes` apart; row `kept[i]` of the file stands at time `rows[i]`."""

    first: np.datetime64
    minutes: int
    steps: int
    kept: np.ndarray
    rows: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def times(self) -> np.ndarray:
        """(S,) datetime64[m]."""
        return np.asarray(self.first.astype("datetime64[m]") + np.arange(self.steps) * self.minutes)

    def filled(self, values: np.ndarray) -> np.ndarray:
        """The file's values (R, N) on the axis (S, N), NaN in the steps it does not have."""
        if self.steps == len(values) and (np.diff(self.kept) == 1).all():
            return values
        result = np.full((self.steps, values.shape[1]), np.nan, dtype=values.dtype)
        result[self.rows] = values[self.kept]
        return result


def regular_axis(readings: Readings, zone: str | None = None) -> TimeAxis:
    """The axis of a file with times of its own.

    Where clocks went back from daylight-saving time, a night has an hour twice; the second one is left out. Where they
    went forward it has a gap. With the `zone` of local times it is known when clocks went back, and by how much.

    Raises:
        DataError: times that do not rise, a step that is no whole number of minutes, more gaps than readings.
    """
    path, times = readings.path, np.asarray(readings.times).astype("datetime64[s]")
    if len(times) < 2:
        raise DataError(f"{path}: expected at least two rows; received {len(times)}")
    kept, notes = rising_rows(readings, zone)
    times = times[kept]
    gaps = np.diff(times).astype(np.int64)
    if (gaps <= 0).any():
        row = int(np.flatnonzero(gaps <= 0)[0]) + 1
        received = str(times[row]).replace("T", " ").removesuffix(":00")
        clocks = zone is None and readings.instants is None and int(gaps[row - 1]) > -HOUR
        also = f", or if clocks went back there name the zone with {EXAMPLE}" if clocks else ""
        raise DataError(
            f"{path}, {readings.place(int(kept[row]), None)}: expected rising times; received {received!r} again or "
            f"earlier: correct the times{also}, or if several sensors have rows of their own name their column with "
            "data.sensor_column"
        )
    seconds = int(gaps.min())
    if (gaps % seconds).any() or seconds % 60:
        row = int(np.flatnonzero(gaps % seconds)[0]) + 1 if (gaps % seconds).any() else 1
        raise DataError(
            f"{path}, {readings.place(int(kept[row]), None)}: expected regular steps of whole minutes; "
            f"received {gaps[row - 1]} s after steps of {seconds} s: resample the file first"
        )
    rows = np.concatenate([[0], np.cumsum(gaps // seconds)])
    steps = int(rows[-1]) + 1
    if steps > len(times) / MAX_FILLED_SHARE:
        raise DataError(
            f"{path}: expected steps of {seconds // 60} min with few gaps; received {len(times)} rows for "
            f"{steps} steps: resample the file first"
        )
    notes += [*_seconds_note(times[0]), *_gap_note(times, gaps, seconds, steps)]
    return TimeAxis(times[0], seconds // 60, steps, kept, rows, tuple(notes))


def rising_rows(readings: Readings, zone: str | None = None) -> tuple[np.ndarray, list[str]]:
    """The rows in the order of their times, without the second pass of an hour that clocks had twice; and notes.

    Rows of which two have one time, but for such an hour, are left as they are.

    Raises:
        DataError: an instant comes twice.
    """
    times = np.asarray(readings.times).astype("datetime64[s]")
    order, notes = _rising(times if readings.instants is None else readings.instants)
    if readings.instants is not None:
        kept, changes = _first_passes(readings, order)
    else:
        kept, counts = without_repeated_hours(times[order], zone)
        changes = change_notes(counts)
    return order[kept], [*notes, *changes]


def _rising(instants: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The order of rows in which times rise, and a note where it is not the file's; rows of one time keep theirs."""
    steps = np.diff(instants).astype(np.int64)
    as_it_stands = np.arange(len(instants))
    if (steps > 0).all():
        return as_it_stands, []
    distinct = len(np.unique(instants)) == len(instants)
    falling = int((steps < 0).sum())
    if falling == len(steps) or (not distinct and falling >= len(steps) - MAX_CHANGES and 2 * falling > len(steps)):
        return as_it_stands[::-1], ["rows stand newest first: they were sorted by time"]
    if distinct:
        return np.argsort(instants, kind="stable"), ["rows are not in the order of their times: they were sorted"]
    return as_it_stands, []


def _first_passes(readings: Readings, order: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """As `_without_repeated_hours`, where instants tell which pass a row is of.

    Raises:
        DataError: an instant comes twice.
    """
    times, instants = np.asarray(readings.times)[order], np.asarray(readings.instants)[order]
    again = np.flatnonzero(np.diff(instants).astype(np.int64) <= 0)
    if len(again):
        row = int(again[0]) + 1
        raise DataError(
            f"{readings.path}, {readings.place(int(order[row]), None)}: expected rising times; received "
            f"{str(times[row]).replace('T', ' ')!r} again: correct the times"
        )
    latest = np.maximum.accumulate(times)
    second = np.concatenate([[False], times[1:] <= latest[:-1]])
    days, counts = np.unique(times[second].astype("datetime64[D]"), return_counts=True)
    return np.flatnonzero(~second), change_notes(dict(zip(map(str, days), counts.tolist(), strict=True)))


def counted_axis(readings: Readings, start: str | None, step: str | None) -> TimeAxis:
    """The axis of a file without times, from what the user says of its first row and its step.

    Raises:
        DataError: one of the two is missing or no time.
    """
    if start is None or step is None:
        missing = " and ".join(flag for flag, value in (("--start", start), ("--step", step)) if value is None)
        raise DataError(f"{readings.path} has no time column: give {missing}, such as --start 2012-03-01 --step 5min")
    first = pd.to_datetime(start, errors="coerce")
    if pd.isna(first) or first.tzinfo is not None or not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise DataError(f"expected a time without time zone for --start, such as 2012-03-01; received {start!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of spellings that pandas will not know any more
            minutes = pd.Timedelta(step) / pd.Timedelta(minutes=1)
    except ValueError:
        minutes = 0.0
    if not minutes >= 1 or minutes % 1:  # not: NaT is neither
        raise DataError(f"expected whole minutes for --step, such as 5min; received {step!r}")
    every = np.arange(len(readings.values))
    return TimeAxis(np.datetime64(first.to_pydatetime(), "m"), int(minutes), len(every), every, every)


def without_repeated_hours(times: np.ndarray, zone: str | None = None) -> tuple[np.ndarray, dict[str, int]]:
    """Rows that are left when the second pass of an hour is taken out, and how many of each day are not.

    With a `zone` these are times that come twice in it; also without, where clocks go back by one hour at night.
    """
    keep = np.ones(len(times), dtype=bool)
    gaps = np.diff(times).astype(np.int64)
    rising = gaps[gaps > 0]
    step = int(rising.min()) if len(rising) else 0
    steps_back = [*(np.flatnonzero(gaps <= 0) + 1), len(times)]
    put_back = twice_in(times, zone) if zone is not None and len(steps_back) > 1 else np.zeros(len(times))
    changed: dict[str, int] = {}
    for row, next_step_back in pairwise(steps_back):
        back = int((times[row - 1] - times[row]).astype(np.int64)) + step
        day = pd.Timestamp(times[row])
        # Only what follows at once: a later row of such a time is out of order, and refused as that.
        repeated = int(np.searchsorted(times[row:next_step_back], times[row - 1], side="right"))
        by_zone = back > 0 and repeated > 0 and bool((put_back[row : row + repeated] == back).all())
        by_clock = back == HOUR and day.weekday() in CHANGE_DAYS and day.month in CHANGE_MONTHS and day.hour <= 4
        if (by_zone or by_clock) and str(day.date()) not in changed:
            keep[row : row + repeated] = False
            changed[str(day.date())] = repeated
    return np.flatnonzero(keep), changed


def change_notes(changed: Mapping[str, int]) -> list[str]:
    """What is said of the rows of a second pass, by the day when clocks went back."""
    return [
        f"clocks went back on {day}: {count} rows of the second of two equal hours are left out"
        for day, count in changed.items()
    ]


def _seconds_note(first: np.datetime64) -> tuple[str, ...]:
    """Forecasts count whole minutes; whoever writes 00:04:59 may mean 00:05."""
    minute = first.astype("datetime64[m]")
    if minute == first:
        return ()
    shown, cut = (str(time).replace("T", " ") for time in (first, minute))
    return (f"times are read in whole minutes, {shown} as {cut}: if that is wrong, round them in the file",)


def _gap_note(times: np.ndarray, gaps: np.ndarray, seconds: int, steps: int) -> tuple[str, ...]:
    absent = steps - len(times)
    if not absent:
        return ()
    longest = int(gaps.argmax())
    after = str(times[longest]).replace("T", " ")[:16]
    return (
        f"{absent} of {steps} steps are not in the file ({(gaps > seconds).sum()} gaps, the longest of "
        f"{(gaps[longest] // seconds) - 1} steps after {after}): they count as missing",
    )
