"""The ranks of configs from stage to stage, as a bump chart."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure
from gman_search.report.figures.style import BY_RUNG, WINNER, plain
from gman_search.report.summaries.ranks import RankPath, RankPaths

__all__ = ["rank_figure"]

CONTROL = "#b8a13c"


def rank_figure(summary: RankPaths) -> go.Figure:
    """One line a config, rank 1 on top; a control is a hollow triangle on a dotted line."""
    last = summary.stages[-1]
    reached = [path for path in summary.paths if path.steps[-1].stage == last and not path.has_control]
    groups = (
        ("ended between", BY_RUNG[1], [p for p in summary.paths if p not in reached and not p.has_control]),
        ("random control", None, [p for p in summary.paths if p.has_control]),
        (f"reached {last}", BY_RUNG[2], [p for p in reached if not p.is_winner]),
        ("winner", WINNER, [p for p in reached if p.is_winner]),
    )
    deepest = max(step.rank for path in summary.paths for step in path.steps)
    figure = new_figure(min(560, 150 + 15 * max(8, deepest)))
    for label, mark, paths in groups:
        if paths:
            colour = CONTROL if mark is None else mark.colour
            figure.add_scatter(
                x=[value for path in paths for value in (*(step.stage for step in path.steps), None)],
                y=[value for path in paths for value in (*(step.rank for step in path.steps), None)],
                customdata=[text for path in paths for text in (*_hovers(path), None)],
                mode="lines+markers",
                name=plain(label),
                line={
                    "color": colour,
                    "width": 3 if label == "winner" else 1.6,
                    "dash": "dot" if mark is None else "solid",
                },
                marker={"symbol": "triangle-up-open" if mark is None else mark.symbol, "size": 9, "color": colour},
                hovertemplate="%{customdata}<extra></extra>",
            )
    ends: dict[int, list[str]] = {}
    for path in summary.paths:
        if path.steps[-1].stage == last:
            ends.setdefault(path.steps[-1].rank, []).append(str(path.config_id))
    figure.add_scatter(
        x=[last] * len(ends),
        y=list(ends),
        text=[f"  config {', '.join(names)}" for names in ends.values()],
        mode="text",
        textposition="middle right",
        textfont={"size": 11},
        cliponaxis=False,
        showlegend=False,
        hoverinfo="skip",
    )
    figure.update_layout(margin={"r": 84})
    figure.update_xaxes(
        categoryorder="array", categoryarray=[plain(stage) for stage in summary.stages], showgrid=True, ticklen=8
    )
    step = 1 if deepest <= 12 else 5 if deepest <= 60 else 50
    ticks = [1, *range(step if step > 1 else 2, deepest + 1, step)]
    figure.update_yaxes(title_text="rank within the stage", range=[deepest + 0.7, 0.3], tickvals=ticks)
    return figure


def _hovers(path: RankPath) -> list[str]:
    return [
        plain(
            f"config {path.config_id} at {step.stage}: "
            + (f"control, would be rank {step.rank}" if step.control else f"rank {step.rank} of {step.of}")
        )
        for step in path.steps
    ]
