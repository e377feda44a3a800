"""How many configs went how far, and where each stage's cut fell."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded
from gman_search.report.figures.style import BY_RUNG, FAILED, PRUNED, RUNNING, WINNER, plain
from gman_search.report.summaries.ladder import Funnel, StandingTable
from gman_search.report.text.formats import duration

__all__ = ["cut_figure", "funnel_figure"]


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
