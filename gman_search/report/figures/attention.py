"""To whom sensors attend."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure
from gman_search.report.figures.style import BASELINE_LOOKS, plain
from gman_search.report.summaries.attention import AttentionSummary

__all__ = ["RANK_COLOURS", "attention_figure"]

RANK_COLOURS = {"best": BASELINE_LOOKS[1][0], "median": BASELINE_LOOKS[2][0], "worst": "#d55e00"}


def attention_figure(summary: AttentionSummary) -> go.Figure:
    """A group of bars for each sensor that attends; the dotted line is the even share."""
    count = sum(len(focus.others) for focus in summary.focuses)
    figure = new_figure(110 + 24 * count, bargap=0.35)
    for focus in summary.focuses:
        figure.add_bar(
            x=[round(other.percent, 2) for other in focus.others],
            # Two axes of categories: a neighbour may be one of several sensors.
            y=[[plain(focus.sensor)] * len(focus.others), [plain(other.name) for other in focus.others]],
            orientation="h",
            name=plain(f"the {focus.rank} sensor, {focus.sensor}"),
            marker={"color": RANK_COLOURS.get(focus.rank, "#8b929c")},
            hovertemplate=f"{plain(focus.sensor)} to %{{y}}: %{{x:.1f}} %<extra></extra>",
        )
    figure.add_vline(x=round(summary.even, 3), line={"width": 1.2, "dash": "dot", "color": "#8b929c"})
    figure.update_xaxes(title_text="share of attention (percent)", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False, showline=False, ticks="")
    return figure
