"""Forecasts and readings of some sensors over a part of the test."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.record import ForecastSample
from gman_search.report.axis_range import downsample
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, ordinal, plural
from gman_search.report.style import NEUTRAL, new_figure, plain, rounded
from gman_search.report.view import StudyView
from gman_search.wording import decimals

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "ForecastData", "ForecastLine", "caption", "compute", "plot", "sample_data", "table"]

MAX_TIMES = 2100
"""Times drawn of one sensor's forecast: a week at five minutes a step."""
VIEW_HOURS = 48
"""Hours in view at first; a whole week on one screen hides the lag of a forecast."""
LINE_LOOKS = (("#2b7fbd", "solid"), ("#12997a", "dash"), ("#d55e00", "solid"))
MAX_SAMPLE_ROWS = 96
"""Rows of the table, evenly spaced."""


@dataclass(frozen=True)
class ForecastLine:
    """What was forecast `step` steps (`minutes` minutes) ahead, in the data's unit."""

    step: int
    minutes: int
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class ForecastData:
    """Forecasts and readings of one sensor; every `stride`-th time is kept, the first `in_view` of them are in view.

    `number` counts the sensors from 1. None in `truth` is a missing reading.
    """

    number: int
    unit: str
    sensor: str
    rank: str
    mae: float
    times: tuple[str, ...]
    truth: tuple[float | None, ...]
    lines: tuple[ForecastLine, ...]
    stride: int
    missing: int
    in_view: int


def compute(view: StudyView) -> tuple[ForecastData, ...]:
    """The sensors whose forecasts were kept."""
    samples = () if view.test is None else view.test.samples
    return tuple(sample_data(view, sample, number) for number, sample in enumerate(samples, start=1))


def sample_data(view: StudyView, sample: ForecastSample, number: int = 1) -> ForecastData:
    """One sensor's forecast, with as many times as a screen can show."""
    times, stride = downsample(sample.times, MAX_TIMES)
    return ForecastData(
        number=number,
        unit=view.unit,
        sensor=sample.sensor,
        rank=sample.rank,
        mae=sample.mae,
        times=times,
        truth=downsample(sample.truth, MAX_TIMES)[0],
        lines=tuple(
            ForecastLine(step, step * view.step_minutes, downsample(sample.forecast[step], MAX_TIMES)[0])
            for step in sorted(sample.forecast)
        ),
        stride=stride,
        missing=sum(value is None for value in sample.truth),
        in_view=min(len(times), VIEW_HOURS * 60 // (view.step_minutes * stride) + 1),
    )


def plot(data: ForecastData) -> "go.Figure":
    """Readings, with gaps where they are missing, and the forecasts for the same times."""
    figure = new_figure(320, hovermode="x unified")
    unit = plain(data.unit)
    figure.add_scatter(
        x=list(data.times), y=rounded(data.truth, 2), mode="lines", name="truth", connectgaps=False,
        line={"color": NEUTRAL, "width": 2.4}, hovertemplate=f"%{{y:.4r}} {unit}")  # fmt: skip
    last = len(data.lines) - 1
    for index, line in enumerate(data.lines):
        colour, dash = LINE_LOOKS[-1] if index == last else LINE_LOOKS[index % 2]
        figure.add_scatter(
            x=list(data.times),
            y=rounded(line.values, 2),
            mode="lines",
            name=f"{line.minutes} min ahead",
            connectgaps=False,
            line={"color": colour, "width": 1.5, "dash": dash},
            # The nearest and the farthest horizon are shown; those between are one click away.
            visible=True if index in (0, last) else "legendonly",
            hovertemplate=f"%{{y:.4r}} {unit}",
        )
    if 1 < data.in_view < len(data.times):
        days = [{"count": 2, "step": "day", "stepmode": "backward", "label": "last 2 days"}]
        buttons = [*days, {"step": "all", "label": "all"}]
        figure.update_xaxes(
            range=[data.times[0], data.times[data.in_view - 1]],
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


def caption(data: ForecastData) -> str:
    """The sensor, its error, the times, and what is not shown."""
    text = f"The {data.rank} sensor, {data.sensor}: test MAE {error(data.mae)} {data.unit}."
    if data.times:
        text += f" {data.times[0].replace('T', ' ')} to {data.times[-1].replace('T', ' ')}."
    if data.missing:
        text += f" {plural(data.missing, 'missing reading is a gap', 'missing readings are gaps')}."
    if data.in_view < len(data.times):
        text += f" In view at first: until {data.times[data.in_view - 1].replace('T', ' ')}."
    if data.stride > 1:
        text += f" Every {ordinal(data.stride)} time is drawn."
    return text


def table(data: ForecastData) -> Table:
    """Readings and forecasts at evenly spaced times."""
    heads = tuple(f"{line.minutes} min ahead ({data.unit})" for line in data.lines)
    kept, stride = downsample(range(len(data.times)), MAX_SAMPLE_ROWS)
    digits = decimals(max((abs(value) for value in data.truth if value is not None), default=None), least=1)
    rows = tuple(
        (data.times[i], error(data.truth[i], digits), *(error(line.values[i], digits) for line in data.lines))
        for i in kept
    )
    note = "" if stride == 1 else f"One time in {stride} of those drawn."
    return Table(("time", f"truth ({data.unit})", *heads), rows, note=note)


FIGURE = Figure(
    "forecast",
    "fig-forecast",
    lambda data: f"The {data.rank} sensor",
    compute,
    plot,
    caption,
    table,
    key=lambda data: str(data.number),
)
