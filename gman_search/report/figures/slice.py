"""One panel for each searched hyperparameter: its values against the validation MAE of the first stage."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gman_search.report.axis_range import AxisRange, axis_range, downsample
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, setting
from gman_search.report.style import BY_RUNG, WINNER, axis_limits, new_figure, plain, rounded
from gman_search.report.view import Dimension, StudyView
from gman_search.space import Choice

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "SliceData", "SlicePoint", "bound_touched", "caption", "compute", "plot", "slices", "table"]

EDGE_SHARE = 0.03
"""Values within this share of a range's length from its end count as at the bound."""
GOLDEN = 0.618034
MAX_DRAWN = 300
"""Points of one kind in one panel, evenly downsampled; the CSV has all."""


@dataclass(frozen=True)
class SlicePoint:
    """A config's value and its validation MAE at the first stage, in the data's unit."""

    config_id: int
    value: Any
    val_mae: float
    promoted: bool


@dataclass(frozen=True)
class SliceData:
    """One searched dimension of the space. `at_bound` says at which end of its range the winner lies.

    `shown` is the range of the error's axis, the same in all panels.
    """

    unit: str
    stage: str
    name: str
    dimension: Dimension
    points: tuple[SlicePoint, ...]
    winner_value: Any
    winner_id: int | None
    at_bound: Literal["low", "high"] | None
    shown: AxisRange | None

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values of a choice; empty for a range."""
        return self.dimension.choices if isinstance(self.dimension, Choice) else ()

    @property
    def log(self) -> bool:
        """Whether a range is searched logarithmically."""
        return not isinstance(self.dimension, Choice) and self.dimension.log


def compute(view: StudyView) -> tuple[SliceData, ...]:
    """The searched dimensions that a complete evaluation of the first stage has a value of."""
    return tuple(panel for panel in view.of(slices) if panel.points)


def slices(view: StudyView) -> tuple[SliceData, ...]:
    """Values of each searched hyperparameter at the first stage, where configs are not selected yet."""
    stage, best = view.stages[0], view.config_winner
    complete, promoted = view.ranked(stage), view.promoted_from(stage)
    shown = axis_range(row.val_mae for row in complete)
    panels = []
    for name, dimension in view.searched.items():
        value = None if best is None else best.params.get(name)
        panels.append(
            SliceData(
                unit=view.unit,
                stage=stage,
                name=name,
                dimension=dimension,
                points=tuple(
                    SlicePoint(row.config_id, row.params[name], float(row.val_mae or 0.0), row.config_id in promoted)
                    for row in complete
                    if name in row.params
                ),
                winner_value=value,
                winner_id=None if best is None else best.config_id,
                at_bound=bound_touched(value, dimension),
                shown=shown,
            )
        )
    return tuple(panels)


def bound_touched(value: Any, dimension: Dimension) -> Literal["low", "high"] | None:
    """At which end of its range a value lies; None: at neither, or the dimension is a choice."""
    if isinstance(dimension, Choice) or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high = dimension.low, dimension.high
    if low == high:
        return None
    if dimension.log:
        share = (math.log(value) - math.log(low)) / (math.log(high) - math.log(low)) if value > 0 else 0.0
    else:
        share = (value - low) / (high - low)
    if share <= EDGE_SHARE:
        return "low"
    return "high" if share >= 1 - EDGE_SHARE else None


def plot(data: SliceData) -> "go.Figure":
    """Points above the axis are triangles on its upper edge; the dotted line is the reference config's value."""
    figure = new_figure(270, showlegend=False, margin={"l": 54, "r": 12, "t": 10, "b": 46})
    top = math.inf if data.shown is None else data.shown.high
    groups = (
        ("not promoted", BY_RUNG[0], 7, [p for p in data.points if not p.promoted and p.config_id != data.winner_id]),
        ("promoted", BY_RUNG[1], 8, [p for p in data.points if p.promoted and p.config_id != data.winner_id]),
        ("winner", WINNER, 14, [p for p in data.points if p.config_id == data.winner_id]),
    )
    for label, mark, size, every in groups:
        points, _ = downsample(every, MAX_DRAWN)
        if points:
            figure.add_scatter(
                x=[_place(point, data) for point in points],
                y=rounded([min(point.val_mae, top) for point in points]),
                customdata=[_hover(point, data.name, data.unit) for point in points],
                mode="markers",
                name=label,
                cliponaxis=False,
                marker={
                    "symbol": ["triangle-up-open" if point.val_mae > top else mark.symbol for point in points],
                    "color": mark.colour,
                    "size": size,
                },
                hovertemplate="%{customdata}<extra>" + label + "</extra>",
            )
    _lay_axis(figure, data)
    figure.update_yaxes(title_text=f"val MAE ({plain(data.unit)})", range=axis_limits(data.shown), nticks=6)
    return figure


def _place(point: SlicePoint, data: SliceData) -> float | None:
    if not data.choices:
        return float(f"{float(point.value):.5g}")
    if point.value not in data.choices:
        return None
    # Configs with the same choice are spread a little, in the same way in every report.
    return round(data.choices.index(point.value) + 0.5 * ((point.config_id * GOLDEN) % 1 - 0.5), 3)


def _hover(point: SlicePoint, name: str, unit: str) -> str:
    return plain(f"config {point.config_id}: {name} = {setting(point.value)}, {error(point.val_mae)} {unit}")


def _lay_axis(figure: "go.Figure", data: SliceData) -> None:
    title = plain(data.name)
    if isinstance(data.dimension, Choice):
        places = list(range(len(data.choices)))
        figure.update_xaxes(
            title_text=title, tickvals=places, ticktext=[plain(setting(value)) for value in data.choices],
            range=[-0.5, len(places) - 0.5], showgrid=False)  # fmt: skip
        return
    low, high = float(data.dimension.low), float(data.dimension.high)
    figure.update_xaxes(title_text=f"{title} (log scale)" if data.log else title)
    if data.log:
        ticks = _log_ticks(low, high)
        low, high = math.log10(low), math.log10(high)
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{tick:.4g}" for tick in ticks])
    margin = 0.04 * (high - low)
    figure.update_xaxes(range=[low - margin, high + margin])
    if isinstance(data.dimension.default, int | float):
        figure.add_vline(x=data.dimension.default, line={"color": BY_RUNG[0].colour, "width": 1, "dash": "dot"})


def _log_ticks(low: float, high: float) -> list[float]:
    """Round values between two bounds, about five of them: plotly's own minor ticks are too small to read."""
    decades = math.log10(high / low)
    steps = (1, 2, 5) if decades <= 1 else (1, 3) if decades <= 2.5 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(f"{step}e{power}") for power in powers for step in steps if low <= float(f"{step}e{power}") <= high]


def caption(data: SliceData) -> str:
    """The winner's value, and whether it lies at an end."""
    text = f"Winner {setting(data.winner_value)}, reference config {setting(data.dimension.default)}."
    if data.at_bound:
        text += f" The winner is at the {data.at_bound} end of the range."
    return text


def table(data: SliceData) -> Table:
    """One row for each config, best first."""
    rows = tuple(
        (str(point.config_id), setting(point.value), error(point.val_mae), "yes" if point.promoted else "no")
        for point in data.points
    )
    columns = ("config", data.name, f"val MAE at {data.stage} ({data.unit})", "promoted")
    return Table(columns, rows, frozenset({0, 3})).first()


FIGURE = Figure(
    "slice",
    "fig-slice",
    lambda data: data.name,
    compute,
    plot,
    caption,
    table,
    key=lambda data: data.name,
    layout="grid",
    heading="h4",
)
