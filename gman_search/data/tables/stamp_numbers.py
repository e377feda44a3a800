"""Times written as numbers: 20250303, 202503030005, seconds or milliseconds since 1970, a spreadsheet's days (pure)."""

import re
from dataclasses import dataclass

import numpy as np

__all__ = ["NumberTimes", "is_stamp_number", "number_times", "serial_times"]

COMPACT = {8: "", 10: "H", 12: "HM", 14: "HMS"}
FIRST_YEAR, LAST_YEAR = 1980, 2099
UNITS = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}
"""Digits of a number since 1970 and how many of its units are a second; with one digit less before 2001-09-09."""
EPOCHS = (300_000_000, 1_980_000_000)
"""1979 to 2032; from 1980010100 on, ten digits are a year, month, day and hour."""
SERIALS = (25_569, 73_051)
"""1970 to 2100 in days since 1899-12-30."""
WHOLE = re.compile(r"\.0+$")
EPOCH_NAMES = {1: "seconds", 10**3: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}


@dataclass(frozen=True)
class NumberTimes:
    """Times (R,) datetime64[s]; `unit` names what they count since 1970 in UTC, or is None where they are local."""

    times: np.ndarray
    unit: str | None


def is_stamp_number(text: str) -> bool:
    """Whether digits may be a time: a calendar's, or one counted since 1970."""
    return number_times([text]) is not None


def number_times(texts: list[str]) -> NumberTimes | None:
    """Digits as times, if every one of them is one and all are of one kind."""
    texts = [WHOLE.sub("", text) for text in texts]
    lengths = {len(text) for text in texts}
    if not texts or not all(text.isascii() and text.isdigit() for text in texts):
        return None
    if len(lengths) == 1 and (times := _compact(texts, len(texts[0]))) is not None:
        return NumberTimes(times, None)
    for digits, unit in UNITS.items():
        if lengths <= {digits, digits - 1}:
            numbers = np.array([int(text) for text in texts], dtype=np.int64)
            seconds = (numbers + unit // 2) // unit  # to the nearest one
            if ((seconds >= EPOCHS[0]) & (seconds < EPOCHS[1])).all():
                return NumberTimes(seconds.astype("datetime64[s]"), EPOCH_NAMES[unit])
    return None


def serial_times(numbers: np.ndarray) -> np.ndarray | None:
    """Days since 1899-12-30 (R,), as spreadsheets count them, as times at regular steps; None where they are not."""
    if np.isnan(numbers).any() or not ((numbers >= SERIALS[0]) & (numbers < SERIALS[1])).all() or len(numbers) < 2:
        return None
    minutes = np.round(numbers * 1440)
    if (np.abs(numbers * 1440 - minutes) > 0.1).any():  # six seconds, of cells that show four decimals
        return None
    steps = np.diff(np.unique(minutes))
    if not len(steps) or (steps % steps.min()).any() or 1440 % steps.min():
        return None
    times: np.ndarray = (np.datetime64("1899-12-30T00:00", "m") + minutes.astype(np.int64)).astype("datetime64[s]")
    return times


def _compact(texts: list[str], length: int) -> np.ndarray | None:
    if length not in COMPACT:
        return None
    digits = np.array(texts)
    parts = [
        np.array([int(text[first:last]) for text in digits])
        for first, last in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
        if last <= length
    ]
    parts += [np.zeros(len(texts), dtype=np.int64)] * (6 - len(parts))
    year, month, day, hour, minute, second = parts
    possible = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    possible &= (hour <= 23) & (minute <= 59) & (second <= 59)
    if not possible.all():
        return None
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    if (days.astype("datetime64[M]") != months).any():
        return None
    times: np.ndarray = days.astype("datetime64[s]") + (hour * 3600 + minute * 60 + second)
    return times
