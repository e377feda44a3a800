"""Time zones: instants as the local time that a clock on the wall shows."""

import difflib
import zoneinfo

import numpy as np
import pandas as pd

from gman_search.errors import DataError

__all__ = ["EXAMPLE", "check_zone", "twice_in", "wall_times"]

EXAMPLE = 'data.timezone = "Europe/Berlin"'


def check_zone(name: str) -> None:
    """Refuse a zone that nobody knows.

    Raises:
        DataError: with names near it.
    """
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(zoneinfo.available_timezones())
        lower = {zone.lower(): zone for zone in known} | {zone.split("/")[-1].lower(): zone for zone in known}
        near = difflib.get_close_matches(name.rsplit("/", maxsplit=1)[-1].lower(), lower, n=3) if known else []
        hint = f"; near it: {', '.join(dict.fromkeys(lower[zone] for zone in near))}" if near else ""
        if not known:
            hint = "; this machine knows no zones: pip install tzdata"
        raise DataError(
            f"expected a time zone for data.timezone, such as Europe/Berlin; received {name!r}{hint}"
        ) from None


def wall_times(instants: np.ndarray, zone: str) -> np.ndarray:
    """Instants (R,) datetime64[s] in UTC as local times (R,) datetime64[s]; an hour comes twice where clocks go back.

    Raises:
        DataError: an unknown zone.
    """
    check_zone(zone)
    local = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    times: np.ndarray = local.to_numpy().astype("datetime64[s]")
    return times


def twice_in(times: np.ndarray, zone: str) -> np.ndarray:
    """For how many seconds (R,) a clock in `zone` was put back, where it shows a local time (R,) twice; else 0."""
    check_zone(zone)
    ways = (np.full(len(times), summer) for summer in (True, False))
    first, second = (
        pd.DatetimeIndex(times).tz_localize(zone, ambiguous=way, nonexistent="shift_forward") for way in ways
    )
    seconds: np.ndarray = (second - first).total_seconds().to_numpy()
    return seconds
