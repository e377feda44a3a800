"""Numbers, durations and days in words: one rule for command line, report and forecasts (pure)."""

import math

__all__ = ["DAY_NAMES", "decimals", "duration", "fixed", "number"]

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""Names of the weekdays as they are numbered everywhere: Monday is 0."""
SIGNIFICANT = 3
MOST = 9
"""Nothing that is measured has more decimals; what is smaller is rounding."""


def decimals(scale: float | None, least: int = 3) -> int:
    """Decimals that show three significant digits of a number of this `scale`, and never fewer than `least`.

    Speeds and counts get `least`; occupancies, which are shares such as 0.002, get more.
    """
    if scale is None or not math.isfinite(scale) or scale == 0:
        return least
    return max(least, min(MOST, SIGNIFICANT - 1 - math.floor(math.log10(abs(scale)))))


def fixed(value: float, least: int = 3) -> str:
    """`value` with as many decimals as its own scale asks for."""
    return f"{value:.{decimals(value, least)}f}"


def number(value: float | None, digits: int | None = None, *, least: int = 3) -> str:
    """A number, or a dash where there is none; by default with the decimals its scale asks for, at `least` some."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.{decimals(value, least) if digits is None else digits}f}"


def duration(seconds: float) -> str:
    """A duration for people: 45 s, 12 min, 3 h 05."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d}"
