"""Prediction intervals: what they promise beside what they held."""

import math

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded
from gman_search.report.figures.style import BASELINE_LOOKS
from gman_search.report.summaries.intervals import IntervalSummary

__all__ = ["interval_figure"]


def interval_figure(summary: IntervalSummary) -> go.Figure:
    """One line a promise over the horizon; its dotted line is the promise itself."""
    figure = new_figure(340)
    for row, (colour, symbol, _) in reversed(list(zip(summary.rows, BASELINE_LOOKS, strict=False))):
        ends = [summary.minutes[0], summary.minutes[-1]]
        figure.add_scatter(
            x=ends,
            y=[row.percent] * 2,
            mode="lines",
            showlegend=False,
            line={"color": colour, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=list(summary.minutes),
            y=rounded([share if math.isfinite(share) else None for share in row.by_step], 2),
            mode="lines+markers",
            name=f"{row.percent} %",
            line={"color": colour, "width": 1.8},
            marker={"symbol": symbol, "size": 7},
            hovertemplate=f"%{{x}} min ahead: intervals of {row.percent} % held %{{y:.1f}} %<extra></extra>",
        )
    figure.update_xaxes(title_text="minutes ahead", tickvals=list(summary.minutes))
    figure.update_yaxes(title_text="readings inside (percent)")
    return figure
