"""Several studies in one figure."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded
from gman_search.report.figures.style import STUDY_LOOKS, plain
from gman_search.report.summaries.comparison import Comparison
from gman_search.report.text.formats import time_scale

__all__ = ["compared_horizons", "compared_progress"]


def compared_horizons(summary: Comparison) -> go.Figure:
    """Test MAE of each winner at every step alone."""
    figure, unit = new_figure(380), plain(" or ".join(summary.units))
    for index, study in enumerate(summary.studies):
        if study.steps:
            colour, symbol, dash = STUDY_LOOKS[index % len(STUDY_LOOKS)]
            figure.add_scatter(
                x=[minutes for minutes, _ in study.steps],
                y=rounded([mae for _, mae in study.steps]),
                mode="lines+markers",
                name=plain(study.headline.name),
                line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": 7},
                hovertemplate=f"{plain(study.headline.name)}, %{{x}} min: %{{y:.3f}} {unit}<extra></extra>",
            )
    figure.update_xaxes(title_text="minutes ahead")
    figure.update_yaxes(title_text=f"test MAE at that step ({unit})", rangemode="tozero")
    return figure


def compared_progress(summary: Comparison) -> go.Figure:
    """Best so far of the highest stage that each study reached."""
    longest = max(study.progress.seconds for study in summary.studies)
    (scale, scale_name), unit = time_scale(longest), plain(" or ".join(summary.units))
    figure = new_figure(380)
    for index, study in enumerate(summary.studies):
        if study.progress.lines:
            line, (colour, symbol, dash) = study.progress.lines[-1], STUDY_LOOKS[index % len(STUDY_LOOKS)]
            seconds = [point.seconds for point in line.points] + [study.progress.seconds]
            figure.add_scatter(
                x=[round(value / scale, 3) for value in seconds],
                y=rounded([*(point.val_mae for point in line.points), line.points[-1].val_mae]),
                mode="lines+markers",
                name=plain(f"{study.headline.name} ({line.stage})"),
                line={"shape": "hv", "color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": [8] * len(line.points) + [0]},
                hovertemplate=f"{plain(study.headline.name)}: %{{y:.3f}} {unit}<extra></extra>",
            )
    figure.update_xaxes(title_text=f"{scale_name} of training, all workers together", rangemode="tozero")
    figure.update_yaxes(title_text=f"best validation MAE so far ({unit})")
    return figure
