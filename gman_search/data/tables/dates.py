"""Text as dates: which number is the day, the month and the year, by what the whole column shows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["BY_DAY_FIRST", "DateOrder", "chosen_order", "days_of"]

ORDERS = {"day/month/year": (2, 1, 0), "month/day/year": (2, 0, 1), "year/month/day": (0, 1, 2)}
"""Positions of year, month and day among three numbers."""
DAY_FIRST = {"day/month/year": True, "month/day/year": False}
BY_DAY_FIRST = {first: name for name, first in DAY_FIRST.items()}
CENTURY = 69
"""Years of two digits from here on are of the 20th century, as POSIX has it."""


@dataclass(frozen=True)
class DateOrder:
    """The order of three numbers; `why` is "only" one fits, "steps" are regular so, "given", "usual", "unclear",
    or "contradicted": points stand between day, month and year, whatever is said of other dates.

    `others` are the orders that fit as well.
    """

    name: str
    why: str
    others: tuple[str, ...] = ()

    @property
    def day_first(self) -> bool | None:
        """Whether the day stands before the month; None where the year is first."""
        return DAY_FIRST.get(self.name)


def days_of(parts: np.ndarray, order: str, *, short_year: bool) -> np.ndarray:
    """Dates (R,) datetime64[D] of three numbers (R, 3) in an order; NaT where there is no such day."""
    year, month, day = (parts[:, position] for position in ORDERS[order])
    if short_year:
        year = np.where(year < CENTURY, 2000 + year, 1900 + year)
    possible = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1) & (year <= 9998)
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(possible, day - 1, 0)
    possible &= days.astype("datetime64[M]") == months
    days[~possible] = np.datetime64("NaT")
    return days


def chosen_order(
    parts: np.ndarray,
    timed: Callable[[np.ndarray], np.ndarray],
    *,
    mark: str,
    short_year: bool,
    day_first: bool | None,
) -> DateOrder:
    """The order of day, month and year in dates whose first number is no year of four digits.

    Args:
        parts: (R, 3), the numbers of each date as they stand.
        timed: dates (R,) to times (R,), with the clocks of the rows.
        mark: what stands between the numbers; where it is a point nobody puts the month first.
        short_year: whether years have two digits: then the year may be first, too.
        day_first: what is known of the order; none: nothing.
    """
    names = [name for name in ORDERS if short_year or name != "year/month/day"]
    settled = None if day_first is None else _settled(parts, mark, short_year=short_year, day_first=day_first)
    if settled is not None:
        return settled
    if day_first is not None:
        names = [name for name in names if DAY_FIRST.get(name, day_first) is day_first]
    read = {name: days_of(parts, name, short_year=short_year) for name in names}
    absent = {name: int(np.isnat(days).sum()) for name, days in read.items()}
    fewest = min(absent.values())
    fit = [name for name in names if absent[name] == fewest]
    if len(fit) == 1:
        return DateOrder(fit[0], "given" if len(names) == 1 else "only")
    distinct = {read[name].tobytes() for name in fit}
    if len(distinct) == 1:
        return DateOrder(fit[0], "only")
    if mark == "." and not short_year:
        return DateOrder("day/month/year", "usual")
    jumps = {name: _jumps(timed(read[name])) for name in fit}
    best = min(jumps.values())
    regular = [name for name in fit if jumps[name] == best]
    if len(regular) == 1:
        return DateOrder(regular[0], "steps", tuple(name for name in fit if name != regular[0]))
    first = "month/day/year" if "month/day/year" in regular and not short_year else regular[0]
    return DateOrder(first, "unclear", tuple(name for name in regular if name != first))


def _settled(parts: np.ndarray, mark: str, *, short_year: bool, day_first: bool) -> DateOrder | None:
    """What needs no look at steps where the order of day and month is known, or None.

    Years of two digits stand last then: an order with the year first is nobody's that speaks of the day first.
    """
    fits = {first: not np.isnat(days_of(parts, name, short_year=short_year)).any() for name, first in DAY_FIRST.items()}
    if not day_first and mark == "." and fits[True]:
        return DateOrder("day/month/year", "contradicted")
    if short_year and fits[day_first]:
        return DateOrder(BY_DAY_FIRST[day_first], "given")
    return None


def _jumps(times: np.ndarray) -> int:
    """How many of the steps from one time to the next are not the usual one."""
    steps = np.diff(np.unique(times[~np.isnat(times)])).astype(np.int64)
    return int((steps != np.median(steps)).sum()) if len(steps) else 0
