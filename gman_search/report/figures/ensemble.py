"""Who is in the ensemble, with which weight at each step."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded
from gman_search.report.figures.style import BASELINE_LOOKS, STUDY_LOOKS, plain
from gman_search.report.summaries.ensemble import EnsembleSummary, MemberShare

__all__ = ["ensemble_figure"]

PATTERNS = ("/", "\\", "x", "-")
"""Baselines are hatched, so that they are told from GMANs without colours, too."""
OTHERS = "#8b929c"


def ensemble_figure(summary: EnsembleSummary) -> go.Figure:
    """A stacked bar for each step; the bars add up to 100 percent."""
    figure = new_figure(380, barmode="stack", bargap=0.2)
    trained = hatched = 0
    for member in summary.drawn:
        if member.kind == "baseline":
            colour, pattern = BASELINE_LOOKS[hatched % len(BASELINE_LOOKS)][0], PATTERNS[hatched % len(PATTERNS)]
            hatched += 1
        elif member.kind == "others":
            colour, pattern = OTHERS, "."
        else:
            colour, pattern = STUDY_LOOKS[trained % len(STUDY_LOOKS)][0], "" if trained < len(STUDY_LOOKS) else "+"
            trained += 1
        figure.add_bar(
            x=list(summary.minutes),
            y=rounded(_percents(member), 2),
            name=plain(member.name),
            hovertemplate=f"{plain(member.name)}<br>%{{x}} min: %{{y:.0f}} %<extra></extra>",
            marker={
                "color": colour,
                "line": {"color": "rgba(128, 134, 145, 0.5)", "width": 0.5},
                "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.6)"},
            },
        )
    figure.update_layout(legend={"traceorder": "normal"})
    figure.update_xaxes(title_text="minutes ahead", tickvals=list(summary.minutes))
    figure.update_yaxes(title_text="weight in the forecast (percent)", range=[0, 100])
    return figure


def _percents(member: MemberShare) -> list[float | None]:
    return [100 * weight for weight in member.weights]
