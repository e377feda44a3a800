"""The lowest validation MAE so far against training time, not against the number of configs."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.halving.evaluations import CONTENDERS, State
from gman_search.halving.late_gain import LateGain, late_gain
from gman_search.provenance import EvaluationFacts
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import duration, error, percent, plural, time_scale
from gman_search.report.style import BASELINE_LOOKS, ROLE_MARKS, WINNER, new_figure, plain, rounded, stage_colour
from gman_search.report.view import ROLE_NAMES, StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "HistoryData", "HistoryLine", "HistoryPoint", "caption", "compute", "history", "plot", "table"]


@dataclass(frozen=True)
class HistoryPoint:
    """`config_id` lowered the best of its stage to `val_mae` after `seconds` of training by all workers."""

    seconds: float
    val_mae: float
    config_id: int


@dataclass(frozen=True)
class HistoryLine:
    """One stage: its improvements in order of time. A lower value of another stage does not count."""

    stage: str
    points: tuple[HistoryPoint, ...]


@dataclass(frozen=True)
class HistoryData:
    """All stages; `found_after` is the training time when the winner was complete, `winner_mae` its validation MAE.
    `late` is what the last third of the time brought.

    `outside` has the improvements of the reference and of final trainings, whose roles stand for stages.
    """

    unit: str
    lines: tuple[HistoryLine, ...]
    seconds: float
    found_after: float | None
    outside: tuple[HistoryLine, ...] = ()
    winner_mae: float | None = None
    late: LateGain | None = None


def history(view: StudyView) -> HistoryData:
    """Improvements of each stage over training time, in the order in which evaluations ended."""
    best = view.winner
    done = [row for row in view.record.evaluations if row.state.is_finished]
    ends = [EvaluationFacts.of(row).ended for row in done]
    if None not in ends:
        done = [row for _, row in sorted(zip(ends, done, strict=True), key=lambda pair: pair[0] or 0.0)]
    points: dict[str, list[HistoryPoint]] = {stage: [] for stage in view.stages}
    spent, found_after = 0.0, None
    for row in done:
        spent += row.seconds
        if (
            row.control not in ("", *CONTENDERS)
            or row.state is not State.COMPLETE
            or row.val_mae is None
            or not math.isfinite(row.val_mae)
        ):
            continue
        line = points.setdefault(row.control or row.stage, [])
        if not line or row.val_mae < line[-1].val_mae:
            line.append(HistoryPoint(spent, row.val_mae, row.config_id))
        if best is not None and row.key == best.key:
            found_after = spent
    known = tuple(HistoryLine(name, tuple(found)) for name, found in points.items() if found)
    lines = tuple(line for line in known if line.stage not in CONTENDERS)
    outside = tuple(line for line in known if line.stage in CONTENDERS)
    late = late_gain(view.record.evaluations)
    return HistoryData(view.unit, lines, spent, found_after, outside, None if best is None else best.val_mae, late)


def compute(view: StudyView) -> HistoryData | None:
    """The improvements; None while no evaluation of the stages is complete."""
    found = view.of(history)
    return found if found.lines else None


def plot(data: HistoryData) -> "go.Figure":
    """One falling step line for each stage."""
    scale, unit = time_scale(data.seconds)
    figure = new_figure(340)
    stages = tuple(line.stage for line in data.lines)
    for index, line in enumerate(data.lines):
        last = line.points[-1]
        seconds = [point.seconds for point in line.points] + [data.seconds]
        figure.add_scatter(
            x=[round(value / scale, 3) for value in seconds],
            y=rounded([*(point.val_mae for point in line.points), last.val_mae]),
            customdata=[f"config {point.config_id}" for point in (*line.points, last)],
            mode="lines+markers",
            name=plain(line.stage),
            line={
                "shape": "hv",
                "color": stage_colour(line.stage, stages),
                "dash": "solid" if index == len(stages) - 1 else BASELINE_LOOKS[index % 3][2],
                "width": 2,
            },
            marker={"symbol": BASELINE_LOOKS[index % 3][1], "size": [7] * len(line.points) + [0]},
            hovertemplate=f"lowest at {plain(line.stage)} so far: %{{customdata}}, %{{y:.4r}} {plain(data.unit)}"
            "<extra></extra>",
        )
    for line in data.outside:
        mark = ROLE_MARKS[line.stage]
        figure.add_scatter(
            x=[round(point.seconds / scale, 3) for point in line.points],
            y=rounded([point.val_mae for point in line.points]),
            customdata=[f"config {point.config_id}" for point in line.points],
            mode="markers",
            name=ROLE_NAMES[line.stage],
            marker={"symbol": mark.symbol, "size": 9, "color": mark.colour},
            hovertemplate=f"{ROLE_NAMES[line.stage]}: %{{customdata}}, %{{y:.4r}} {plain(data.unit)}<extra></extra>",
        )
    if data.found_after is not None and data.winner_mae is not None:
        figure.add_scatter(
            x=[round(data.found_after / scale, 3)],
            y=rounded([data.winner_mae]),
            mode="markers",
            name="winner",
            marker={"symbol": "star", "size": 14, "color": WINNER.colour},
            hovertemplate="winner: %{y:.4r}<extra></extra>",
        )
    figure.update_xaxes(title_text=f"{unit} of training, all workers together", rangemode="tozero")
    figure.update_yaxes(title_text=f"lowest validation MAE so far ({plain(data.unit)})")
    return figure


def caption(data: HistoryData) -> str:
    """When the winner was found."""
    last = data.lines[-1]
    lowest = f"{error(last.points[-1].val_mae)} {data.unit}"
    text = f"{plural(len(last.points), 'improvement')} at {last.stage}, down to {lowest}."
    for line in data.outside:
        text += f" Outside the stages, {ROLE_NAMES[line.stage]}: down to {error(line.points[-1].val_mae)}."
    if data.found_after is not None and data.seconds:
        share = percent(100 * data.found_after / data.seconds, 0)
        text += f" The winner was complete after {duration(data.found_after)} of training, {share} of the total."
    if data.late is not None:
        text += f" {data.late.sentence()}"
    return text


def table(data: HistoryData) -> Table:
    """One row for each improvement."""
    rows = tuple(
        (line.stage, duration(point.seconds), str(point.config_id), error(point.val_mae))
        for line in (*data.lines, *data.outside)
        for point in line.points
    )
    return Table(("stage", "after", "config", f"best val MAE ({data.unit})"), rows)


FIGURE = Figure(
    "optimization_history",
    "fig-progress",
    "Lowest validation MAE against training time",
    compute,
    plot,
    caption,
    table,
    on_dashboard=True,
)
