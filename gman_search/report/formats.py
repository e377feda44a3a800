"""Numbers as a careful typesetter would write them: true minus signs, sensible digits, human durations (pure)."""

import math
from datetime import datetime
from typing import Any

from gman_search.wording import decimals

__all__ = [
    "count",
    "duration",
    "error",
    "moment",
    "ordinal",
    "percent",
    "plural",
    "setting",
    "signed",
    "signed_percent",
    "time_scale",
]

MISSING = "–"
MINUS = "−"


def error(value: float | None, digits: int | None = None, *, least: int = 3) -> str:
    """An MAE or another error, by default with the decimals that its scale asks for, at `least` some; or a dash."""
    if value is None or not math.isfinite(value):
        return MISSING
    digits = decimals(value, least) if digits is None else digits
    return f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """A difference, with its sign; without one where it rounds to zero."""
    if value is None or not math.isfinite(value):
        return MISSING
    if round(value, digits) == 0:
        return f"{0:.{digits}f}"
    return f"{value:+.{digits}f}".replace("-", MINUS)


def percent(value: float | None, digits: int = 1) -> str:
    """A number of percent (not a share)."""
    return MISSING if value is None else f"{error(value, digits)}\N{NO-BREAK SPACE}%"


def signed_percent(value: float | None, digits: int = 1) -> str:
    """A number of percent, with its sign."""
    return MISSING if value is None else f"{signed(value, digits)}\N{NO-BREAK SPACE}%"


def count(value: int) -> str:
    """A whole number in groups of three digits."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def plural(value: int, one: str, many: str | None = None) -> str:
    """`1 config`, `3 configs`."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def ordinal(number: int) -> str:
    """`1st`, `12th`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def duration(seconds: float) -> str:
    """Seconds as `41 s`, `12 min`, `3 h 05 min` or `2 d 4 h`."""
    if seconds < 90:
        return f"{seconds:.0f}\N{NO-BREAK SPACE}s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes}\N{NO-BREAK SPACE}min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}{rest:02d}\N{NO-BREAK SPACE}min"
    days, hours = divmod(hours, 24)
    return f"{days}\N{NO-BREAK SPACE}d\N{NO-BREAK SPACE}{hours}\N{NO-BREAK SPACE}h"


def time_scale(seconds: float) -> tuple[float, str]:
    """Seconds in the unit that suits a duration on an axis, and its name."""
    scales = ((2 * 86400, 86400.0, "days"), (2 * 3600, 3600.0, "hours"), (120, 60.0, "minutes"), (0, 1.0, "seconds"))
    return next((scale, name) for limit, scale, name in scales if seconds >= limit)


def moment(text: Any) -> str:
    """An ISO time as `2026-11-23 20:25 UTC`; any other text as it is."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return str(text)
    return f"{time:%Y-%m-%d %H:%M} {time.tzname() or ''}".strip()


def setting(value: Any) -> str:
    """A hyperparameter's value as TOML would write it."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
