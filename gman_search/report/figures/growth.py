"""What grown models began with, and how they did beside their cold twins."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded, stage_colour
from gman_search.report.figures.style import BY_RUNG, WINNER, plain
from gman_search.report.summaries.growth import ColdTwin, GrowthSummary

__all__ = ["growth_figure", "twin_figure"]

MOMENTS = ("smaller<br>model", "just<br>grown", "after one<br>epoch", "at its<br>best")
MAX_LINES = 60


def growth_figure(summary: GrowthSummary, stages: tuple[str, ...]) -> go.Figure:
    """One line a grown model over four moments."""
    figure = new_figure(360)
    shown = summary.grown[-MAX_LINES:]
    for stage in stages[1:]:
        rows = [row for row in shown if row.stage == stage]
        if rows:
            values = [(row.before, row.born, row.first, row.best) for row in rows]
            figure.add_scatter(
                x=[place for _ in rows for place in (0, 1, 2, 3, None)],
                y=rounded([value for four in values for value in (*four, None)]),
                customdata=[
                    text for row in rows for text in (*[f"config {row.config_id}, {plain(row.stage)}"] * 4, "")
                ],
                mode="lines+markers",
                name=plain(f"grown to {stage}"),
                connectgaps=False,
                line={
                    "color": stage_colour(stage, stages),
                    "width": 1.5,
                    "dash": "solid" if stage == stages[-1] else "dash",
                },
                marker={"size": 7, "symbol": "square" if stage == stages[-1] else "diamond"},
                hovertemplate="%{customdata}: %{y:.3f} " + plain(summary.unit) + "<extra></extra>",
            )
    figure.update_xaxes(tickvals=[0, 1, 2, 3], ticktext=list(MOMENTS), range=[-0.25, 3.25], showgrid=False)
    figure.update_yaxes(title_text=f"validation MAE ({plain(summary.unit)})")
    return figure


def twin_figure(twin: ColdTwin, unit: str) -> go.Figure:
    """Grown against cold, over the epochs of the stage."""
    figure = new_figure(300)
    for label, curve, colour, dash, symbol in (
        ("grown", twin.grown_curve, WINNER.colour, "solid", "circle"),
        ("cold", twin.cold_curve, BY_RUNG[2].colour, "dash", "square-open"),
    ):
        figure.add_scatter(
            x=[epoch for epoch, _ in curve],
            y=rounded([value for _, value in curve]),
            mode="lines+markers",
            name=label,
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 6},
            hovertemplate=f"{label}, epoch %{{x}}: %{{y:.3f}} {plain(unit)}<extra></extra>",
        )
    figure.update_xaxes(title_text=f"epochs at {plain(twin.stage)}")
    figure.update_yaxes(title_text=f"val MAE ({plain(unit)})", nticks=6)
    return figure
