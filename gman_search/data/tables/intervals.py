"""Times written as intervals, such as 00:00-00:15, whose end looks like an offset from UTC (pure)."""

from collections.abc import Sequence

from gman_search.data.tables.stamp_text import StampText

__all__ = ["are_intervals", "is_offset"]

DAY, HOUR, QUARTER = 86400, 3600, 900
EASTMOST, WESTMOST = 14 * HOUR, -12 * HOUR
HALF_HOURS_WEST = (-34200, -16200, -12600, -9000)
"""Offsets west of Greenwich that are no whole hours: -09:30, -04:30, -03:30, -02:30."""


def is_offset(seconds: int) -> bool:
    """Whether some place's clocks are so far from UTC."""
    if not WESTMOST <= seconds <= EASTMOST or seconds % QUARTER:
        return False
    return seconds >= 0 or seconds % HOUR == 0 or seconds in HALF_HOURS_WEST


def are_intervals(pieces: Sequence[StampText]) -> bool:
    """Whether all times have an end, as far behind the beginning in every one of them.

    An offset is the same at every time of day, or another in summer; the end of an interval moves with its beginning.
    """
    if any(piece.until is None or piece.seconds is None for piece in pieces):
        return False
    lengths = {((piece.until or 0) - (piece.seconds or 0)) % DAY for piece in pieces}
    if len(lengths) > 1 or lengths == {0}:
        return False
    offsets = [piece.offset for piece in pieces]
    if any(offset is None or not is_offset(offset) for offset in offsets):
        return True
    return len({piece.seconds for piece in pieces}) > 1
