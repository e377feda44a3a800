"""One panel a searched hyperparameter: its values against the validation MAE of the first stage (pure)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gman_search.halving.decide import ranked
from gman_search.halving.table import latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.summaries.frame import Frame, frame
from gman_search.report.summaries.headline import ladder_winner

__all__ = ["SlicePanel", "SlicePoint", "SliceSummary", "bound_touched", "searched_dimensions", "slice_summary"]

EDGE_SHARE = 0.03
"""Values within this share of a range's length from its end count as at the bound."""


@dataclass(frozen=True)
class SlicePoint:
    """A config's value and its validation MAE at the first stage, in the data's unit."""

    config_id: int
    value: Any
    val_mae: float
    promoted: bool


@dataclass(frozen=True)
class SlicePanel:
    """One dimension of the space. `choices` is empty for a range; `at_bound` is "low", "high" or none."""

    name: str
    log: bool
    low: float | None
    high: float | None
    choices: tuple[Any, ...]
    default: Any
    points: tuple[SlicePoint, ...]
    winner_value: Any
    winner_id: int | None
    at_bound: str | None


@dataclass(frozen=True)
class SliceSummary:
    """All searched dimensions, and those that were fixed."""

    unit: str
    stage: str
    panels: tuple[SlicePanel, ...]
    fixed: tuple[tuple[str, Any], ...]
    frame: Frame | None


def slice_summary(record: StudyRecord) -> SliceSummary:
    """Values of each searched parameter at the first stage, where all configs are comparable and none is selected."""
    rows = latest_attempts(record.evaluations)
    first = record.ladder.stages[0]
    second = record.ladder.stages[1] if len(record.ladder.stages) > 1 else None
    promoted = {row.config_id for row in rows if second is not None and row.stage == second}
    complete = ranked(row for row in rows if row.stage == first)
    best = ladder_winner(record)
    panels, fixed = [], []
    for name, dimension in _dimensions(record.spec):
        choices = tuple(dimension.get("choices") or ())
        low, high = dimension.get("low"), dimension.get("high")
        if not _is_searched(dimension):
            fixed.append((name, choices[0] if choices else low))
            continue
        value = None if best is None else best.params.get(name)
        panels.append(
            SlicePanel(
                name=name,
                log=bool(dimension.get("log")),
                low=low,
                high=high,
                choices=choices,
                default=dimension.get("default"),
                points=tuple(
                    SlicePoint(row.config_id, row.params[name], float(row.val_mae or 0.0), row.config_id in promoted)
                    for row in complete
                    if name in row.params
                ),
                winner_value=value,
                winner_id=None if best is None else best.config_id,
                at_bound=bound_touched(value, dimension),
            )
        )
    return SliceSummary(record.unit, first, tuple(panels), tuple(fixed), frame(row.val_mae for row in complete))


def searched_dimensions(spec: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The dimensions of a specification's space that have more than one value."""
    return [(name, dimension) for name, dimension in _dimensions(spec) if _is_searched(dimension)]


def bound_touched(value: Any, dimension: Mapping[str, Any]) -> str | None:
    """Say "low" or "high" when a value lies at an end of its range; a choice has no ends."""
    low, high = dimension.get("low"), dimension.get("high")
    if low is None or high is None or low == high or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if dimension.get("log"):
        share = (math.log(value) - math.log(low)) / (math.log(high) - math.log(low)) if value > 0 else 0.0
    else:
        share = (value - low) / (high - low)
    if share <= EDGE_SHARE:
        return "low"
    return "high" if share >= 1 - EDGE_SHARE else None


def _is_searched(dimension: Mapping[str, Any]) -> bool:
    choices, low = dimension.get("choices") or (), dimension.get("low")
    return len(choices) > 1 or (not choices and low is not None and low != dimension.get("high"))


def _dimensions(spec: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    space = spec.get("space") or {}
    return [(str(name), dimension) for name, dimension in space.items() if isinstance(dimension, Mapping)]
