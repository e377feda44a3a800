"""Holidays of a country or a part of it, which count as Sundays."""

import difflib
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from gman_search.errors import UsageError

__all__ = ["NO_HOLIDAYS", "YEARS_AHEAD", "calendar_days", "holiday_dates"]

SUNDAY = 6
YEARS_AHEAD = 10
"""A task knows holidays until so many years after its last reading, so that forecasting needs no package for them."""
SHOWN = 3

Dates = NDArray[np.datetime64]
NO_HOLIDAYS: Dates = np.array([], dtype="datetime64[D]")


def calendar_days(times: Dates, dates: Dates) -> NDArray[np.int32]:
    """Day of the week (S,) of `times` (S,), Monday is 0; on one of `dates`, days, it is a Sunday."""
    days = times.astype("datetime64[D]")
    # 1970-01-01, day 0 of datetime64, was a Thursday.
    weekday = (days.astype(np.int64) + 3) % 7
    return np.where(np.isin(days, dates), SUNDAY, weekday).astype(np.int32)


def holiday_dates(code: str, first_year: int, last_year: int) -> Dates:
    """Public holidays, and days off in lieu of them, in both years and those between; days in order.

    Args:
        code: a country, such as US, or a part of it, such as US-CA, as the package `holidays` names them.
        first_year: year of the first ones.
        last_year: year of the last ones.

    Raises:
        UsageError: there is no such country or part, or the package is not installed.
    """
    try:
        import holidays
    except ImportError:
        raise UsageError(
            f"data.holidays = {code!r}: expected the package `holidays`; pip install 'gman-search[holidays]'"
        ) from None
    country, _, part = code.partition("-")
    _check_code(holidays, code, country, part)
    found = holidays.country_holidays(country, subdiv=part or None, years=range(first_year, last_year + 1))
    return np.array(sorted(found), dtype="datetime64[D]")


def _check_code(package: ModuleType, code: str, country: str, part: str) -> None:
    countries = package.list_supported_countries(include_aliases=False)
    if country not in countries:
        raise UsageError(
            "expected data.holidays as a country with two letters or a part of one, such as US or US-CA; received "
            f"{code!r}{_near(country, list(countries), '')}"
        )
    parts = countries[country]
    if "-" in code and part not in parts:
        known = f"; {country} has no parts" if not parts else _near(part, list(parts), f"{country}-")
        raise UsageError(f"expected data.holidays as a part of {country}; received {code!r}{known}")


def _near(text: str, known: list[str], prefix: str) -> str:
    close = difflib.get_close_matches(text.upper(), known, n=SHOWN, cutoff=0.5)
    names = ", ".join(prefix + name for name in close or known[:SHOWN])
    return f"; near it: {names}" if close else f"; the first ones are {names}"
