"""Importances with their spread."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure
from gman_search.report.figures.style import BY_RUNG, plain
from gman_search.report.summaries.importance import ImportanceSummary

__all__ = ["importance_figure"]


def importance_figure(summary: ImportanceSummary) -> go.Figure:
    """One bar a parameter, most important on top; the thin line is the spread over resamples."""
    items = summary.items[::-1]
    figure = new_figure(70 + 30 * len(items), showlegend=False, bargap=0.4)
    figure.add_bar(
        x=[round(100 * item.share, 1) for item in items],
        y=[plain(item.name) for item in items],
        orientation="h",
        marker={"color": BY_RUNG[2].colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [round(100 * max(0.0, item.high - item.share), 1) for item in items],
            "arrayminus": [round(100 * max(0.0, item.share - item.low), 1) for item in items],
            "thickness": 1.6,
            "width": 5,
            "color": "#8b929c",
        },
        hovertemplate="%{y}: %{x:.0f} %<extra></extra>",
    )
    figure.update_xaxes(title_text="importance (percent)", rangemode="tozero")
    figure.update_yaxes(showline=False, showgrid=False, tickcolor="rgba(0,0,0,0)", ticklen=8)
    return figure
