"""How much a number moves from day to day by chance, and whether a week is beyond it (pure)."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

__all__ = ["Chance", "by_sensor", "mean_of_sensors", "pooled"]

CORRELATION = 0.15
"""Mean correlation of two days of a week, of errors."""
TRIMMED = 1.15
"""How much more the square of a trimmed mean scatters than that of a mean."""
PRIOR_DAYS = 6.0
"""A sensor's spread is drawn towards all sensors' as if so many days of them had been seen."""

Array = NDArray[np.floating]
Flags = NDArray[np.bool_]


class Chance:
    """The level and the spread of numbers (D, M) of M sensors on D days of reference; NaN where there is none.

    `weekend` (D,) parts the days: a level is of working days or of weekends, the spread is around both. `correlation`
    is the mean correlation of two days of a week.
    """

    def __init__(self, values: Array, weekend: Flags, correlation: float = CORRELATION) -> None:
        count, self.correlation = values.shape[1], correlation
        self.level, self.days = np.full((2, count), np.nan), np.zeros((2, count))
        squares, freedom = np.zeros(count), np.zeros(count)
        for kind in (0, 1):
            own = values[weekend == bool(kind)]
            seen = np.isfinite(own)
            self.days[kind] = seen.sum(axis=0)
            self.level[kind] = _mean(own)
            squares += np.square(np.where(seen, own - self.level[kind], 0.0)).sum(axis=0)
            freedom += np.maximum(self.days[kind] - 1, 0)
        prior = PRIOR_DAYS if count > 1 else 0.0
        known = freedom > 0
        shared = float(np.median(squares[known] / freedom[known])) if known.any() else np.inf
        self.freedom = np.maximum(freedom + prior, 1.0)
        self.variance = (squares + prior * shared) / self.freedom if prior else np.where(known, shared, np.inf)

    def days_like(self, values: Array, weekend: Flags) -> Array:
        """How many of the days of `values` (D', M) have a level to be compared with (M,)."""
        counts: Array = np.isfinite(values - self.level[weekend.astype(int)]).sum(axis=0)
        return counts

    def above(self, values: Array, weekend: Flags, risk: float, least: float, sign: int = 1) -> Flags:
        """Whether a week of days (D', M) lies above the level by more than chance would in a share `risk` of weeks.

        Args:
            values: of the days of the week.
            weekend: (D',).
            risk: of a false alarm.
            least: a smaller distance from the level does not matter.
            sign: -1 asks whether the week lies below.
        """
        kind = weekend.astype(int)
        change = sign * (values - self.level[kind])
        seen = np.isfinite(change)
        count = np.maximum(seen.sum(axis=0), 1)
        # The week's own scatter, and that of the levels it is compared with.
        scatter = (1 + (count - 1) * self.correlation) / count * TRIMMED
        for each in (0, 1):
            share, days = seen[kind == each].sum(axis=0) / count, np.maximum(self.days[each], 1)
            scatter = scatter + share**2 * (1 + (days - 1) * self.correlation) / days
        chance = student.isf(risk, self.freedom) * np.sqrt(scatter * self.variance)
        with np.errstate(invalid="ignore"):
            found: Flags = _trimmed(change) > np.maximum(chance, least)
        return found


def pooled(sums: Array, count: Array) -> float:
    """Mean over everything; NaN where nothing was counted."""
    total = float(count.sum())
    return float(sums.sum() / total) if total else float("nan")


def by_sensor(sums: Array, count: Array) -> Array:
    """Means (N,) over days of (D, N); NaN for sensors without a reading."""
    total = count.sum(axis=0)
    return np.asarray(np.divide(sums.sum(axis=0), total, out=np.full(len(total), np.nan), where=total > 0))


def mean_of_sensors(values: Array) -> Array:
    """Mean (D, 1) of the finite ones of each day of (D, N); NaN where there is none."""
    return _mean(values.T)[:, np.newaxis]


def _mean(values: Array) -> Array:
    """Mean (N,) of the finite ones of (D, N); NaN where there is none."""
    seen = np.isfinite(values)
    count = seen.sum(axis=0)
    total = np.where(seen, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(values.shape[1], np.nan), where=count > 0))


def _trimmed(values: Array) -> Array:
    """Mean (N,) over the finite days of (D, N) but the highest and the lowest, where there are five or more.

    The median where there are fewer; NaN where there is none.
    """
    result = np.full(values.shape[1], np.nan)
    for number, column in enumerate(values.T):
        ordered = np.sort(column[np.isfinite(column)])
        if len(ordered):
            result[number] = ordered[1:-1].mean() if len(ordered) >= 5 else np.median(ordered)
    return result
