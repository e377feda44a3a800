"""Parallel coordinates: every config a line through its parameters, the best part of them stressed (pure)."""

import math
from dataclasses import dataclass
from typing import Any

from gman_search.report.summaries.frame import thin
from gman_search.report.summaries.slices import SlicePanel, SliceSummary

__all__ = ["Axis", "ParallelLine", "ParallelSummary", "parallel_summary"]

TOP_SHARE = 0.2
MIN_TOP = 5
MAX_REST = 150
"""Lines drawn faintly behind the best ones."""
MIN_LINES = 5


@dataclass(frozen=True)
class Axis:
    """One parameter; `ticks` are (position, value) with positions from 0 to 1."""

    name: str
    log: bool
    ticks: tuple[tuple[float, Any], ...]


@dataclass(frozen=True)
class ParallelLine:
    """One config: its places on the axes, 0 to 1, and its validation MAE; `group` is "winner", "top" or "rest"."""

    config_id: int
    group: str
    places: tuple[float, ...]
    val_mae: float


@dataclass(frozen=True)
class ParallelSummary:
    """The best `top` of `of` configs before the rest, of which `hidden` are not drawn."""

    unit: str
    stage: str
    axes: tuple[Axis, ...]
    lines: tuple[ParallelLine, ...]
    top: int
    of: int
    hidden: int


def parallel_summary(slices: SliceSummary) -> ParallelSummary | None:
    """Lines of the configs that the slices show; none with fewer than two parameters or five configs."""
    panels = [panel for panel in slices.panels if panel.points]
    if len(panels) < 2:
        return None
    places = [{point.config_id: _place(point.value, panel) for point in panel.points} for panel in panels]
    order = [point for point in panels[0].points if all(point.config_id in known for known in places)]
    if len(order) < MIN_LINES:
        return None
    top = max(MIN_TOP, math.ceil(TOP_SHARE * len(order)))
    winner = panels[0].winner_id
    lines = [
        ParallelLine(
            config_id=point.config_id,
            group="winner" if point.config_id == winner else "top" if rank < top else "rest",
            places=tuple(known[point.config_id] for known in places),
            val_mae=point.val_mae,
        )
        for rank, point in enumerate(order)
    ]
    rest, _ = thin([line for line in lines if line.group == "rest"], MAX_REST)
    kept = tuple(rest) + tuple(line for line in lines if line.group == "top")
    kept += tuple(line for line in lines if line.group == "winner")
    return ParallelSummary(
        slices.unit, slices.stage, tuple(map(_axis, panels)), kept, top, len(order), len(order) - len(kept)
    )


def _place(value: Any, panel: SlicePanel) -> float:
    if panel.choices:
        last = max(1, len(panel.choices) - 1)
        return panel.choices.index(value) / last if value in panel.choices else 0.0
    low, high, value = float(panel.low or 0.0), float(panel.high or 1.0), float(value)
    if panel.log:
        low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-300))
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _axis(panel: SlicePanel) -> Axis:
    if panel.choices:
        last = max(1, len(panel.choices) - 1)
        return Axis(panel.name, False, tuple((place / last, value) for place, value in enumerate(panel.choices)))
    return Axis(panel.name, panel.log, ((0.0, panel.low), (1.0, panel.high)))
