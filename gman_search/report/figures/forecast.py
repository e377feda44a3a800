"""The test part drawn: error over the horizon, error over the sensors, and forecasts against truth."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure, rounded
from gman_search.report.figures.style import BASELINE_LOOKS, BY_RUNG, ROLE_MARKS, plain
from gman_search.report.summaries.forecast import SampleSummary, Scoreboard

__all__ = ["horizon_figure", "sample_figure", "sensor_figure"]

LINE_LOOKS = (("#2b7fbd", "solid"), ("#12997a", "dash"), ("#d55e00", "solid"))


def horizon_figure(summary: Scoreboard) -> go.Figure:
    """MAE at each step alone: ensemble and winner thick, the reference and the baselines thin."""
    figure = new_figure(400)
    minutes = [row.minutes for row in summary.rows]
    looks = forecaster_looks(summary)
    for index, name in reversed(list(enumerate(summary.forecasters))):
        colour, symbol, dash = looks[index]
        is_ours = summary.roles[index] in ("ensemble", "winner")
        scores = [row.scores[index] for row in summary.rows]
        figure.add_scatter(
            x=minutes,
            y=rounded([None if score is None else score.mae for score in scores]),
            mode="lines+markers",
            name=plain(name),
            line={"color": colour, "dash": dash, "width": 3 if is_ours else 1.6},
            marker={"symbol": symbol, "size": 9 if is_ours else 7},
            hovertemplate=f"{plain(name)}<br>%{{x}} min: %{{y:.3f}} {plain(summary.unit)}<extra></extra>",
        )
    figure.update_layout(legend={"traceorder": "reversed"})
    figure.update_xaxes(title_text="minutes ahead", tickvals=minutes)
    figure.update_yaxes(title_text=f"test MAE at that step ({plain(summary.unit)})", rangemode="tozero")
    return figure


def forecaster_looks(summary: Scoreboard) -> list[tuple[str, str, str]]:
    """Colour, marker and dash of each forecaster: by role, and baselines in their order."""
    looks, baselines = [], 0
    for role in summary.roles:
        if role == "baseline":
            looks.append(BASELINE_LOOKS[baselines % len(BASELINE_LOOKS)])
            baselines += 1
        else:
            mark = ROLE_MARKS[role]
            looks.append((mark.colour, mark.symbol, mark.dash))
    return looks


def sensor_figure(summary: Scoreboard) -> go.Figure:
    """Test MAE of every sensor, best to worst."""
    figure = new_figure(260, showlegend=False)
    figure.add_scatter(
        x=list(range(1, len(summary.sensors) + 1)),
        y=rounded([value for _, value in summary.sensors]),
        customdata=[plain(name) for name, _ in summary.sensors],
        mode="markers",
        marker={"symbol": "circle", "size": 6, "color": BY_RUNG[2].colour},
        hovertemplate="%{customdata}<br>%{y:.3f} " + plain(summary.unit) + "<extra></extra>",
    )
    figure.update_xaxes(title_text="sensors, best to worst")
    figure.update_yaxes(title_text=f"test MAE ({plain(summary.unit)})", rangemode="tozero")
    return figure


def sample_figure(summary: SampleSummary) -> go.Figure:
    """Truth with gaps where readings are missing, and the forecasts made for the same moments."""
    figure = new_figure(320, hovermode="x unified")
    unit = plain(summary.unit)
    figure.add_scatter(
        x=list(summary.times), y=rounded(summary.truth, 2), mode="lines", name="truth", connectgaps=False,
        line={"color": "#8b929c", "width": 2.4}, hovertemplate=f"%{{y:.1f}} {unit}")  # fmt: skip
    last = len(summary.lines) - 1
    for index, line in enumerate(summary.lines):
        colour, dash = LINE_LOOKS[-1] if index == last else LINE_LOOKS[index % 2]
        figure.add_scatter(
            x=list(summary.times),
            y=rounded(line.values, 2),
            mode="lines",
            name=f"{line.minutes} min ahead",
            connectgaps=False,
            line={"color": colour, "width": 1.5, "dash": dash},
            # The nearest and the farthest horizon tell most; those between are one click away.
            visible=True if index in (0, last) else "legendonly",
            hovertemplate=f"%{{y:.1f}} {unit}",
        )
    if 1 < summary.in_view < len(summary.times):
        days = [{"count": 2, "step": "day", "stepmode": "backward", "label": "last 2 days"}]
        buttons = [*days, {"step": "all", "label": "all"}]
        figure.update_xaxes(
            range=[summary.times[0], summary.times[summary.in_view - 1]],
            rangeselector={
                "buttons": buttons,
                "x": 1,
                "xanchor": "right",
                "y": 1.02,
                "bgcolor": "rgba(128,134,145,0.15)",
            },
        )
    figure.update_yaxes(title_text=f"speed ({unit})" if unit in ("mph", "km/h") else f"reading ({unit})")
    return figure
