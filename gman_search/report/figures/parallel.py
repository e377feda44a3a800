"""Parallel coordinates as plain lines: no WebGL, and the best part on top."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure
from gman_search.report.figures.style import BY_RUNG, WINNER, plain
from gman_search.report.summaries.parallel import ParallelLine, ParallelSummary
from gman_search.report.text.formats import setting

__all__ = ["parallel_figure"]


def parallel_figure(summary: ParallelSummary) -> go.Figure:
    """Each axis runs from its lowest value (below) to its highest."""
    figure = new_figure(400, margin={"l": 34, "r": 34, "t": 34, "b": 70})
    places = list(range(len(summary.axes)))
    for group, label, mark, width, opacity in (
        ("rest", "the rest", BY_RUNG[0], 0.8, 0.4),
        ("top", f"best {summary.top}", BY_RUNG[2], 1.8, 0.9),
        ("winner", "winner", WINNER, 3.5, 1.0),
    ):
        lines = [line for line in summary.lines if line.group == group]
        if lines:
            figure.add_scatter(
                x=[place for _ in lines for place in (*places, None)],
                y=[value for line in lines for value in (*(round(p, 3) for p in line.places), None)],
                customdata=[text for line in lines for text in [_hover(line, summary.unit)] * (len(places) + 1)],
                mode="lines",
                name=label,
                opacity=opacity,
                line={"color": mark.colour, "width": width},
                hovertemplate="%{customdata}<extra></extra>",
            )
    for place, axis in zip(places, summary.axes, strict=True):
        figure.add_shape(
            type="line", x0=place, x1=place, y0=0, y1=1, layer="below", line={"color": "#8b929c", "width": 1}
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
    names = [plain(axis.name) + ("<br>(log)" if axis.log else "") for axis in summary.axes]
    figure.update_xaxes(
        tickvals=places, ticktext=names, range=[-0.4, len(places) - 0.6], showgrid=False, showline=False, ticks="",
        ticklabelstandoff=20, tickfont={"size": 12}, automargin=False)  # fmt: skip
    figure.update_yaxes(visible=False, range=[-0.03, 1.03])
    figure.update_layout(legend={"y": 1.08})
    return figure


def _hover(line: ParallelLine, unit: str) -> str:
    return plain(f"config {line.config_id}: {line.val_mae:.3f} {unit}")
