"""What each sensor usually reads at a time of day and a day of the week, from the training part (pure numpy).

A mean over few days is noisy, one over many is out of date. So the mean of a weekday is drawn towards that of working
days or weekends, as if `PRIOR_DAYS` such days had been seen; a time of day takes in those `NEIGHBOUR_MINUTES` around
it; and a day counts half as much as one `HALF_LIFE_DAYS` later. There is no threshold: with two weeks it is nearly the
mean of working days, with twenty nearly that of the weekday (docs/decisions/0014-usual-values.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.data.column_blocks import column_blocks
from gman_search.missing import is_observed

__all__ = ["UsualValues", "usual_values", "usual_without_own_day"]

PRIOR_DAYS = 2.0
NEIGHBOUR_MINUTES = 10
HALF_LIFE_DAYS = 28.0
WEEKEND = 5  # Saturday; Monday is 0
DAYS, MINUTES_PER_DAY = 7, 1440

Array = NDArray[np.floating]
Days = NDArray[np.integer]


@dataclass(frozen=True)
class UsualValues:
    """Usual readings `table` (7, T, N) in the data's unit, by day of the week and time of day."""

    table: Array

    def at(self, day: Days, time: Days) -> Array:
        """Usual readings (..., N) at calendar positions `day` and `time` (...)."""
        found: Array = self.table[day, time]
        return found


def usual_values(readings: Array, day: Days, time: Days, steps_per_day: int) -> UsualValues:
    """Usual values of the readings (S, N) of a training part; 0 is missing.

    Where a sensor was never read at a time of day, near it, on any day: its mean. A sensor without readings: the mean
    of all.

    Args:
        readings: (S, N), rows at regular times.
        day: (S,), 0 is Monday.
        time: (S,), index of the time of day.
        steps_per_day: T.
    """
    overall, weights = _overall(readings), _weights(len(readings), steps_per_day)
    table = np.empty((DAYS, steps_per_day, readings.shape[1]), dtype=np.float32)
    for some in column_blocks(*readings.shape):
        values = readings[:, some].astype(np.float64)
        total, count = _sums(values, weights, day, time, steps_per_day)
        table[:, :, some] = _shrunk(total, count, np.arange(DAYS), overall[some])
    return UsualValues(table)


def usual_without_own_day(readings: Array, day: Days, time: Days, steps_per_day: int) -> Array:
    """Usual values (S, N) of every row of a training part as the other days have it.

    A row's own reading is part of the mean of its time of day, and with few days a large part of it: a model trained on
    such means would trust them more than it may trust those of a day it has not seen.
    """
    overall, weights = _overall(readings), _weights(len(readings), steps_per_day)
    result = np.empty(readings.shape, dtype=np.float32)
    for some in column_blocks(*readings.shape):
        values = readings[:, some].astype(np.float64)
        result[:, some] = _without_own_day(values, weights, day, time, steps_per_day, overall[some])
    return result


def _without_own_day(values: Array, weights: Array, day: Days, time: Days, steps_per_day: int, overall: Array) -> Array:
    """As `usual_without_own_day`, of some sensors; `overall` has their means."""
    total, count = _sums(values, weights, day, time, steps_per_day)
    result = np.empty(values.shape, dtype=np.float32)
    # Rows of one date, which a step may part anywhere: their own sums are taken out of all days' sums.
    dates = np.cumsum(np.concatenate([[0], (np.diff(time) < 0) | (np.diff(day) != 0)])) if len(values) else day
    for date in np.unique(dates):
        rows = np.flatnonzero(dates == date)
        days, place = np.unique(day[rows], return_inverse=True)
        own_total, own_count = _sums(values[rows], weights[rows], place, time[rows], steps_per_day, len(days))
        kept = total[days], count[days]
        total[days], count[days] = kept[0] - own_total, np.maximum(kept[1] - own_count, 0.0)
        result[rows] = _shrunk(total, count, days, overall)[0, time[rows]]
        total[days], count[days] = kept
    return result


def _weights(steps: int, steps_per_day: int) -> Array:
    age = (steps - 1 - np.arange(steps)) / steps_per_day
    return np.asarray(0.5 ** (age / HALF_LIFE_DAYS))


def _sums(
    values: Array, weights: Array, day: Days, time: Days, steps_per_day: int, days: int = DAYS
) -> tuple[Array, Array]:
    """Weighted sums and counts (days, T, N) of observed readings, each with its neighbours in time."""
    total = np.zeros((days, steps_per_day, values.shape[1]))
    count = np.zeros_like(total)
    np.add.at(total, (day, time), values * weights[:, np.newaxis])
    np.add.at(count, (day, time), is_observed(values) * weights[:, np.newaxis])
    return _with_neighbours(total), _with_neighbours(count)


def _with_neighbours(sums: Array) -> Array:
    """Means over the times around each one; a day is a circle."""
    steps_per_day = sums.shape[1]
    span = min(NEIGHBOUR_MINUTES * steps_per_day // MINUTES_PER_DAY, (steps_per_day - 1) // 2)
    around = sum(np.roll(sums, shift, axis=1) for shift in range(-span, span + 1))
    return np.asarray(np.asarray(around) / (2 * span + 1))


def _overall(readings: Array) -> Array:
    """Mean reading of each sensor (N,); of all sensors where it has none."""
    observed = is_observed(readings)
    counts = observed.sum(axis=0)
    means = readings.sum(axis=0, dtype=np.float64) / np.maximum(counts, 1)
    everything = readings.sum(dtype=np.float64) / max(int(observed.sum()), 1)
    return np.asarray(np.where(counts > 0, means, everything))


def _shrunk(total: Array, count: Array, days: Days, overall: Array) -> Array:
    """Usual values (k, T, N) of the days of the week `days` (k,) from sums and counts (7, T, N)."""
    some = 1e-6  # a count below it is rounding, left over where all was taken out
    every_total, every_count = total.sum(axis=0), count.sum(axis=0)
    by_time = np.where(every_count > some, every_total / np.maximum(every_count, some), overall)
    kind_of_day = np.arange(DAYS) >= WEEKEND
    kinds = []
    for weekend in (False, True):
        of_kind = kind_of_day == weekend
        kind_total, kind_count = total[of_kind].sum(axis=0), count[of_kind].sum(axis=0)
        kinds.append(np.where(kind_count > some, kind_total / np.maximum(kind_count, some), by_time))
    towards = np.stack(kinds)[kind_of_day[days].astype(int)]
    return np.asarray((total[days] + PRIOR_DAYS * towards) / (count[days] + PRIOR_DAYS))
