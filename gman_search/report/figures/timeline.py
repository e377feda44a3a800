"""Who trained what when."""

import plotly.graph_objects as go

from gman_search.halving.table import CONTENDERS, State
from gman_search.report.figures.base import new_figure, stage_colour
from gman_search.report.figures.style import FAILED, PRUNED, ROLE_MARKS, plain
from gman_search.report.summaries.outside import ROLE_NAMES
from gman_search.report.summaries.timeline import Span, Timeline
from gman_search.report.text.formats import duration, time_scale

__all__ = ["timeline_figure"]


def timeline_figure(summary: Timeline) -> go.Figure:
    """One line a worker, one bar an attempt; pauses of all workers are cut out and marked."""
    scale, unit = time_scale(summary.seconds)
    figure = new_figure(120 + 34 * summary.workers, barmode="overlay", bargap=0.25)
    figure.update_layout(uniformtext={"mode": "hide", "minsize": 9}, legend={"traceorder": "normal"})
    groups = [
        (stage, stage_colour(stage, summary.stages), "", [span for span in summary.spans if _is_plain(span, stage)])
        for stage in summary.stages
    ]
    done = [span for span in summary.spans if span.control and span.state is State.COMPLETE]
    for role, pattern in zip(CONTENDERS, ("+", "."), strict=True):
        groups.append((ROLE_NAMES[role], ROLE_MARKS[role].colour, pattern, [s for s in done if s.control == role]))
    groups.append(("control", "#b8a13c", "/", [span for span in done if span.control not in CONTENDERS]))
    groups.append(("stopped early", PRUNED.colour, "\\", [s for s in summary.spans if s.state is State.PRUNED]))
    groups.append(("failed or interrupted", FAILED.colour, "x", [s for s in summary.spans if s.state is State.FAILED]))
    for label, colour, pattern, spans in groups:
        if spans:
            figure.add_bar(
                x=[round((span.end - span.start) / scale, 3) for span in spans],
                base=[round(span.start / scale, 3) for span in spans],
                y=[f"worker {span.worker + 1}" for span in spans],
                orientation="h",
                name=plain(label),
                text=[str(span.config_id) for span in spans],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": "#ffffff", "size": 11},
                customdata=[_hover(span) for span in spans],
                hovertemplate="%{customdata}<extra></extra>",
                marker={
                    "color": colour,
                    "line": {"color": "rgba(128, 134, 145, 0.5)", "width": 0.5},
                    "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.5)"},
                },
            )
    for pause in summary.pauses:
        figure.add_vline(x=pause.at / scale, line={"color": PRUNED.colour, "width": 1.5, "dash": "dot"})
    figure.update_xaxes(title_text=f"{unit} of working time", rangemode="tozero")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[f"worker {number}" for number in range(summary.workers, 0, -1)],
        showline=False,
        showgrid=False,
        tickcolor="rgba(0,0,0,0)",
        ticklen=8,
    )
    return figure


def _is_plain(span: Span, stage: str) -> bool:
    return span.stage == stage and not span.control and span.state is State.COMPLETE


def _hover(span: Span) -> str:
    again = f", attempt {span.attempt}" if span.attempt > 1 else ""
    return plain(f"{span.key}{again}: {span.state}, {duration(span.end - span.start)}")
