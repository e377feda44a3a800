"""Best so far against cost."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded, stage_colour
from gman_search.report.figures.style import BASELINE_LOOKS, ROLE_MARKS, WINNER, plain
from gman_search.report.summaries.outside import ROLE_NAMES
from gman_search.report.summaries.progress import ProgressSummary
from gman_search.report.text.formats import time_scale

__all__ = ["progress_figure"]


def progress_figure(summary: ProgressSummary) -> go.Figure:
    """A falling staircase for each stage."""
    scale, unit = time_scale(summary.seconds)
    figure = new_figure(340)
    stages = tuple(line.stage for line in summary.lines)
    for index, line in enumerate(summary.lines):
        last = line.points[-1]
        seconds = [point.seconds for point in line.points] + [summary.seconds]
        figure.add_scatter(
            x=[round(value / scale, 3) for value in seconds],
            y=rounded([*(point.val_mae for point in line.points), last.val_mae]),
            customdata=[f"config {point.config_id}" for point in (*line.points, last)],
            mode="lines+markers",
            name=plain(line.stage),
            line={
                "shape": "hv",
                "color": stage_colour(line.stage, stages),
                "dash": "solid" if index == len(stages) - 1 else BASELINE_LOOKS[index % 3][2],
                "width": 2,
            },
            marker={"symbol": BASELINE_LOOKS[index % 3][1], "size": [7] * len(line.points) + [0]},
            hovertemplate=f"best {plain(line.stage)} so far: %{{customdata}}, %{{y:.3f}} {plain(summary.unit)}"
            "<extra></extra>",
        )
    for line in summary.outside:
        mark = ROLE_MARKS[line.stage]
        figure.add_scatter(
            x=[round(point.seconds / scale, 3) for point in line.points],
            y=rounded([point.val_mae for point in line.points]),
            customdata=[f"config {point.config_id}" for point in line.points],
            mode="markers",
            name=ROLE_NAMES[line.stage],
            marker={"symbol": mark.symbol, "size": 9, "color": mark.colour},
            hovertemplate=f"{ROLE_NAMES[line.stage]}: %{{customdata}}, %{{y:.3f}} {plain(summary.unit)}<extra></extra>",
        )
    if summary.found_after is not None and summary.winner_mae is not None:
        figure.add_scatter(
            x=[round(summary.found_after / scale, 3)],
            y=rounded([summary.winner_mae]),
            mode="markers",
            name="winner",
            marker={"symbol": "star", "size": 14, "color": WINNER.colour},
            hovertemplate="winner: %{y:.3f}<extra></extra>",
        )
    figure.update_xaxes(title_text=f"{unit} of training, all workers together", rangemode="tozero")
    figure.update_yaxes(title_text=f"best validation MAE so far ({plain(summary.unit)})")
    return figure
