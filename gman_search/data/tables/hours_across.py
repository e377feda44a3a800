"""Tables of days with a column for each hour of the day: they are no wide tables of so many sensors (pure)."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gman_search.errors import DataError

__all__ = ["hours_across", "refuse_days"]

NUMBERED = re.compile(r"(?P<before>\D*)(?P<number>\d{1,3})(?:\s?[-–]\s?\d{1,3})?(?P<after>\D*)")
PARTS = {
    "", "h", "hr", "hrs", "hour", "hours", "std", "stunde", "uhr", "hora", "heure", "v", "q", "t", "p", "int",
    "interval", "period", "slot", "time", "vol",
}  # fmt: skip
"""What stands next to such a number, where something does; words such as sensor do not."""
COUNTS = (24, 48, 96, 144, 288)
"""Hours, half hours, quarters, ten and five minutes of a day."""


def hours_across(names: Sequence[str]) -> list[str]:
    """Names that number the parts of a day from 0 or 1, such as 0 ... 23, H01 ... H24 or V00 ... V95; none: no list."""
    series = defaultdict[tuple[str, str], dict[int, str]](dict)
    for name in names:
        found = NUMBERED.fullmatch(name.strip().lower())
        if found is not None:
            around = found["before"].strip(" _-."), found["after"].strip(" _-.:0")
            if not set(around) <= PARTS:
                continue
            series[around].setdefault(int(found["number"]), name)
    for numbered in series.values():
        if len(numbered) in COUNTS and sorted(numbered) in (
            list(range(len(numbered))),
            list(range(1, len(numbered) + 1)),
        ):
            return [numbered[number] for number in sorted(numbered)]
    return []


def refuse_days(path: Path, across: Sequence[str], times: np.ndarray) -> None:
    """Refuse columns `across` that number the parts of a day, where times (R,) are days alone.

    Raises:
        DataError: with what a table of readings looks like.
    """
    if not across or not len(times) or (times != times.astype("datetime64[D]")).any():
        return
    raise DataError(
        f"{path}: expected one row for each time; received one for each day, and columns {across[0]!r} to "
        f"{across[-1]!r}, as many as a day has parts: write one row for each date and time of day, with columns "
        "time,sensor,reading; if these columns are sensors, give them other names than numbers"
    )
