"""How often prediction intervals held on the test part, compared with what they promise."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, percent
from gman_search.report.style import BASELINE_LOOKS, NEUTRAL, new_figure, rounded
from gman_search.report.view import StudyView
from gman_search.wording import decimals

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "IntervalCoverageData", "IntervalRow", "caption", "compute", "plot", "table"]


@dataclass(frozen=True)
class IntervalRow:
    """Intervals that promise `percent`; all others are percent of the readings, `width` is in the data's unit.

    `slow` is what held where the forecast was slow, `lowest_sensor` at the sensor where they held least often.
    """

    percent: int
    held: float
    by_step: tuple[float, ...]
    slow: float
    lowest_sensor: float
    width: float

    @property
    def short(self) -> float:
        """Percentage points by which they held less often than promised."""
        return self.percent - self.held


@dataclass(frozen=True)
class IntervalCoverageData:
    """One row for each promise, smallest first; `minutes` ahead of the steps.

    `role` is whose intervals they are: those of the "ensemble" where that is delivered, else of the "winner".
    """

    unit: str
    minutes: tuple[int, ...]
    rows: tuple[IntervalRow, ...]
    role: str = "winner"


def compute(view: StudyView) -> IntervalCoverageData | None:
    """The measured coverage, None where no intervals were tested."""
    test = view.test
    if test is None:
        return None
    of_ensemble = {} if test.ensemble is None else test.ensemble.coverage
    coverage = of_ensemble or test.coverage
    if not coverage:
        return None
    rows = tuple(
        IntervalRow(percent, found.held, found.by_step, found.slow, found.lowest_sensor, found.width)
        for percent, found in sorted(coverage.items())
    )
    minutes = tuple(step * view.step_minutes for step in range(1, 1 + max(len(row.by_step) for row in rows)))
    return IntervalCoverageData(view.unit, minutes, rows, "ensemble" if of_ensemble else "winner")


def plot(data: IntervalCoverageData) -> "go.Figure":
    """One line for each promise: percentage points of coverage above or below it, by step."""
    figure = new_figure(300)
    figure.add_hline(y=0, line={"width": 1.2, "dash": "dot", "color": NEUTRAL})
    for row, (colour, symbol, dash) in zip(data.rows, BASELINE_LOOKS, strict=False):
        figure.add_scatter(
            x=list(data.minutes),
            y=rounded([share - row.percent if math.isfinite(share) else None for share in row.by_step], 2),
            customdata=rounded([share if math.isfinite(share) else None for share in row.by_step], 2),
            mode="lines+markers",
            name=f"{row.percent} %",
            line={"color": colour, "width": 1.8, "dash": dash},
            marker={"symbol": symbol, "size": 7},
            hovertemplate=f"%{{x}} min ahead: intervals of {row.percent} % held %{{customdata}} %<extra></extra>",
        )
    figure.update_xaxes(title_text="minutes ahead", tickvals=list(data.minutes))
    figure.update_yaxes(title_text="held minus promised (points)", zeroline=False)
    return figure


def caption(data: IntervalCoverageData) -> str:
    """The coverage and width of the widest intervals, and the step with the lowest coverage."""
    row = data.rows[-1]
    steps = zip(row.by_step, data.minutes, strict=False)
    known = [(share, minutes) for share, minutes in steps if math.isfinite(share)]
    width = error(row.width, least=2)
    text = (
        "The intervals are made from the errors on the validation part and measured on the test part. Those of "
        f"{percent(row.percent, 0)} held {percent(row.held)} of the readings, at a mean width of {width} {data.unit}"
    )
    text += f", and {percent(row.slow)} where the forecast was slow." if math.isfinite(row.slow) else "."
    if known:
        share, minutes = min(known)
        text += f" Coverage is lowest {minutes} minutes ahead ({percent(share)})."
    whose = " They belong to the ensemble." if data.role == "ensemble" else ""
    return f"{text}{whose} Below the dotted line, they held less often than promised."


def table(data: IntervalCoverageData) -> Table:
    """Coverage of each promise by step, in total and where it is lowest, and the mean width."""

    def line(name: str, values: Iterable[float], digits: int = 1) -> tuple[str, ...]:
        return (name, *(error(value, digits) for value in values))

    steps = [
        line(f"{step} ({minutes} min)", (row.by_step[step - 1] for row in data.rows))
        for step, minutes in enumerate(data.minutes, start=1)
    ]
    rows = (
        *steps,
        line("all steps", (row.held for row in data.rows)),
        line("where the forecast was slow", (row.slow for row in data.rows)),
        line("the sensor with the lowest coverage", (row.lowest_sensor for row in data.rows)),
        line(f"mean width ({data.unit})", (row.width for row in data.rows), decimals(data.rows[0].width, 2)),
    )
    columns = ("held, percent of the readings", *(f"promise {row.percent} %" for row in data.rows))
    return Table(columns, rows, strong=frozenset({len(steps)}))


FIGURE = Figure("interval_coverage", "fig-intervals", "Prediction intervals", compute, plot, caption, table)
