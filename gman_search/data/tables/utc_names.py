"""Columns of times whose name says that they are in UTC, or so far from it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gman_search.data.tables.times import Stamps, instant_stamps
from gman_search.data.time_zone import EXAMPLE
from gman_search.reading_options import ReadingOptions

__all__ = ["in_named_zone", "says_utc"]

UTC = re.compile(r"(?:utc|(?<![a-z])(?:gmt|zulu)(?![a-z]))\s*(?:(?P<hours>[+-]\d{1,2})(?::?(?P<minutes>\d{2}))?)?")
"""utc, time_utc, "time (UTC)", "Timestamp [UTC+1]"."""


def says_utc(name: str) -> bool:
    """Whether the name of a column of times names UTC."""
    return UTC.search(name.lower()) is not None


def in_named_zone(path: Path, names: Sequence[str], stamps: Stamps, options: ReadingOptions) -> Stamps:
    """Times as local times where the name of their column, or one of a date's and a clock's, says UTC.

    Without `data.timezone` they stay as they are, with a note.
    """
    named = next((name for name in names if says_utc(name)), None)
    if named is None or stamps.zoned or not len(stamps.times):
        return stamps
    if options.timezone is None:
        note = (
            f"column {named!r} says UTC, and its times are used as they stand: name the zone of your sensors, so that "
            f"they become local times, with {EXAMPLE}"
        )
        return replace(stamps, notes=(*stamps.notes, note))
    first = str(stamps.times[0]).replace("T", " ")
    example = f"{first!r}, in UTC as the column's name {named!r} says"
    found = instant_stamps(path, stamps.times - _seconds_ahead(named), example, options)
    return replace(found, day_first=stamps.day_first, notes=(*stamps.notes, *found.notes))


def _seconds_ahead(name: str) -> int:
    found = UTC.search(name.lower())
    if found is None or found["hours"] is None:
        return 0
    sign = -1 if found["hours"][0] == "-" else 1
    return sign * (abs(int(found["hours"])) * 3600 + int(found["minutes"] or 0) * 60)
