"""One searched hyperparameter drawn against the validation MAE of the first stage."""

import math

import plotly.graph_objects as go

from gman_search.report.figures.base import frame_range, new_figure, rounded
from gman_search.report.figures.style import BY_RUNG, WINNER, plain
from gman_search.report.summaries.frame import thin
from gman_search.report.summaries.slices import SlicePanel, SlicePoint, SliceSummary
from gman_search.report.text.formats import setting

__all__ = ["slice_figure"]

GOLDEN = 0.618034
MAX_DRAWN = 300
"""Of one kind in one panel, best first and evenly thinned; the CSV has all."""


def slice_figure(panel: SlicePanel, summary: SliceSummary) -> go.Figure:
    """Points above the frame sit as triangles on its upper edge; the reference's value is a dotted line."""
    figure = new_figure(270, showlegend=False, margin={"l": 54, "r": 12, "t": 10, "b": 46})
    top = math.inf if summary.frame is None else summary.frame.high
    groups = (
        ("not promoted", BY_RUNG[0], 7, [p for p in panel.points if not p.promoted and p.config_id != panel.winner_id]),
        ("promoted", BY_RUNG[1], 8, [p for p in panel.points if p.promoted and p.config_id != panel.winner_id]),
        ("winner", WINNER, 14, [p for p in panel.points if p.config_id == panel.winner_id]),
    )
    for label, mark, size, every in groups:
        points, _ = thin(every, MAX_DRAWN)
        if points:
            figure.add_scatter(
                x=[_place(point, panel) for point in points],
                y=rounded([min(point.val_mae, top) for point in points]),
                customdata=[_hover(point, panel.name, summary.unit) for point in points],
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
    _lay_axis(figure, panel)
    figure.update_yaxes(title_text=f"val MAE ({plain(summary.unit)})", range=frame_range(summary.frame), nticks=6)
    return figure


def _place(point: SlicePoint, panel: SlicePanel) -> float | None:
    if not panel.choices:
        return float(f"{float(point.value):.5g}")
    if point.value not in panel.choices:
        return None
    # Configs with the same choice are spread a little, the same way in every report.
    return round(panel.choices.index(point.value) + 0.5 * ((point.config_id * GOLDEN) % 1 - 0.5), 3)


def _hover(point: SlicePoint, name: str, unit: str) -> str:
    return plain(f"config {point.config_id}: {name} = {setting(point.value)}, {point.val_mae:.3f} {unit}")


def _lay_axis(figure: go.Figure, panel: SlicePanel) -> None:
    title = plain(panel.name)
    if panel.choices:
        places = list(range(len(panel.choices)))
        figure.update_xaxes(
            title_text=title, tickvals=places, ticktext=[plain(setting(value)) for value in panel.choices],
            range=[-0.5, len(places) - 0.5], showgrid=False)  # fmt: skip
        return
    low, high = float(panel.low or 0.0), float(panel.high or 1.0)
    figure.update_xaxes(title_text=f"{title} (log scale)" if panel.log else title)
    if panel.log:
        ticks = _log_ticks(low, high)
        low, high = math.log10(low), math.log10(high)
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{tick:.4g}" for tick in ticks])
    margin = 0.04 * (high - low)
    figure.update_xaxes(range=[low - margin, high + margin])
    if isinstance(panel.default, int | float):
        figure.add_vline(x=panel.default, line={"color": BY_RUNG[0].colour, "width": 1, "dash": "dot"})


def _log_ticks(low: float, high: float) -> list[float]:
    """Round values between two bounds, about five of them: plotly's own minor ticks are too small to read."""
    decades = math.log10(high / low)
    steps = (1, 2, 5) if decades <= 1 else (1, 3) if decades <= 2.5 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(f"{step}e{power}") for power in powers for step in steps if low <= float(f"{step}e{power}") <= high]
