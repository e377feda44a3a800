"""Summaries drawn: every function takes one summary and returns one plotly figure, computing nothing."""

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from gman_search.report.agreement import Agreement
from gman_search.report.curve_summary import CurveChain, CurveSummary
from gman_search.report.figure_style import BY_RUNG, FAILED, PRUNED, RUNNING, TEMPLATE, WINNER, fate_mark, plain
from gman_search.report.formats import duration
from gman_search.report.frame import Frame
from gman_search.report.ladder_summary import Funnel, StandingTable

__all__ = ["agreement_figure", "curve_figure", "cut_figure", "funnel_figure", "new_figure", "rounded"]


def new_figure(height: int, **layout: object) -> go.Figure:
    """An empty figure in the report's style; its width is the page's."""
    return go.Figure(layout={"template": TEMPLATE, "height": height, "autosize": True, **layout})


def rounded(values: Sequence[float | None], digits: int = 4) -> list[float | None]:
    """Values at the precision a reader can see, which keeps the page small."""
    return [None if value is None else round(float(value), digits) for value in values]


def funnel_figure(summary: Funnel) -> go.Figure:
    """Evaluations of each stage, as one bar split by what became of them."""
    parts = (
        ("promoted", [row.promoted for row in summary.stages], BY_RUNG[2].colour, ""),
        ("complete, went no further", [row.stopped for row in summary.stages], BY_RUNG[0].colour, ""),
        ("stopped early", [row.pruned for row in summary.stages], PRUNED.colour, "/"),
        ("failed", [row.failed for row in summary.stages], FAILED.colour, "x"),
        ("under way", [row.unfinished for row in summary.stages], RUNNING.colour, "."),
    )
    names = [plain(f"{row.stage} ({duration(row.seconds)})") for row in summary.stages]
    figure = new_figure(110 + 52 * len(names), barmode="stack", bargap=0.42)
    hatch = {"fillmode": "overlay", "fgcolor": "rgba(255, 255, 255, 0.5)", "solidity": 0.25}
    for label, counts, colour, pattern in parts:
        if any(counts):
            figure.add_bar(
                y=names,
                x=counts,
                name=label,
                orientation="h",
                marker={"color": colour, "pattern": {**hatch, "shape": pattern}},
                text=[str(number) if number else "" for number in counts],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": "#16181c" if colour == BY_RUNG[0].colour else "#ffffff"},
                hovertemplate="%{y}: %{x} " + label + "<extra></extra>",
            )
    figure.update_layout(legend={"traceorder": "normal"})
    figure.update_xaxes(title_text="configs", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showline=False, tickcolor="rgba(0,0,0,0)", ticklen=8, showgrid=False)
    return figure


def cut_figure(summary: StandingTable, stage: str) -> go.Figure:
    """Complete evaluations of one stage by rank, with the line below which configs went on."""
    rows = [
        row for row in summary.rows if row.standing.stage == stage and row.standing.rank and row.val_mae is not None
    ]
    rest = "complete" if stage == summary.stages[-1] else "stopped"
    groups = (
        ("promoted", BY_RUNG[2], "diamond", [row for row in rows if row.standing.promoted and not row.is_winner]),
        (rest, BY_RUNG[0], "circle-open", [r for r in rows if not r.standing.promoted and not r.is_winner]),
        ("winner", WINNER, "star", [row for row in rows if row.is_winner]),
    )
    figure, margin = new_figure(260), 0.4 + 0.03 * len(rows)
    for label, mark, symbol, members in groups:
        if members:
            figure.add_scatter(
                x=[row.standing.rank for row in members],
                y=rounded([row.val_mae for row in members]),
                customdata=[row.standing.config_id for row in members],
                mode="markers",
                name=label,
                marker={"symbol": symbol, "color": mark.colour, "size": 13 if label == "winner" else 8},
                hovertemplate="config %{customdata}, rank %{x}<br>%{y:.3f} " + plain(summary.unit) + "<extra></extra>",
            )
    if stage in summary.cuts:
        figure.add_hline(y=round(summary.cuts[stage], 4), line={"color": BY_RUNG[2].colour, "width": 1, "dash": "dot"})
    few = {"dtick": 1} if len(rows) <= 6 else {}
    figure.update_xaxes(title_text=f"rank at {plain(stage)}", range=[1 - margin, len(rows) + margin], **few)
    figure.update_yaxes(title_text=f"validation MAE ({plain(summary.unit)})")
    return figure


def curve_figure(summary: CurveSummary) -> go.Figure:
    """Validation MAE over cumulative epochs, one line a config, coloured by how it ended."""
    figure = new_figure(460)
    order = [summary.stages[0], "pruned", "failed", "running", *summary.stages[1:], "winner"]
    for fate in order:
        members = [chain for chain in summary.chains if chain.fate == fate]
        if members:
            mark, x, y, who = fate_mark(fate, summary.stages), [], [], []
            for chain in members:
                for segment in chain.segments:
                    x += [*segment.epochs, None]
                    y += [*rounded(segment.val_mae), None]
                    who += [f"config {chain.config_id}, {segment.stage}"] * (len(segment.epochs) + 1)
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


def frame_range(frame: Frame | None) -> list[float] | None:
    """Axis limits in plotly's form."""
    return None if frame is None else [round(frame.low, 4), round(frame.high, 4)]
