"""What the readings of a task cannot teach a model, and what its parts cannot tell a search."""

from collections.abc import Mapping

import numpy as np

from gman_search.data.series import TrafficSeries
from gman_search.spec import DataSpec
from gman_search.weekdays import DAY_NAMES

__all__ = ["cautions"]

MISSING_WARNING = 0.3
WEEK = 7
LEAST_TRAIN_SHARE = 0.5
"""A week of validation is not advised where less than this would be left to train on."""


def cautions(
    spec: DataSpec,
    series: TrafficSeries,
    days: np.ndarray,
    starts: Mapping[str, np.ndarray],
    seen_days: np.ndarray,
) -> tuple[str, ...]:
    """One line each, the most important first.

    `days` (S,) are weekdays, holidays being Sundays; `starts[part]` are the first rows of windows, `seen_days` (7,) the
    weekdays of the training part.
    """
    texts = list(series.notes)
    unseen = np.setdiff1d(days, np.flatnonzero(seen_days))
    if len(unseen):
        texts.append(
            f"{_named(unseen)} never occur in the training part: the model gets no day-of-week signal for them"
        )
    poor = [name for name, share in zip(series.sensors, series.missing_share, strict=True) if share > MISSING_WARNING]
    if poor:
        texts.append(f"{len(poor)} sensors miss more than 30 % of their readings, such as {poor[0]}")
    if len(series.values) < WEEK * series.steps_per_day:
        texts.append(f"the series has fewer than {WEEK} days: the model cannot learn the days of the week")
    tested, validated = (_forecast_days(spec, days, starts[part]) for part in ("test", "val"))
    unchosen = np.setdiff1d(tested, validated)
    if len(unchosen):
        share = _train_share_for_a_week(spec, series)
        way = "a longer series" if share is None else f"data.train = {share:g}"
        texts.append(
            f"no {_named(unchosen)} in the validation part, but in the test part: configs are chosen by other days "
            f"than they are tested on; {way} makes the validation part a week"
        )
    return tuple(texts)


def _train_share_for_a_week(spec: DataSpec, series: TrafficSeries) -> float | None:
    """The largest share of training, in percents, that leaves a week for validation; none where that costs too much."""
    week = WEEK * series.steps_per_day / len(series.values)
    share = int(100 * (1 - spec.test - week) + 1e-6) / 100  # 1 - 0.2 - 0.2 is a little below 0.6
    return share if share >= LEAST_TRAIN_SHARE else None


def _forecast_days(spec: DataSpec, days: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The weekdays that the windows of a part forecast."""
    first, end = starts[0] + spec.history, starts[-1] + spec.history + spec.horizon
    return np.unique(days[first:end])


def _named(days: np.ndarray) -> str:
    return ", ".join(DAY_NAMES[day] for day in days)
