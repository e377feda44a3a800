"""Which sensors the best, the median and the worst sensor attend to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gman_search.data.graphs.great_circle import great_circle
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, percent
from gman_search.report.style import NEUTRAL, RANK_COLOURS, new_figure, plain
from gman_search.report.view import StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "AttendedSensor", "AttentionData", "Focus", "caption", "compute", "plot", "table"]


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
class AttentionData:
    """Mean weights of spatial attention; `even` is the percent that each of all sensors would get."""

    even: float
    focuses: tuple[Focus, ...]


def compute(view: StudyView) -> AttentionData | None:
    """The attention of the sensors whose forecasts are shown, None where it was not measured."""
    test = view.test
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
    return AttentionData(100 / len(test.sensor_mae), tuple(focuses)) if focuses else None


def _kilometres(places: Mapping[str, tuple[float, float]], one: str, other: str) -> float | None:
    if one not in places or other not in places:
        return None
    return float(great_circle(np.array([places[one], places[other]]))[0, 1])


def plot(data: AttentionData) -> "go.Figure":
    """A group of bars for each sensor; the dotted line is the even share."""
    count = sum(len(focus.others) for focus in data.focuses)
    figure = new_figure(110 + 24 * count, bargap=0.35)
    for focus in data.focuses:
        figure.add_bar(
            x=[round(other.percent, 2) for other in focus.others],
            # Two axes of categories: a neighbour may be one of several sensors.
            y=[[plain(focus.sensor)] * len(focus.others), [plain(other.name) for other in focus.others]],
            orientation="h",
            name=plain(f"the {focus.rank} sensor, {focus.sensor}"),
            marker={"color": RANK_COLOURS.get(focus.rank, NEUTRAL)},
            hovertemplate=f"{plain(focus.sensor)} to %{{y}}: %{{x:.1f}} %<extra></extra>",
        )
    figure.add_vline(x=round(data.even, 3), line={"width": 1.2, "dash": "dot", "color": NEUTRAL})
    figure.update_xaxes(title_text="share of attention (percent)", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False, showline=False, ticks="")
    return figure


def caption(data: AttentionData) -> str:
    """The sensor that the worst one attends to most, compared with an even share."""
    focus = next((focus for focus in data.focuses if focus.rank == "worst"), data.focuses[-1])
    first = focus.others[0]
    text = (
        f"Mean weights of spatial attention over blocks, heads, steps and windows of the test part. The {focus.rank} "
        f"sensor, {focus.sensor}, attends most to {first.name}{_away(focus)}: {percent(first.percent)}, "
        f"{error(first.percent / data.even, 1)} times the even share of {percent(data.even)} (dotted)."
    )
    if focus.own is not None:
        text += f" To itself: {percent(focus.own)}."
    return text + " Attention does not show causes."


def _away(focus: Focus) -> str:
    kilometres = focus.others[0].kilometres
    return "" if kilometres is None else f", {error(kilometres, 1)} km away"


def table(data: AttentionData) -> Table:
    """One row for each sensor that is attended to."""
    rows = tuple(
        (focus.sensor, focus.rank, other.name, error(other.percent, 2), error(other.kilometres, 1))
        for focus in data.focuses
        for other in focus.others
    )
    columns = ("sensor", "its error is", "attends to", "percent", "km away")
    note = f"The even share is {error(data.even, 2)} percent."
    return Table(columns, rows, frozenset({0, 1, 2}), note=note)


FIGURE = Figure("attention", "fig-attention", "What sensors attend to", compute, plot, caption, table)
