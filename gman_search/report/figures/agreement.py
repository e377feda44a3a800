"""Does a stage rank configs as the next one does?"""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded
from gman_search.report.figures.style import BY_RUNG, plain
from gman_search.report.summaries.agreement import Agreement

__all__ = ["agreement_figure"]


def agreement_figure(summary: Agreement) -> go.Figure:
    """Validation MAE at the lower stage against the upper one."""
    figure = new_figure(300, showlegend=False)
    figure.add_scatter(
        x=rounded([point.lower for point in summary.points]),
        y=rounded([point.upper for point in summary.points]),
        customdata=[point.config_id for point in summary.points],
        mode="markers",
        marker={"symbol": "circle", "size": 8, "color": BY_RUNG[2].colour},
        hovertemplate="config %{customdata}<br>%{x:.3f} then %{y:.3f} " + plain(summary.unit) + "<extra></extra>",
    )
    figure.update_xaxes(title_text=f"val MAE at {plain(summary.lower)} ({plain(summary.unit)})", nticks=6)
    figure.update_yaxes(title_text=f"val MAE at {plain(summary.upper)} ({plain(summary.unit)})", nticks=6)
    return figure
