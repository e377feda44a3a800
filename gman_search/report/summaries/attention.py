"""To whom the best, the median and the worst sensor attend (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gman_search.data.graphs.great_circle import great_circle
from gman_search.record import StudyRecord

__all__ = ["AttendedSensor", "AttentionSummary", "Focus", "attention_summary"]


@dataclass(frozen=True)
class AttendedSensor:
    """A sensor and the share of attention it gets, in percent; its kilometres from the one that attends, if known."""

    name: str
    percent: float
    kilometres: float | None


@dataclass(frozen=True)
class Focus:
    """What one sensor attends to: `own` percent to itself, most to the first of `others`."""

    rank: str
    sensor: str
    own: float | None
    others: tuple[AttendedSensor, ...]


@dataclass(frozen=True)
class AttentionSummary:
    """Mean weights of spatial attention; `even` is the percent that each of all sensors would get."""

    even: float
    focuses: tuple[Focus, ...]


def attention_summary(record: StudyRecord) -> AttentionSummary | None:
    """The attention of the sensors whose forecasts are shown, or none where it was not measured."""
    test = record.test
    if test is None or not test.attention or not test.sensor_mae:
        return None
    focuses = []
    for sample in test.samples:
        found = dict(test.attention.get(sample.sensor, ()))
        own = found.pop(sample.sensor, None)
        others = tuple(
            AttendedSensor(name, 100 * share, _kilometres(test.coordinates, sample.sensor, name))
            for name, share in found.items()
        )
        if others:
            focuses.append(Focus(sample.rank, sample.sensor, None if own is None else 100 * own, others))
    return AttentionSummary(100 / len(test.sensor_mae), tuple(focuses)) if focuses else None


def _kilometres(places: Mapping[str, tuple[float, float]], one: str, other: str) -> float | None:
    if one not in places or other not in places:
        return None
    return float(great_circle(np.array([places[one], places[other]]))[0, 1])
