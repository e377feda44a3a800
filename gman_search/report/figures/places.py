"""When and where the winner errs."""

import plotly.graph_objects as go

from gman_search.report.figures.attention import RANK_COLOURS
from gman_search.report.figures.base import new_figure
from gman_search.report.figures.style import ERROR_SCALE, plain
from gman_search.report.summaries.attention import AttentionSummary
from gman_search.report.summaries.places import CalendarSummary, SensorMap
from gman_search.weekdays import DAY_NAMES

__all__ = ["calendar_figure", "map_figure"]


def calendar_figure(summary: CalendarSummary) -> go.Figure:
    """A row a weekday, a column an hour; cells without forecasts stay empty."""
    figure = new_figure(300)
    figure.add_heatmap(
        x=list(range(24)),
        y=[day[:3] for day in DAY_NAMES],
        z=[[None if value is None else round(value, 3) for value in row] for row in summary.cells],
        colorscale=ERROR_SCALE,
        colorbar={"title": {"text": plain(summary.unit)}, "thickness": 12, "outlinewidth": 0},
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{y} %{x}:00 to %{x}:59<br>%{z:.2f} " + plain(summary.unit) + "<extra></extra>",
    )
    figure.update_xaxes(
        title_text="hour of the moment forecast", tickvals=list(range(0, 24, 3)), showgrid=False, showline=False
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, showline=False, ticks="")
    return figure


def map_figure(summary: SensorMap, attention: AttentionSummary | None = None) -> go.Figure:
    """Longitude against latitude with equal scales on the ground; no tiles, so nothing is asked of a network.

    Lines go from the sensors whose attention is known to those they attend to, the thicker the more.
    """
    figure = new_figure(460, showlegend=False)
    if attention is not None:
        _add_attention(figure, summary, attention)
    silent = [sensor for sensor in summary.sensors if sensor.mae is None]
    known = sorted((s for s in summary.sensors if s.mae is not None), key=lambda sensor: sensor.mae or 0.0)
    if silent:
        figure.add_scatter(
            x=[sensor.longitude for sensor in silent],
            y=[sensor.latitude for sensor in silent],
            mode="markers",
            marker={"symbol": "x-thin", "size": 8, "line": {"width": 1.5, "color": "#8b929c"}},
            customdata=[plain(sensor.name) for sensor in silent],
            showlegend=False,
            hovertemplate="%{customdata}: no reading<extra></extra>",
        )
    figure.add_scatter(
        x=[sensor.longitude for sensor in known],
        y=[sensor.latitude for sensor in known],
        mode="markers",
        showlegend=False,
        customdata=[[plain(sensor.name), round(sensor.mae or 0.0, 3)] for sensor in known],
        marker={
            "size": [round(7 + 9 * index / max(1, len(known) - 1), 1) for index in range(len(known))],
            "color": [round(sensor.mae or 0.0, 3) for sensor in known],
            "colorscale": ERROR_SCALE,
            "line": {"width": 0.5, "color": "#8b929c"},
            "colorbar": {"title": {"text": plain(summary.unit)}, "thickness": 12, "outlinewidth": 0},
        },
        hovertemplate="%{customdata[0]}<br>%{customdata[1]:.3f} " + plain(summary.unit) + "<extra></extra>",
    )
    figure.update_xaxes(title_text="longitude", constrain="domain", nticks=4)
    figure.update_yaxes(
        title_text="latitude", scaleanchor="x", scaleratio=round(summary.stretch, 4), constrain="domain", nticks=6
    )
    return figure


def _add_attention(figure: go.Figure, summary: SensorMap, attention: AttentionSummary) -> None:
    places = {sensor.name: sensor for sensor in summary.sensors}
    drawn = False
    for focus in attention.focuses:
        here = places.get(focus.sensor)
        reached = [(other, places[other.name]) for other in focus.others if other.name in places]
        if here is None or not reached:
            continue
        colour, most = RANK_COLOURS.get(focus.rank, "#8b929c"), max(other.percent for other, _ in reached)
        for number, (other, there) in enumerate(reached):
            figure.add_scatter(
                x=[here.longitude, there.longitude],
                y=[here.latitude, there.latitude],
                mode="lines",
                legendgroup=focus.rank,
                showlegend=number == 0,
                name=plain(f"attention of the {focus.rank} sensor"),
                line={"color": colour, "width": round(0.8 + 3 * other.percent / most, 2)},
                # One sensor's lines are enough at first; the legend shows the others'.
                visible=True if focus.rank == "worst" else "legendonly",
                hoverinfo="skip",
            )
        drawn = True
    figure.update_layout(showlegend=drawn)
