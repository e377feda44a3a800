"""Test MAE of each sensor on a map, with lines to the sensors that some attend to."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.report.figure import MAX_ROWS, Figure, Table
from gman_search.report.figures import attention
from gman_search.report.figures.attention import AttentionData
from gman_search.report.formats import error, plural
from gman_search.report.style import ERROR_SCALE, NEUTRAL, RANK_COLOURS, new_figure, plain
from gman_search.report.view import StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "ErrorMapData", "PlacedSensor", "caption", "compute", "plot", "table"]


@dataclass(frozen=True)
class PlacedSensor:
    """A sensor on the map; its MAE is None without a reading in the test part."""

    name: str
    latitude: float
    longitude: float
    mae: float | None


@dataclass(frozen=True)
class ErrorMapData:
    """All sensors with known coordinates. `stretch` is how much longer a degree of latitude is there.

    `attention` is that of some sensors, where it was measured.
    """

    unit: str
    sensors: tuple[PlacedSensor, ...]
    missing: int
    stretch: float
    attention: AttentionData | None = None


def compute(view: StudyView) -> ErrorMapData | None:
    """The sensors with coordinates; None with fewer than three of them."""
    test = view.test
    if test is None or len(test.coordinates) < 3:
        return None
    sensors = tuple(
        PlacedSensor(name, place[0], place[1], _known(test.sensor_mae.get(name)))
        for name, place in sorted(test.coordinates.items())
        if all(map(math.isfinite, place))
    )
    middle = sum(sensor.latitude for sensor in sensors) / max(1, len(sensors))
    missing = len(set(test.sensor_mae) - {sensor.name for sensor in sensors})
    stretch = 1 / max(0.05, math.cos(math.radians(middle)))
    return ErrorMapData(view.unit, sensors, missing, stretch, view.of(attention.compute))


def plot(data: ErrorMapData) -> "go.Figure":
    """Longitude against latitude with equal scales on the ground; no tiles, so nothing is loaded from a network.

    Lines go from the sensors whose attention is known to those they attend to; a thicker line is more attention.
    """
    figure = new_figure(460, showlegend=False)
    if data.attention is not None:
        _add_attention(figure, data, data.attention)
    silent = [sensor for sensor in data.sensors if sensor.mae is None]
    known = sorted((s for s in data.sensors if s.mae is not None), key=lambda sensor: sensor.mae or 0.0)
    if silent:
        figure.add_scatter(
            x=[sensor.longitude for sensor in silent],
            y=[sensor.latitude for sensor in silent],
            mode="markers",
            marker={"symbol": "x-thin", "size": 8, "line": {"width": 1.5, "color": NEUTRAL}},
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
            "line": {"width": 0.5, "color": NEUTRAL},
            "colorbar": {"title": {"text": plain(data.unit)}, "thickness": 12, "outlinewidth": 0},
        },
        hovertemplate="%{customdata[0]}<br>%{customdata[1]:.4r} " + plain(data.unit) + "<extra></extra>",
    )
    figure.update_xaxes(title_text="longitude", constrain="domain", nticks=4)
    figure.update_yaxes(
        title_text="latitude", scaleanchor="x", scaleratio=round(data.stretch, 4), constrain="domain", nticks=6
    )
    return figure


def _add_attention(figure: "go.Figure", data: ErrorMapData, attended: AttentionData) -> None:
    places = {sensor.name: sensor for sensor in data.sensors}
    drawn = False
    for focus in attended.focuses:
        here = places.get(focus.sensor)
        reached = [(other, places[other.name]) for other in focus.others if other.name in places]
        if here is None or not reached:
            continue
        colour, most = RANK_COLOURS.get(focus.rank, NEUTRAL), max(other.percent for other, _ in reached)
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


def caption(data: ErrorMapData) -> str:
    """The worst sensor, the sensors without coordinates, and what the lines are."""
    known = [sensor for sensor in data.sensors if sensor.mae is not None]
    text = f"{plural(len(data.sensors), 'sensor')} at their coordinates; a larger, darker marker is a larger test MAE."
    if known:
        worst = max(known, key=lambda sensor: sensor.mae or 0.0)
        text += f" Largest: {worst.name} with {error(worst.mae)} {data.unit}."
    if data.missing:
        text += f" {plural(data.missing, 'sensor')} without coordinates."
    if data.attention is not None:
        text += (
            " Lines join the worst sensor and those it attends to most; the legend adds the best and the median sensor."
        )
    return text


def table(data: ErrorMapData) -> Table:
    """Coordinates and test MAE of each sensor."""
    rows = tuple(
        (sensor.name, f"{sensor.latitude:.5f}", f"{sensor.longitude:.5f}", error(sensor.mae)) for sensor in data.sensors
    )
    return Table(("sensor", "latitude", "longitude", f"test MAE ({data.unit})"), rows).first(2 * MAX_ROWS)


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


FIGURE = Figure("error_map", "fig-map", "Error on the map", compute, plot, caption, table, layout="grid wide")
