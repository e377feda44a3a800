"""The sections of every page in order, with their figures: a new figure is a file in `figures` and a line here."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from gman_search.report.figure import Block, Figure
from gman_search.report.figures import (
    attention,
    cold_start_control,
    comparison_by_step,
    comparison_history,
    ensemble_weights,
    error_by_sensor,
    error_by_step,
    error_calendar,
    error_map,
    forecast,
    growth,
    interval_coverage,
    learning_curves,
    optimization_history,
    parallel_coordinate,
    param_importances,
    promotions,
    rank_correlation,
    rank_flow,
    slice,
    stage_ranks,
    timeline,
)
from gman_search.report.view import Source

__all__ = ["COMPARISON", "STUDY", "Group", "Section", "blocks", "figure_named", "figures_of", "groups"]


@dataclass(frozen=True)
class Section:
    """A part of a page. What it shows besides figures is in the page's template, under its id."""

    id: str
    heading: str
    figures: tuple[Figure[Any, Any], ...] = ()


@dataclass(frozen=True)
class Group:
    """Figures that share one HTML element with the CSS classes `layout`; `panels` are (block, element of its title)."""

    layout: str
    names: tuple[str, ...]
    panels: tuple[tuple[Block, str], ...]


STUDY = (
    Section("result", "Result"),
    Section("leaderboard", "Leaderboard", (ensemble_weights.FIGURE,)),
    Section("diagnostics", "Diagnostics"),
    Section(
        "stages",
        "Stages",
        (
            promotions.FIGURE,
            stage_ranks.FIGURE,
            optimization_history.FIGURE,
            timeline.FIGURE,
        ),
    ),
    Section(
        "correlation",
        "Rank correlation",
        (
            rank_flow.FIGURE,
            rank_correlation.FIGURE,
        ),
    ),
    Section("curves", "Learning curves", (learning_curves.FIGURE,)),
    Section(
        "growth",
        "Warm starts",
        (
            growth.FIGURE,
            cold_start_control.FIGURE,
        ),
    ),
    Section(
        "hyperparameters",
        "Hyperparameters",
        (
            param_importances.FIGURE,
            slice.FIGURE,
            parallel_coordinate.FIGURE,
        ),
    ),
    Section(
        "test",
        "Test",
        (
            error_by_step.FIGURE,
            error_by_sensor.FIGURE,
            interval_coverage.FIGURE,
            error_calendar.FIGURE,
            error_map.FIGURE,
        ),
    ),
    Section(
        "forecasts",
        "Forecasts",
        (
            forecast.FIGURE,
            attention.FIGURE,
        ),
    ),
    Section("evaluations", "All evaluations"),
    Section("provenance", "Provenance"),
)
"""The report of one study."""
COMPARISON = (
    Section("result", "Result"),
    Section(
        "figures-of-all",
        "Figures",
        (
            comparison_by_step.FIGURE,
            comparison_history.FIGURE,
        ),
    ),
    Section("differences", "Settings that differ"),
)
"""The comparison of several studies."""


def figures_of(sections: tuple[Section, ...]) -> Iterator[Figure[Any, Any]]:
    """The figures of a page in order."""
    for section in sections:
        yield from section.figures


def figure_named(name: str) -> Figure[Any, Any]:
    """The figure of that name.

    Raises:
        KeyError: there is none.

    Example:
        >>> figure_named("timeline").id
        'fig-timeline'
    """
    return {figure.name: figure for figure in (*figures_of(STUDY), *figures_of(COMPARISON))}[name]


def blocks(sections: tuple[Section, ...], source: Source) -> dict[str, tuple[Block, ...]]:
    """The panels of every figure of a page, by the figure's name; empty for a figure without anything to show."""
    return {figure.name: figure.blocks(source) for figure in figures_of(sections)}


def groups(section: Section, drawn: dict[str, tuple[Block, ...]]) -> tuple[Group, ...]:
    """The figures of a section, those in a row with the same layout together; `drawn` as `blocks` returns it."""
    found = []
    for layout, members in groupby(section.figures, key=lambda figure: figure.layout):
        figures = tuple(members)
        panels = tuple((block, figure.heading) for figure in figures for block in drawn[figure.name])
        found.append(Group(layout, tuple(figure.name for figure in figures), panels))
    return tuple(found)
