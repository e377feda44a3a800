"""The pieces of a time as text: three numbers of a date, seconds since midnight, offset from UTC (pure)."""

import re
from dataclasses import dataclass

__all__ = ["StampText", "is_clock", "is_stamp", "parsed", "without_signs"]

CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s?(?P<half>[AaPp]\.?[Mm]\.?)?"
ZONE = r"\s?(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
END = (
    r"\s?[-\u2013\u2014]\s?(?P<h2>\d{1,2}):(?P<mi2>\d{2})(?::(?P<s2>\d{2})(?:[.,](?P<f2>\d{1,9}))?)?"
    r"\s?(?P<half2>[AaPp]\.?[Mm]\.?)?"
)
"""The end of an interval, as in 00:00 - 00:15."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
DATE = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+)?(?:"
    r"(?P<a>\d{4}|\d{1,2})\s?(?P<mark>[-/.])\s?(?P<b>\d{1,2})\s?(?P=mark)\s?(?P<c>\d{4}|\d{1,2})"
    r"|(?P<compact>(?:19|20)\d{6})"
    rf"|(?P<d>\d{{1,2}})[-/. ]{{0,2}}{MONTH}[-/., ]{{0,2}}(?P<y>\d{{4}}|\d{{2}})"
    rf"|{MONTH.replace('month', 'month2')}\s(?P<d2>\d{{1,2}}),?\s(?P<y2>\d{{4}})"
    r")"
)
STAMP = re.compile(rf"{DATE}(?:(?:\s*[Tt]\s*|,?\s+){CLOCK}(?:{ZONE})?(?:{END})?)?", re.IGNORECASE | re.ASCII)
ONLY_CLOCK = re.compile(rf"{CLOCK}(?:{ZONE})?(?:{END})?", re.ASCII)
CLOCK_OFFSET = re.compile(r"-(\d{2}):(\d{2})")
SIGNS = str.maketrans({"年": "-", "月": "-", "日": " ", "时": ":", "\u00a0": " ", "\u202f": " "})
FAMILIES = {
    (True, 1): "year first", (True, 2): "year first", (False, 4): "year last", (False, 2): "two digits",
}  # fmt: skip
"""By whether the first number has four digits, and how many the last one has."""


@dataclass(frozen=True, slots=True)
class StampText:
    """Three numbers of a date as they stand, and what is said of their order.

    `family` is "year first", "year last", "two digits" or "month named", where `numbers` are year, month, day.
    `seconds` since midnight is None where there is no clock; `offset` in seconds is None where there is no zone.
    `until` is the end of an interval in seconds since midnight, None where there is none; -00:15 may be an offset or
    an end, and is both.
    """

    family: str
    numbers: tuple[int, int, int]
    mark: str
    seconds: int | None
    offset: int | None
    short_year: bool = False
    until: int | None = None


def without_signs(text: str) -> str:
    """Text whose date has the usual marks in place of Chinese ones and of odd spaces."""
    return text.translate(SIGNS).strip()


def is_clock(text: str) -> bool:
    """Whether a cell is a time of day without a date."""
    found = ONLY_CLOCK.fullmatch(text.strip())
    return found is not None and _seconds(found) is not None


def is_stamp(text: str) -> bool:
    """Whether a cell looks like a date, with or without a clock; digits alone never do."""
    return bool(text) and not text.isdigit() and parsed(text) is not None


def parsed(text: str) -> StampText | None:
    """A time's pieces, or None where the text is no date with or without a clock."""
    found = STAMP.fullmatch(without_signs(text))
    if found is None:
        return None
    date = _date(found)
    seconds = None if found["h"] is None else _seconds(found)
    if date is None or (found["h"] is not None and seconds is None):
        return None
    offset = None if found["zone"] is None else _offset(found["zone"])
    until = _until(found)
    if found["h2"] is not None and (until is None or offset is not None):
        return None
    family, numbers, short = date
    return StampText(family, numbers, found["mark"] or "", seconds, offset, short, until)


def _date(found: re.Match[str]) -> tuple[str, tuple[int, int, int], bool] | None:
    """Family, three numbers and whether the year has two digits."""
    if found["compact"]:
        whole = found["compact"]
        return "year first", (int(whole[:4]), int(whole[4:6]), int(whole[6:])), False
    if found["a"]:
        family = FAMILIES.get((len(found["a"]) == 4, len(found["c"])))
        if family is None:
            return None
        return family, (int(found["a"]), int(found["b"]), int(found["c"])), family == "two digits"
    month, day, year = found.group("month", "d", "y") if found["month"] else found.group("month2", "d2", "y2")
    return "month named", (int(year), MONTHS.index(month[:3].lower()) + 1, int(day)), len(year) == 2


def _seconds(found: re.Match[str], end: str = "") -> int | None:
    """Seconds since midnight to the nearest one; 24:00 is the next midnight. `end` "2" is that of an interval."""
    hour, minute, second = int(found["h" + end]), int(found["mi" + end]), int(found["s" + end] or 0)
    half, fraction = found["half" + end], found["f" + end]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        return None
    # Programs that count in parts of a day write 23:59:59.999997 for midnight.
    return hour * 3600 + minute * 60 + second + int((fraction or "0")[0] >= "5")


def _until(found: re.Match[str]) -> int | None:
    if found["h2"] is not None:
        return _seconds(found, "2")
    clock = CLOCK_OFFSET.fullmatch(found["zone"] or "")
    return None if clock is None else int(clock[1]) * 3600 + int(clock[2]) * 60


def _offset(zone: str) -> int:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    return (1 if zone[0] == "+" else -1) * (int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60)
