"""Test MAE by hour and weekday."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error
from gman_search.report.style import ERROR_SCALE, new_figure, plain
from gman_search.report.view import StudyView
from gman_search.wording import DAY_NAMES, decimals

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "ErrorCalendarData", "caption", "compute", "plot", "table"]


@dataclass(frozen=True)
class ErrorCalendarData:
    """Test MAE (7, 24) by weekday and hour of the moment forecast, all steps together; None where nothing was forecast.

    `worst` and `best` are (weekday, hour, MAE).
    """

    unit: str
    cells: tuple[tuple[float | None, ...], ...]
    worst: tuple[int, int, float]
    best: tuple[int, int, float]
    days: int


def compute(view: StudyView) -> ErrorCalendarData | None:
    """The calendar of errors, None where the test kept none."""
    if view.test is None or not view.test.calendar:
        return None
    cells = tuple(tuple(_known(value) for value in row) for row in view.test.calendar)
    known = [(value, day, hour) for day, row in enumerate(cells) for hour, value in enumerate(row) if value is not None]
    if not known:
        return None
    worst, best = max(known), min(known)
    return ErrorCalendarData(
        unit=view.unit,
        cells=cells,
        worst=(worst[1], worst[2], worst[0]),
        best=(best[1], best[2], best[0]),
        days=len({day for _, day, _ in known}),
    )


def plot(data: ErrorCalendarData) -> "go.Figure":
    """One row for each weekday, one column for each hour; cells without forecasts stay empty."""
    figure = new_figure(300)
    figure.add_heatmap(
        x=list(range(24)),
        y=[day[:3] for day in DAY_NAMES],
        z=[[None if value is None else round(value, 3) for value in row] for row in data.cells],
        colorscale=ERROR_SCALE,
        colorbar={"title": {"text": plain(data.unit)}, "thickness": 12, "outlinewidth": 0},
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{y} %{x}:00 to %{x}:59<br>%{z:.3r} " + plain(data.unit) + "<extra></extra>",
    )
    figure.update_xaxes(
        title_text="hour of the moment forecast", tickvals=list(range(0, 24, 3)), showgrid=False, showline=False
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, showline=False, ticks="")
    return figure


def caption(data: ErrorCalendarData) -> str:
    """The hours of the largest and the smallest error, and the weekdays that the test part has."""
    day, hour, mae = data.worst
    text = f"Largest error: {DAY_NAMES[day]} {hour}:00 to {hour}:59 with {error(mae, least=2)} {data.unit}"
    day, hour, mae = data.best
    text += f"; smallest: {DAY_NAMES[day]} {hour}:00 with {error(mae, least=2)}. All steps together."
    if data.days < 7:
        text += f" The test part has {data.days} of the 7 weekdays."
    return text


def table(data: ErrorCalendarData) -> Table:
    """One row for each hour, one column for each weekday."""
    digits = decimals(data.best[2], least=2)
    rows = tuple((f"{hour}:00", *(error(day[hour], digits) for day in data.cells)) for hour in range(24))
    return Table(("hour", *DAY_NAMES), rows, note=f"Test MAE in {data.unit}, all steps together.")


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


FIGURE = Figure(
    "error_calendar",
    "fig-calendar",
    "Error by hour and weekday",
    compute,
    plot,
    caption,
    table,
    layout="grid wide",
    min_width=430,
)
