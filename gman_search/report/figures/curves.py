"""Learning curves over the cumulative epochs of a lineage."""

from itertools import pairwise

import plotly.graph_objects as go

from gman_search.report.figures.base import frame_range, new_figure, rounded
from gman_search.report.figures.style import BY_RUNG, fate_mark, plain
from gman_search.report.summaries.curves import CurveChain, CurveSummary

__all__ = ["curve_figure"]


def curve_figure(summary: CurveSummary) -> go.Figure:
    """Validation MAE over cumulative epochs, one line a config, coloured by how it ended."""
    figure = new_figure(460)
    order = [summary.stages[0], "reference", "pruned", "failed", "running", *summary.stages[1:], "winner"]
    for fate in order:
        members = [chain for chain in summary.chains if chain.fate == fate]
        if members:
            mark, x, y, who = fate_mark(fate, summary.stages), [], [], []
            for chain in members:
                for segment in chain.segments:
                    x += [*segment.epochs, None]
                    y += [*rounded(segment.val_mae), None]
                    reading = "".join(f"; {text.split(':')[0]}" for text in segment.diagnosis)
                    label = f"config {chain.config_id}, {segment.stage}{reading}"
                    who += [label] * (len(segment.epochs) + 1)
            figure.add_scatter(
                x=x,
                y=y,
                customdata=[plain(text) for text in who],
                mode="lines",
                name=plain(f"{fate} only" if fate == summary.stages[0] else fate),
                line={"color": mark.colour, "dash": mark.dash, "width": 3 if fate == "winner" else 1.3},
                opacity=0.55 if fate == summary.stages[0] else 1,
                hovertemplate="%{customdata}<br>epoch %{x}: %{y:.3f} " + plain(summary.unit) + "<extra></extra>",
            )
    _add_stage_starts(figure, summary)
    _add_resumes(figure, summary)
    for stage, epoch in summary.borders:
        figure.add_vline(x=epoch, line={"color": BY_RUNG[0].colour, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=epoch,
            y=1,
            yref="paper",
            text=f" {plain(stage)} begins",
            showarrow=False,
            xanchor="left",
            yanchor="top",
            font={"size": 12},
        )
    figure.update_xaxes(title_text="epochs, counted over all stages of a config", rangemode="tozero")
    figure.update_yaxes(title_text=f"validation MAE ({plain(summary.unit)})", range=frame_range(summary.frame))
    return figure


def _add_stage_starts(figure: go.Figure, summary: CurveSummary) -> None:
    starts: list[tuple[CurveChain, str, int, float | None]] = [
        (chain, after.stage, after.epochs[0], after.val_mae[0])
        for chain in summary.chains
        for _, after in pairwise(chain.segments)
    ]
    if starts:
        figure.add_scatter(
            x=[epoch for _, _, epoch, _ in starts],
            y=rounded([value for *_, value in starts]),
            customdata=[plain(f"config {chain.config_id} enters {stage}") for chain, stage, *_ in starts],
            mode="markers",
            name="enters the next stage",
            marker={
                "symbol": "diamond-open",
                "size": 8,
                "color": [fate_mark(c.fate, summary.stages).colour for c, *_ in starts],
            },
            hovertemplate="%{customdata}: %{y:.3f}<extra></extra>",
        )


def _add_resumes(figure: go.Figure, summary: CurveSummary) -> None:
    found = [
        (chain, segment.stage, epoch, segment.val_mae[segment.epochs.index(epoch)])
        for chain in summary.chains
        for segment in chain.segments
        for epoch in segment.resumed
        if epoch in segment.epochs
    ]
    if found:
        figure.add_scatter(
            x=[epoch for _, _, epoch, _ in found],
            y=rounded([value for *_, value in found]),
            customdata=[plain(f"config {chain.config_id} resumed at {stage}") for chain, stage, *_ in found],
            mode="markers",
            name="resumed after an interruption",
            marker={"symbol": "y-up", "size": 10, "line": {"width": 1.6, "color": "#8b929c"}},
            hovertemplate="%{customdata}: %{y:.3f}<extra></extra>",
        )
