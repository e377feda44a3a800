"""Every config is a line through its hyperparameters; the best ones stand out."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gman_search.report.axis_range import downsample
from gman_search.report.figure import Figure, Table
from gman_search.report.figures import slice as slice_figure
from gman_search.report.figures.slice import SliceData
from gman_search.report.formats import error, plural, setting
from gman_search.report.style import BY_RUNG, NEUTRAL, WINNER, new_figure, plain
from gman_search.report.view import StudyView
from gman_search.space import Choice

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "Axis", "ParallelCoordinateData", "ParallelLine", "caption", "compute", "plot", "table"]

TOP_SHARE = 0.2
MIN_TOP = 5
MAX_REST = 150
"""Lines drawn faintly behind the best ones."""
MIN_LINES = 5


@dataclass(frozen=True)
class Axis:
    """One hyperparameter; `ticks` are (position, value) with positions from 0 to 1."""

    name: str
    log: bool
    ticks: tuple[tuple[float, Any], ...]


@dataclass(frozen=True)
class ParallelLine:
    """One config: its positions on the axes, 0 to 1, and its validation MAE; `group` is "winner", "top" or "rest"."""

    config_id: int
    group: str
    places: tuple[float, ...]
    val_mae: float


@dataclass(frozen=True)
class ParallelCoordinateData:
    """The best `top` of `of` configs before the rest, of which `hidden` are not drawn."""

    unit: str
    stage: str
    axes: tuple[Axis, ...]
    lines: tuple[ParallelLine, ...]
    top: int
    of: int
    hidden: int


def compute(view: StudyView) -> ParallelCoordinateData | None:
    """Lines of the configs at the first stage; None with fewer than two hyperparameters or five configs."""
    panels = view.of(slice_figure.compute)
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
    rest, _ = downsample([line for line in lines if line.group == "rest"], MAX_REST)
    kept = tuple(rest) + tuple(line for line in lines if line.group == "top")
    kept += tuple(line for line in lines if line.group == "winner")
    return ParallelCoordinateData(
        view.unit, view.stages[0], tuple(map(_axis, panels)), kept, top, len(order), len(order) - len(kept)
    )


def _place(value: Any, panel: SliceData) -> float:
    if isinstance(panel.dimension, Choice):
        last = max(1, len(panel.choices) - 1)
        return panel.choices.index(value) / last if value in panel.choices else 0.0
    low, high, value = float(panel.dimension.low), float(panel.dimension.high), float(value)
    if panel.log:
        low, high, value = math.log(low), math.log(high), math.log(max(value, 1e-300))
    return float(min(1.0, max(0.0, (value - low) / (high - low))))


def _axis(panel: SliceData) -> Axis:
    if isinstance(panel.dimension, Choice):
        last = max(1, len(panel.choices) - 1)
        return Axis(panel.name, False, tuple((place / last, value) for place, value in enumerate(panel.choices)))
    return Axis(panel.name, panel.log, ((0.0, panel.dimension.low), (1.0, panel.dimension.high)))


def plot(data: ParallelCoordinateData) -> "go.Figure":
    """Each axis runs from its lowest value (below) to its highest."""
    figure = new_figure(400, margin={"l": 34, "r": 34, "t": 34, "b": 70})
    places = list(range(len(data.axes)))
    for group, label, mark, width, opacity in (
        ("rest", "the rest", BY_RUNG[0], 0.8, 0.4),
        ("top", f"best {data.top}", BY_RUNG[2], 1.8, 0.9),
        ("winner", "winner", WINNER, 3.5, 1.0),
    ):
        lines = [line for line in data.lines if line.group == group]
        if lines:
            figure.add_scatter(
                x=[place for _ in lines for place in (*places, None)],
                y=[value for line in lines for value in (*(round(p, 3) for p in line.places), None)],
                customdata=[text for line in lines for text in [_hover(line, data.unit)] * (len(places) + 1)],
                mode="lines",
                name=label,
                opacity=opacity,
                line={"color": mark.colour, "width": width},
                hovertemplate="%{customdata}<extra></extra>",
            )
    for place, axis in zip(places, data.axes, strict=True):
        figure.add_shape(
            type="line", x0=place, x1=place, y0=0, y1=1, layer="below", line={"color": NEUTRAL, "width": 1}
        )
        for position, value in axis.ticks:
            end = position in (0.0, 1.0)
            figure.add_annotation(
                x=place,
                y=position,
                text=plain(setting(value)),
                showarrow=False,
                xanchor="center" if end else "left",
                xshift=0 if end else 4,
                yanchor="top" if position == 0 else "bottom",
                yshift=-2 if position == 0 else 2 if end else 0,
                font={"size": 11},
            )
    names = [plain(axis.name) + ("<br>(log)" if axis.log else "") for axis in data.axes]
    figure.update_xaxes(
        tickvals=places, ticktext=names, range=[-0.4, len(places) - 0.6], showgrid=False, showline=False, ticks="",
        ticklabelstandoff=20, tickfont={"size": 12}, automargin=False)  # fmt: skip
    figure.update_yaxes(visible=False, range=[-0.03, 1.03])
    figure.update_layout(legend={"y": 1.08})
    return figure


def _hover(line: ParallelLine, unit: str) -> str:
    return plain(f"config {line.config_id}: {error(line.val_mae)} {unit}")


def caption(data: ParallelCoordinateData) -> str:
    """How many lines, and which are stressed."""
    text = f"The best {data.top} of {plural(data.of, 'config')} at {data.stage} stand out."
    if data.hidden:
        text += f" {plural(data.hidden, 'other')} are not drawn."
    return text


def table(data: ParallelCoordinateData) -> Table:
    """The ends of the axes."""
    rows = tuple(
        (axis.name, ", ".join(setting(value) for _, value in axis.ticks), "log" if axis.log else "linear")
        for axis in data.axes
    )
    return Table(("hyperparameter", "axis, from below", "scale"), rows, frozenset({0, 1, 2}))


FIGURE = Figure(
    "parallel_coordinate",
    "fig-parallel",
    "All hyperparameters together",
    compute,
    plot,
    caption,
    table,
    min_width=lambda data: 88 * len(data.axes),
)
