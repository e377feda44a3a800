"""When and where the winner errs."""

import plotly.graph_objects as go

from gman_search.report.figures.base import new_figure
from gman_search.report.figures.style import ERROR_SCALE, plain
from gman_search.report.summaries.places import DAYS, CalendarSummary, SensorMap

__all__ = ["calendar_figure", "map_figure"]


def calendar_figure(summary: CalendarSummary) -> go.Figure:
    """A row a weekday, a column an hour; cells without forecasts stay empty."""
    figure = new_figure(300)
    figure.add_heatmap(
        x=list(range(24)),
        y=[day[:3] for day in DAYS],
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


def map_figure(summary: SensorMap) -> go.Figure:
    """Longitude against latitude with equal scales on the ground; no tiles, so nothing is asked of a network."""
    figure = new_figure(460, showlegend=False)
    silent = [sensor for sensor in summary.sensors if sensor.mae is None]
    known = sorted((s for s in summary.sensors if s.mae is not None), key=lambda sensor: sensor.mae or 0.0)
    if silent:
        figure.add_scatter(
            x=[sensor.longitude for sensor in silent],
            y=[sensor.latitude for sensor in silent],
            mode="markers",
            marker={"symbol": "x-thin", "size": 8, "line": {"width": 1.5, "color": "#8b929c"}},
            customdata=[plain(sensor.name) for sensor in silent],
            hovertemplate="%{customdata}: no reading<extra></extra>",
        )
    figure.add_scatter(
        x=[sensor.longitude for sensor in known],
        y=[sensor.latitude for sensor in known],
        mode="markers",
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
