"""Prediction intervals by split conformal prediction, and how often they hold (pure).

The absolute errors on the validation part are the scores. The half-width of the interval that is to hold in `percent`
of cases is the k-th smallest of n scores, k = ceil((n + 1) percent / 100) (Vovk et al. 2005; Lei et al. 2018). It is
taken for each horizon and each level of traffic apart (Mondrian conformal prediction): a slow forecast is far less
certain than a fast one, and with one width for both, intervals of 90 % held 19 % of the time where the demo's forecast
was slow. The level is read off the forecast, relative to the sensor's free-flow reading, so it is known beforehand.

That is exact for exchangeable readings. Traffic is not: neighbouring windows resemble each other, and next week is
not this week. So coverage is measured on the test part, and printed beside the intervals.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.errors import DataError
from gman_search.missing import is_observed
from gman_search.record import Coverage

__all__ = ["PERCENTS", "Intervals", "calibrated", "conformal_quantiles", "coverage", "free_flow_readings"]

PERCENTS = tuple(range(50, 100))
"""The coverages for which half-widths are kept."""
LEVELS = (0.7, 0.9)
"""Shares of the free-flow reading that part slow, middling and free traffic."""
FREE_FLOW_PERCENTILE = 85

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Intervals:
    """Half-widths of prediction intervals.

    Args:
        widths: (50, Q, 3) in the data's unit, for 50 to 99 %, each horizon and each level of traffic.
        free_flow: (N,), each sensor's reading in free traffic.
    """

    widths: Array
    free_flow: Array

    def has(self, percent: int) -> bool:
        """Whether there were enough readings for intervals of `percent`."""
        return percent in PERCENTS and bool(np.isfinite(self.widths[PERCENTS.index(percent)]).all())

    def of(self, percent: int) -> Array:
        """Half-widths (Q, 3) of `percent`.

        Raises:
            DataError: `percent` is not one of 50 to 99, or there were too few readings for it.
        """
        if percent not in PERCENTS:
            raise DataError(f"expected an interval of {PERCENTS[0]} to {PERCENTS[-1]} percent; received {percent}")
        if not self.has(percent):
            raise DataError(
                f"the validation part has too few readings for intervals of {percent} %: choose fewer percent"
            )
        widths: Array = self.widths[PERCENTS.index(percent)]
        return widths

    def half_width(self, forecast: Array, percent: int) -> Array:
        """Half-widths (..., Q, N) around forecasts (..., Q, N); raises as `of`."""
        widths = self.of(percent)
        steps = np.arange(widths.shape[0])[:, np.newaxis]
        return np.asarray(widths[steps, _level(forecast, self.free_flow)])

    def ends(self, forecast: Array, percent: int) -> tuple[Array, Array]:
        """Lower and upper ends (..., Q, N); no reading is below 0."""
        half = self.half_width(forecast, percent)
        return np.maximum(forecast - half, 0.0), forecast + half


def conformal_quantiles(scores: Array, percents: tuple[int, ...] = PERCENTS) -> Array:
    """The k-th smallest of the finite `scores`, k = ceil((n + 1) percent / 100), for each percent; inf where k > n."""
    finite = np.sort(scores[np.isfinite(scores)], axis=None)
    count = len(finite)
    ranks = np.array([-(-(count + 1) * percent // 100) for percent in percents])
    padded = np.append(finite.astype(np.float64), np.inf)
    return np.asarray(padded[np.minimum(ranks, count + 1) - 1], dtype=np.float64)


def free_flow_readings(readings: Array) -> Array:
    """What each sensor reads in free traffic (N,): a high percentile of its observed readings (S, N).

    A sensor without any takes the mean of the others.
    """
    observed = is_observed(readings)
    free_flow = np.array(
        [
            np.percentile(column[seen], FREE_FLOW_PERCENTILE) if seen.any() else np.nan
            for column, seen in zip(readings.T, observed.T, strict=True)
        ]
    )
    known = free_flow[np.isfinite(free_flow)]
    return np.where(np.isfinite(free_flow), free_flow, known.mean() if len(known) else 1.0)


def calibrated(truth: Array, forecast: Array, free_flow: Array) -> Intervals:
    """Intervals from readings and forecasts (W, Q, N) of the validation part; readings of 0 count nowhere.

    A level of traffic with too few readings for a percent takes the width of all levels together.
    """
    observed = is_observed(truth)
    scores = np.where(observed, np.abs(forecast.astype(np.float64) - truth), np.nan)
    level = _level(forecast, free_flow)
    horizon = truth.shape[1]
    widths = np.empty((len(PERCENTS), horizon, len(LEVELS) + 1))
    for step in range(horizon):
        together = conformal_quantiles(scores[:, step])
        for which in range(len(LEVELS) + 1):
            own = conformal_quantiles(scores[:, step][level[:, step] == which])
            widths[:, step, which] = np.where(np.isfinite(own), own, together)
    return Intervals(widths, free_flow)


def coverage(truth: Array, forecast: Array, intervals: Intervals, percent: int) -> Coverage:
    """How often the intervals held the observed readings (W, Q, N); NaN where there is none."""
    lower, upper = intervals.ends(forecast, percent)
    observed = is_observed(truth)
    inside = observed & (lower <= truth) & (truth <= upper)
    slow = _level(forecast, intervals.free_flow) == 0

    def coverage_where(where: NDArray[np.bool_]) -> float:
        seen = int((observed & where).sum())
        return 100.0 * int((inside & where).sum()) / seen if seen else float("nan")

    everything = np.ones_like(observed)
    horizon = truth.shape[1]
    seen_by_sensor = observed.sum(axis=(0, 1))
    known = [
        float(share)
        for share in 100.0 * inside.sum(axis=(0, 1))[seen_by_sensor > 0] / seen_by_sensor[seen_by_sensor > 0]
    ]
    return Coverage(
        held=coverage_where(everything),
        width=float((upper - lower)[observed].mean(dtype=np.float64)) if observed.any() else float("nan"),
        by_step=tuple(
            coverage_where(everything & (np.arange(horizon)[:, np.newaxis] == step)) for step in range(horizon)
        ),
        lowest_sensor=min(known, default=float("nan")),
        slow=coverage_where(slow),
    )


def _level(forecast: Array, free_flow: Array) -> NDArray[np.intp]:
    """0, 1, 2 for slow, middling and free traffic, for forecasts (..., N)."""
    return np.digitize(forecast / free_flow, LEVELS)
