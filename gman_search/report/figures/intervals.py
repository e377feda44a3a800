"""Prediction intervals: what they promise beside what they held."""

import math

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded
from gman_search.report.figures.style import BASELINE_LOOKS
from gman_search.report.summaries.intervals import IntervalSummary

__all__ = ["interval_figure"]


def interval_figure(summary: IntervalSummary) -> go.Figure:
    """One line a promise over the horizon: how many percentage points more or less than promised were inside."""
    figure = new_figure(300)
    figure.add_hline(y=0, line={"width": 1.2, "dash": "dot", "color": "#8b929c"})
    for row, (colour, symbol, dash) in zip(summary.rows, BASELINE_LOOKS, strict=False):
        figure.add_scatter(
            x=list(summary.minutes),
            y=rounded([share - row.percent if math.isfinite(share) else None for share in row.by_step], 2),
            customdata=rounded([share if math.isfinite(share) else None for share in row.by_step], 2),
            mode="lines+markers",
            name=f"{row.percent} %",
            line={"color": colour, "width": 1.8, "dash": dash},
            marker={"symbol": symbol, "size": 7},
            hovertemplate=f"%{{x}} min ahead: intervals of {row.percent} % held %{{customdata}} %<extra></extra>",
        )
    figure.update_xaxes(title_text="minutes ahead", tickvals=list(summary.minutes))
    figure.update_yaxes(title_text="held minus promised (points)", zeroline=False)
    return figure
