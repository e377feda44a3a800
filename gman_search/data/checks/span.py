"""What the days of the readings and of the parts cannot teach or tell (pure)."""

from collections.abc import Iterator

import numpy as np

from gman_search.data.checks.facts import Facts
from gman_search.data.checks.finding import Finding, days_named, few
from gman_search.missing import is_observed

__all__ = ["short_series", "silent_sensors", "unseen_weekdays", "unvalidated_weekdays"]

WEEK = 7
LEAST_TRAIN_SHARE = 0.5
"""A week of validation is not advised where less than this would be left to train on."""
SILENT = {
    "train": "the model learns nothing of them but their place",
    "val": "configs are chosen without them",
    "test": "the test errors say nothing of them",
}


def unseen_weekdays(facts: Facts) -> Finding | None:
    """Weekdays that the training part does not have."""
    unseen = np.setdiff1d(facts.days, np.flatnonzero(facts.seen_days))
    if not len(unseen):
        return None
    return Finding(
        "unseen-weekdays",
        "warning",
        f"{days_named(unseen)} never occur in the training part",
        "the model gets no day-of-week signal for them: a longer series helps",
    )


def short_series(facts: Facts) -> Finding | None:
    """Fewer days than a week has."""
    if len(facts.series.values) >= WEEK * facts.series.steps_per_day:
        return None
    return Finding(
        "short-series",
        "warning",
        f"the series has fewer than {WEEK} days",
        "the model cannot learn the days of the week: a longer series helps",
    )


def unvalidated_weekdays(facts: Facts) -> Finding | None:
    """Weekdays of the test part that the validation part does not have."""
    tested, validated = (_days(facts, part) for part in ("test", "val"))
    unchosen = np.setdiff1d(tested, validated)
    if not len(unchosen):
        return None
    share = _train_share_for_a_week(facts)
    way = "a longer series" if share is None else f"data.train_share = {share:g}"
    return Finding(
        "unvalidated-weekdays",
        "warning",
        f"no {days_named(unchosen)} in the validation part, but in the test part: configs are chosen by other days "
        "than they are tested on",
        f"{way} makes the validation part a week",
    )


def silent_sensors(facts: Facts) -> Iterator[Finding]:
    """Sensors that were built late or died early."""
    for part, meaning in SILENT.items():
        first, end = facts.rows(part)
        seen = np.asarray(is_observed(facts.series.values[first:end]).any(axis=0))
        silent = [name for name, is_seen in zip(facts.series.sensors, seen, strict=True) if not is_seen]
        if silent:
            text = f"without a reading in the {part} part: {few(silent)}"
            yield Finding("silent-sensors", "warning", text, meaning)


def _days(facts: Facts, part: str) -> np.ndarray:
    first, end = facts.target_rows(part)
    return np.unique(facts.days[first:end])


def _train_share_for_a_week(facts: Facts) -> float | None:
    """The largest share of training, in percents, that leaves a week for validation; none where that costs too much."""
    week = WEEK * facts.series.steps_per_day / len(facts.series.values)
    share = int(100 * (1 - facts.spec.data.test_share - week) + 1e-6) / 100  # 1 - 0.2 - 0.2 is a little below 0.6
    return share if share >= LEAST_TRAIN_SHARE else None
