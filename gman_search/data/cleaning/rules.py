"""Which readings no road has: one rule a function (pure).

Every rule looks at one sensor and at the past only: whether a reading is left out is decided by it and the
`memory_steps` - 1 readings before it. So a file of recent readings gives the same answer as the whole series, whichever
other sensors it has, and a forecast never rests on what was known later. A second pass finds nothing more.

All take values (S, N) in which NaN is a missing reading, and return marks (S, N).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["RULES", "above_limit", "jumps", "memory_steps", "straight_lines", "stuck"]

RULES = {
    "limit": "above what a road can have",
    "jump": "farther from the two readings before than a stop from free flow",
    "stuck": "the same reading for hours",
    "line": "on one straight line for an hour: filled in",
}
"""Names and meanings; where several hold, the first counts."""
DAY_HOURS, NIGHT_HOURS = 2, 6
DAY_BEGINS, DAY_ENDS = 6, 22
"""At night free flow may repeat one speed for four hours (PeMS, Orange County); by day for half an hour."""
LEAST = 12
"""Readings of a run, however long a step is: two or three equal ones are chance."""
LINE_HOURS = 1
SLOPE = 3.0
"""Rounding steps from one reading to the next of a line; flatter ones cannot be told from a calm hour."""
ROUNDED_TO = (1.0, 0.1, 0.01, 0.001)
FLOAT32 = 2e-7

Array = NDArray[np.floating]
Marks = NDArray[np.bool_]


def memory_steps(step_minutes: int) -> int:
    """How many readings, the judged one included, decide whether a reading is left out."""
    return _steps(NIGHT_HOURS, step_minutes)


def above_limit(values: Array, highest: float | None) -> Marks:
    """Readings above the highest plausible one."""
    return np.zeros(values.shape, bool) if highest is None else values > highest


def jumps(values: Array, jump: float | None) -> Marks:
    """Readings at least `jump` away from each of the two before. One that stays is believed from its second step on."""
    marked = np.zeros(values.shape, bool)
    if jump is not None:
        now = values[2:]
        marked[2:] = (np.abs(now - values[1:-1]) >= jump) & (np.abs(now - values[:-2]) >= jump)
    return marked


def stuck(values: Array, hours: Array, step_minutes: int) -> Marks:
    """Readings of a run of equal ones, from its 2nd hour of daytime or its 6th in all on, to its end.

    `hours` (S,) are hours of the day.
    """
    row = np.arange(len(values), dtype=np.int32)
    same = np.zeros(values.shape, bool)
    same[1:] = values[1:] == values[:-1]
    found = np.zeros(values.shape, bool)
    day, night = (_steps(least, step_minutes) for least in (DAY_HOURS, NIGHT_HOURS))
    is_day = (hours >= DAY_BEGINS) & (hours < DAY_ENDS)
    last_night = np.maximum.accumulate(np.where(is_day, -1, row))
    for column in _with_runs(same, day - 1):
        begin = np.maximum.accumulate(np.where(same[:, column], 0, row))
        by_day = is_day & (row - np.maximum(begin, last_night + 1) + 1 >= day)
        last_by_day = np.maximum.accumulate(np.where(by_day, row, -1))
        found[:, column] = (row - begin + 1 >= night) | (last_by_day >= begin)
    return found


def straight_lines(values: Array, step_minutes: int) -> Marks:
    """Readings that end an hour (12 readings at least) of one slope: but for rounding, all on one straight line.

    Measurements scatter; interpolated ones do not. A line that does not rise or fall is a stuck sensor's.
    """
    width = _steps(LINE_HOURS, step_minutes)
    found = np.zeros(values.shape, bool)
    if len(values) < width:
        return found
    unit = _rounding(values)
    finest = np.minimum(np.minimum(unit[2:], unit[1:-1]), unit[:-2])
    bend = np.abs(values[2:] - 2 * values[1:-1] + values[:-2])
    straight = bend <= 2 * finest + 10 * FLOAT32 * values[2:]
    row = np.arange(len(straight), dtype=np.int32)
    for column in _with_runs(straight, width - 2):
        run = row - np.maximum.accumulate(np.where(straight[:, column], -1, row))
        ends = np.flatnonzero(run >= width - 2) + 2
        windows = ends[:, np.newaxis] + np.arange(1 - width, 1)
        line, step = values[windows, column].astype(np.float64), unit[windows, column].min(axis=1)
        rise = (line[:, -1] - line[:, 0]) / (width - 1)
        ideal = line[:, :1] + rise[:, np.newaxis] * np.arange(width)
        size = np.abs(line).max(axis=1)
        is_line = np.abs(line - ideal).max(axis=1) <= step + 10 * FLOAT32 * size
        found[ends[is_line & (np.abs(rise) >= np.maximum(SLOPE * step, 1e-4 * size))], column] = True
    return found


def _steps(hours: int, step_minutes: int) -> int:
    return max(LEAST, -(-hours * 60 // step_minutes))


def _with_runs(marked: Marks, least: int) -> NDArray[np.integer]:
    """Columns with a run of so many marks; most have none, and are not looked at closer."""
    if len(marked) < least:
        return np.array([], dtype=np.intp)
    joined, length = marked, 1
    while length < least:  # the marks that begin a run of `length`
        step = min(length, least - length)
        joined, length = joined[:-step] & joined[step:], length + step
    return np.flatnonzero(joined.any(axis=0))


def _rounding(values: Array) -> Array:
    """To what (S, N) each reading may have been rounded; 0: to none of `ROUNDED_TO`."""
    unit = np.zeros(values.shape, np.float32)
    for size in reversed(ROUNDED_TO):
        scaled = values * np.float32(1 / size)
        unit[np.abs(scaled - np.round(scaled)) <= FLOAT32 * scaled] = size
    return unit
