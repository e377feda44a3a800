"""How many configs each stage took, and what became of them."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.halving.evaluations import CONTENDERS, State, counted_once
from gman_search.halving.promotion import ranked
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import count, duration, percent, plural
from gman_search.report.style import BY_RUNG, FAILED, PRUNED, RUNNING, new_figure, plain
from gman_search.report.view import ROLE_NAMES, StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = [
    "FIGURE",
    "OutsideCount",
    "PromotionsData",
    "StageCount",
    "caption",
    "compute",
    "plot",
    "promotions",
    "table",
]


@dataclass(frozen=True)
class StageCount:
    """What became of the configs of one stage; epochs and wall-clock seconds include repeated attempts.

    `stopped` are complete evaluations that did not go on, `unfinished` those that wait or run.
    """

    stage: str
    evaluations: int
    promoted: int
    stopped: int
    pruned: int
    failed: int
    unfinished: int
    attempts: int
    epochs: int
    seconds: float


@dataclass(frozen=True)
class OutsideCount:
    """What became of the evaluations of one role, "reference" or "final"; `best` is a validation MAE."""

    role: str
    evaluations: int
    complete: int
    pruned: int
    failed: int
    unfinished: int
    attempts: int
    epochs: int
    seconds: float
    best: float | None


@dataclass(frozen=True)
class PromotionsData:
    """All stages, and what was trained outside of them: the reference and final trainings."""

    stages: tuple[StageCount, ...]
    reduction_factors: tuple[int, ...]
    synchronous: bool
    outside: tuple[OutsideCount, ...] = ()


def compute(view: StudyView) -> PromotionsData | None:
    """The counts; None while the study has no evaluation."""
    return view.of(promotions) if view.latest else None


def promotions(view: StudyView) -> PromotionsData:
    """Count the evaluations of each stage by what became of them."""
    counts = []
    for stage in view.stages:
        here, promoted = view.rows_at(stage), view.promoted_from(stage)
        states = Counter(row.state for row in here)
        gone_on = sum(row.config_id in promoted for row in here)
        attempts = [row for row in view.record.evaluations if row.stage == stage and row.control not in CONTENDERS]
        counts.append(
            StageCount(
                stage=stage,
                evaluations=len(here),
                promoted=gone_on,
                stopped=max(0, states[State.COMPLETE] - gone_on),
                pruned=states[State.PRUNED],
                failed=states[State.FAILED],
                unfinished=states[State.WAITING] + states[State.RUNNING],
                attempts=len(attempts),
                epochs=sum(row.epochs for row in counted_once(attempts)),
                seconds=sum(row.seconds for row in counted_once(attempts)),
            )
        )
    return PromotionsData(
        tuple(counts), view.record.schedule.reduction_factors, view.record.schedule.synchronous, _outside_counts(view)
    )


def _outside_counts(view: StudyView) -> tuple[OutsideCount, ...]:
    """One count for each role that the study has."""
    found = []
    for role in CONTENDERS:
        rows = [row for row in view.outside if row.control == role]
        attempts = [row for row in view.record.evaluations if row.control == role]
        order = ranked(rows)
        if rows:
            found.append(
                OutsideCount(
                    role=role,
                    evaluations=len(rows),
                    complete=sum(row.state is State.COMPLETE for row in rows),
                    pruned=sum(row.state is State.PRUNED for row in rows),
                    failed=sum(row.state is State.FAILED for row in rows),
                    unfinished=sum(not row.state.is_finished for row in rows),
                    attempts=len(attempts),
                    epochs=sum(row.epochs for row in counted_once(attempts)),
                    seconds=sum(row.seconds for row in counted_once(attempts)),
                    best=order[0].val_mae if order else None,
                )
            )
    return tuple(found)


def plot(data: PromotionsData) -> "go.Figure":
    """One bar for each stage, split by what became of its evaluations."""
    parts = (
        ("promoted", [row.promoted for row in data.stages], BY_RUNG[2].colour, ""),
        ("complete, not promoted", [row.stopped for row in data.stages], BY_RUNG[0].colour, ""),
        ("stopped early", [row.pruned for row in data.stages], PRUNED.colour, "/"),
        ("failed", [row.failed for row in data.stages], FAILED.colour, "x"),
        ("running or waiting", [row.unfinished for row in data.stages], RUNNING.colour, "."),
    )
    names = [plain(f"{row.stage} ({duration(row.seconds)})") for row in data.stages]
    figure = new_figure(110 + 52 * len(names), barmode="stack", bargap=0.42)
    hatch = {"fillmode": "overlay", "fgcolor": "rgba(255, 255, 255, 0.5)", "solidity": 0.25}
    for label, counts, colour, pattern in parts:
        if any(counts):
            figure.add_bar(
                y=names,
                x=counts,
                name=label,
                orientation="h",
                marker={"color": colour, "pattern": {**hatch, "shape": pattern}},
                text=[str(number) if number else "" for number in counts],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": "#16181c" if colour == BY_RUNG[0].colour else "#ffffff"},
                hovertemplate="%{y}: %{x} " + label + "<extra></extra>",
            )
    figure.update_layout(legend={"traceorder": "normal"})
    figure.update_xaxes(title_text="configs", rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showline=False, tickcolor="rgba(0,0,0,0)", ticklen=8, showgrid=False)
    return figure


def caption(data: PromotionsData) -> str:
    """How many configs were promoted from each stage."""
    parts = [
        f"{row.promoted} of {plural(row.evaluations, 'config')} were promoted from {row.stage} to {above.stage}"
        for row, above in zip(data.stages, data.stages[1:], strict=False)
    ]
    at_once = "as soon as there was room, and to the last place once the stage was complete"
    when = "once a stage was complete" if data.synchronous else at_once
    names = (row.stage for row in data.stages)
    factors = " and ".join(
        f"1 in {factor} of {name}" for factor, name in zip(data.reduction_factors, names, strict=False)
    )
    rule = f" The best {factors} were promoted {when}." if factors else ""
    total = sum(row.seconds for row in data.stages) + sum(row.seconds for row in data.outside)
    if total and len(data.stages) + len(data.outside) > 1:
        shares = [f"{row.stage} {percent(100 * row.seconds / total, 0)}" for row in data.stages]
        shares += [f"{ROLE_NAMES[row.role]} {percent(100 * row.seconds / total, 0)}" for row in data.outside]
        rule += f" Of the training time, {', '.join(shares)}."
    return (f"{'; '.join(parts)}." if parts else "There is one stage, so no config is promoted.") + rule


def table(data: PromotionsData) -> Table:
    """One row for each stage."""
    columns = (
        "stage",
        "evaluations",
        "promoted",
        "complete, not promoted",
        "stopped early",
        "failed",
        "running or waiting",
        "epochs",
        "training time",
    )
    rows = tuple(
        (
            row.stage,
            count(row.evaluations),
            count(row.promoted),
            count(row.stopped),
            count(row.pruned),
            count(row.failed),
            count(row.unfinished),
            count(row.epochs),
            duration(row.seconds),
        )
        for row in data.stages
    )
    outside = tuple(
        (
            ROLE_NAMES[row.role],
            count(row.evaluations),
            "–",
            count(row.complete),
            count(row.pruned),
            count(row.failed),
            count(row.unfinished),
            count(row.epochs),
            duration(row.seconds),
        )
        for row in data.outside
    )
    note = (
        "The reference and final trainings are outside the stages: they take no place and have no rank."
        if outside
        else ""
    )
    return Table(columns, rows + outside, note=note)


FIGURE = Figure("promotions", "fig-funnel", "Configs at each stage", compute, plot, caption, table, on_dashboard=True)
