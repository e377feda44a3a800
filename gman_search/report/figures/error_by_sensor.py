"""Test MAE of every sensor, from the lowest to the highest."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.report.figure import MAX_ROWS, Figure, Table
from gman_search.report.formats import error, plural
from gman_search.report.style import BY_RUNG, new_figure, plain, rounded
from gman_search.report.view import StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "ErrorBySensorData", "caption", "compute", "plot", "table"]


@dataclass(frozen=True)
class ErrorBySensorData:
    """Test MAE of the sensors that have a reading in the test part, best first; `silent` sensors have none."""

    unit: str
    sensors: tuple[tuple[str, float], ...]
    silent: tuple[str, ...]


def compute(view: StudyView) -> ErrorBySensorData | None:
    """The sensors by test MAE; None before the test, or with fewer than two sensors."""
    maes = {} if view.test is None else view.test.sensor_mae
    known = sorted((mae, name) for name, mae in maes.items() if math.isfinite(mae))
    if len(known) < 2:
        return None
    silent = tuple(sorted(name for name, mae in maes.items() if not math.isfinite(mae)))
    return ErrorBySensorData(view.unit, tuple((name, mae) for mae, name in known), silent)


def plot(data: ErrorBySensorData) -> "go.Figure":
    """One point for each sensor, best to worst."""
    figure = new_figure(260, showlegend=False)
    figure.add_scatter(
        x=list(range(1, len(data.sensors) + 1)),
        y=rounded([value for _, value in data.sensors]),
        customdata=[plain(name) for name, _ in data.sensors],
        mode="markers",
        marker={"symbol": "circle", "size": 6, "color": BY_RUNG[2].colour},
        hovertemplate="%{customdata}<br>%{y:.4r} " + plain(data.unit) + "<extra></extra>",
    )
    figure.update_xaxes(title_text="sensors, best to worst")
    figure.update_yaxes(title_text=f"test MAE ({plain(data.unit)})", rangemode="tozero")
    return figure


def caption(data: ErrorBySensorData) -> str:
    """The best, the worst and the median sensor."""
    best, worst = data.sensors[0], data.sensors[-1]
    middle = data.sensors[len(data.sensors) // 2]
    text = (
        f"{plural(len(data.sensors), 'sensor')}: from {error(best[1])} {data.unit} ({best[0]}) to "
        f"{error(worst[1])} ({worst[0]}), median {error(middle[1])}."
    )
    if data.silent:
        text += f" Without a reading in the test part: {', '.join(data.silent)}."
    return text


def table(data: ErrorBySensorData) -> Table:
    """Test MAE of every sensor, best first."""
    rows = tuple((name, error(value)) for name, value in data.sensors)
    return Table(("sensor", f"test MAE ({data.unit})"), rows).first(2 * MAX_ROWS)


FIGURE = Figure("error_by_sensor", "fig-sensors", "Error by sensor", compute, plot, caption, table, layout="grid wide")
