"""Which worker trained what, and when."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gman_search.halving.evaluations import CONTENDERS, State
from gman_search.provenance import EvaluationFacts
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import duration, percent, plural, time_scale
from gman_search.report.style import CONTROL, FAILED, PRUNED, ROLE_MARKS, new_figure, plain, stage_colour
from gman_search.report.view import ROLE_NAMES, StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "Pause", "Span", "TimelineData", "caption", "compute", "plot", "table"]

LONGEST_IDLE = 0.05
"""Time in which no worker trains is cut out if it is longer than this share of the working time."""


@dataclass(frozen=True)
class Span:
    """One attempt on one worker (counted from 0), in seconds of working time since the first attempt began."""

    key: str
    config_id: int
    stage: str
    attempt: int
    worker: int
    start: float
    end: float
    state: State
    control: str


@dataclass(frozen=True)
class Pause:
    """No worker trained for `seconds`; drawn as a line at `at` seconds of working time."""

    at: float
    seconds: float


@dataclass(frozen=True)
class TimelineData:
    """All attempts whose times are known; `busy` is the share of the workers' time that was spent training."""

    stages: tuple[str, ...]
    workers: int
    spans: tuple[Span, ...]
    pauses: tuple[Pause, ...]
    seconds: float
    busy: float


def compute(view: StudyView) -> TimelineData | None:
    """Every attempt on the line of its worker; None where no times were noted."""
    known = []
    for row in view.record.evaluations:
        facts = EvaluationFacts.of(row)
        if facts.began is not None and row.state.is_finished:
            end = facts.began + row.seconds if facts.ended is None else facts.ended
            known.append((facts.began, max(facts.began, end), facts.worker, row))
    if not known:
        return None
    known.sort(key=lambda one: (one[0], one[3].key, one[3].attempt))
    names = list(dict.fromkeys(worker for _, _, worker, _ in known))
    allowed = LONGEST_IDLE * sum(end - begin for begin, end, _, _ in known) / len(names)
    spans, pauses, latest, cut = [], [], known[0][0], known[0][0]
    for begin, end, name, row in known:
        if begin - latest > max(allowed, 60.0):
            pauses.append(Pause(latest - cut, begin - latest))
            cut += begin - latest
        latest = max(latest, end)
        worker = names.index(name)
        spans.append(
            Span(row.key, row.config_id, row.stage, row.attempt, worker, begin - cut, end - cut, row.state, row.control)
        )
    lanes = _lanes(spans, len(names))
    workers, total = max(lanes) + 1, latest - cut
    busy = sum(span.end - span.start for span in spans) / (total * workers) if total > 0 else 1.0
    moved = tuple(replace(span, worker=lanes[span.worker]) for span in spans)
    return TimelineData(view.stages, workers, moved, tuple(pauses), total, min(1.0, busy))


def _lanes(spans: list[Span], workers: int) -> list[int]:
    """The line of each worker. A resumed search starts new processes, which take over the lines of those that ended."""
    first = [min((s.start for s in spans if s.worker == w), default=0.0) for w in range(workers)]
    last = [max((s.end for s in spans if s.worker == w), default=0.0) for w in range(workers)]
    free_at: list[float] = []
    lanes = []
    for worker in range(workers):
        place = next((lane for lane, end in enumerate(free_at) if end <= first[worker]), len(free_at))
        if place == len(free_at):
            free_at.append(last[worker])
        else:
            free_at[place] = last[worker]
        lanes.append(place)
    return lanes


def plot(data: TimelineData) -> "go.Figure":
    """One line for each worker, one bar for each attempt; pauses of all workers are cut out and marked."""
    scale, unit = time_scale(data.seconds)
    figure = new_figure(120 + 34 * data.workers, barmode="overlay", bargap=0.25)
    figure.update_layout(uniformtext={"mode": "hide", "minsize": 9}, legend={"traceorder": "normal"})
    groups = [
        (stage, stage_colour(stage, data.stages), "", [span for span in data.spans if _is_plain(span, stage)])
        for stage in data.stages
    ]
    done = [span for span in data.spans if span.control and span.state is State.COMPLETE]
    for role, pattern in zip(CONTENDERS, ("+", "."), strict=True):
        groups.append((ROLE_NAMES[role], ROLE_MARKS[role].colour, pattern, [s for s in done if s.control == role]))
    groups.append(("control", CONTROL, "/", [span for span in done if span.control not in CONTENDERS]))
    groups.append(("stopped early", PRUNED.colour, "\\", [s for s in data.spans if s.state is State.PRUNED]))
    groups.append(("failed or interrupted", FAILED.colour, "x", [s for s in data.spans if s.state is State.FAILED]))
    for label, colour, pattern, spans in groups:
        if spans:
            figure.add_bar(
                x=[round((span.end - span.start) / scale, 3) for span in spans],
                base=[round(span.start / scale, 3) for span in spans],
                y=[f"worker {span.worker + 1}" for span in spans],
                orientation="h",
                name=plain(label),
                text=[str(span.config_id) for span in spans],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": "#ffffff", "size": 11},
                customdata=[_hover(span) for span in spans],
                hovertemplate="%{customdata}<extra></extra>",
                marker={
                    "color": colour,
                    "line": {"color": "rgba(128, 134, 145, 0.5)", "width": 0.5},
                    "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": "rgba(255,255,255,0.5)"},
                },
            )
    for pause in data.pauses:
        figure.add_vline(x=pause.at / scale, line={"color": PRUNED.colour, "width": 1.5, "dash": "dot"})
    figure.update_xaxes(title_text=f"{unit} of working time", rangemode="tozero")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[f"worker {number}" for number in range(data.workers, 0, -1)],
        showline=False,
        showgrid=False,
        tickcolor="rgba(0,0,0,0)",
        ticklen=8,
    )
    return figure


def _is_plain(span: Span, stage: str) -> bool:
    return span.stage == stage and not span.control and span.state is State.COMPLETE


def _hover(span: Span) -> str:
    again = f", attempt {span.attempt}" if span.attempt > 1 else ""
    return plain(f"{span.key}{again}: {span.state}, {duration(span.end - span.start)}")


def caption(data: TimelineData) -> str:
    """How long it took, and how busy the workers were."""
    text = (
        f"{plural(len(data.spans), 'attempt')} of {plural(data.workers, 'worker')} in "
        f"{duration(data.seconds)} of working time; the workers trained for {percent(100 * data.busy, 0)} of it."
    )
    if data.pauses:
        rest = duration(sum(pause.seconds for pause in data.pauses))
        text += f" The dotted lines mark {plural(len(data.pauses), 'pause')} of {rest} in total, which are cut out."
    return text


def table(data: TimelineData) -> Table:
    """One row for each attempt, in the order in which they began."""
    rows = tuple(
        (
            span.key,
            str(span.attempt),
            str(span.worker + 1),
            duration(span.start),
            duration(span.end - span.start),
            str(span.state),
        )
        for span in data.spans
    )
    columns = ("evaluation", "attempt", "worker", "began after", "took", "state")
    return Table(columns, rows, frozenset({0, 5})).first()


FIGURE = Figure(
    "timeline",
    "fig-timeline",
    "Timeline of the workers",
    compute,
    plot,
    caption,
    table,
    min_width=560,
    on_dashboard=True,
)
