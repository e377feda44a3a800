"""The live view of a running study: one table of at most 80 columns, drawn from the evaluations."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gman_search.cli.output import duration, number
from gman_search.halving.decide import ranked
from gman_search.halving.finals import FINAL, REFERENCE, FinalsPlan
from gman_search.halving.ladder import Ladder
from gman_search.halving.plan import wall_seconds
from gman_search.halving.table import CONTENDERS, Evaluation, State, contenders, counted_once, latest_attempts
from gman_search.search.studies import SearchStudies

__all__ = [
    "LiveView",
    "StageStatus",
    "outside_seconds",
    "outside_statuses",
    "remaining_seconds",
    "stage_statuses",
    "status_table",
]

REFRESH_SECONDS = 2.0


@dataclass(frozen=True)
class StageStatus:
    """Counts of one stage, or of one role outside the ladder.

    `seconds` and `epochs` are spent so far, `best` is in the data's unit.

    `epoch_budget` is what the whole quota takes at most, none where the stage's epochs are not known.
    """

    name: str
    quota: int
    waiting: int
    running: int
    complete: int
    pruned: int
    failed: int
    promoted: int
    epochs: int
    seconds: float
    best: float | None
    epoch_budget: int | None = None

    @property
    def finished(self) -> int:
        """Evaluations that have ended, however."""
        return self.complete + self.pruned + self.failed


def stage_statuses(
    evaluations: Sequence[Evaluation], ladder: Ladder, max_epochs: Mapping[str, int] | None = None
) -> list[StageStatus]:
    """One row a stage; `max_epochs` of one evaluation by stage."""
    rows = latest_attempts(evaluations)
    statuses = []
    for index, (stage, quota) in enumerate(zip(ladder.stages, ladder.quotas(), strict=True)):
        here = [row for row in rows if row.stage == stage]
        above = ladder.stages[index + 1] if index + 1 < len(ladder.stages) else None
        order = ranked(here)
        every_attempt = counted_once(row for row in evaluations if row.stage == stage and row.control not in CONTENDERS)
        counts = {state: sum(row.state is state for row in here) for state in State}
        statuses.append(
            StageStatus(
                name=stage,
                quota=quota,
                waiting=counts[State.WAITING],
                running=counts[State.RUNNING],
                complete=counts[State.COMPLETE],
                pruned=counts[State.PRUNED],
                failed=counts[State.FAILED],
                promoted=sum(row.stage == above for row in rows),
                epochs=sum(row.epochs for row in every_attempt),
                seconds=sum(row.seconds for row in every_attempt),
                best=order[0].val_mae if order else None,
                epoch_budget=quota * max_epochs[stage] if max_epochs and stage in max_epochs else None,
            )
        )
    return statuses


def outside_statuses(evaluations: Sequence[Evaluation]) -> list[StageStatus]:
    """One row for the reference and one for final trainings, where the study has them: they take no quota."""
    statuses = []
    for role in CONTENDERS:
        here = [row for row in contenders(evaluations) if row.control == role]
        order, every_attempt = ranked(here), counted_once(row for row in evaluations if row.control == role)
        counts = {state: sum(row.state is state for row in here) for state in State}
        if here:
            statuses.append(
                StageStatus(
                    name=role,
                    quota=len(here),
                    waiting=counts[State.WAITING],
                    running=counts[State.RUNNING],
                    complete=counts[State.COMPLETE],
                    pruned=counts[State.PRUNED],
                    failed=counts[State.FAILED],
                    promoted=0,
                    epochs=sum(row.epochs for row in every_attempt),
                    seconds=sum(row.seconds for row in every_attempt),
                    best=order[0].val_mae if order else None,
                )
            )
    return statuses


def remaining_seconds(
    statuses: Sequence[StageStatus], workers: int, relative_costs: Sequence[float] | None = None
) -> float | None:
    """Estimated time to the end from measured evaluations; stages not yet measured scale by estimated cost.

    None before the first evaluation has finished.
    """
    measured = [status.seconds / status.finished if status.finished else None for status in statuses]
    if measured[0] is None:
        return None
    work, chain, last, last_cost = 0.0, 0.0, measured[0], relative_costs[0] if relative_costs else 1.0
    for index, status in enumerate(statuses):
        cost = relative_costs[index] if relative_costs else 1.0
        each = measured[index]
        each = last * cost / last_cost if each is None else each
        last, last_cost = each, cost
        left = max(0, status.quota - status.finished)
        work += left * each
        chain += each if left else 0.0
    return wall_seconds(work, chain, workers)


def outside_seconds(plan: FinalsPlan | None, outside: Sequence[StageStatus]) -> float:
    """Planned worker seconds of the reference and the final trainings that are still to come."""
    if plan is None:
        return 0.0
    done = {row.name: row for row in outside}
    reference, final = done.get(REFERENCE), done.get(FINAL)
    left = 0.0 if reference is not None and reference.finished else plan.reference_seconds
    return left + plan.final_seconds * max(0, plan.count - (final.finished if final is not None else 0))


def status_table(statuses: Sequence[StageStatus], unit: str, outside: Sequence[StageStatus] = ()) -> Table:
    """The table of stages and of what is outside the ladder; columns of which all counts are zero are left out."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    heads = {"waiting": "wait", "running": "run", "pruned": "pruned", "failed": "failed"}
    shown = [name for name in heads if any(getattr(row, name) for row in (*statuses, *outside))]
    for name in ("stage", *(heads[name] for name in shown), "done", "promoted", f"best {unit}", "epochs", "time"):
        table.add_column(name, justify="left" if name == "stage" else "right", no_wrap=True)
    for row in (*statuses, *outside):
        table.add_row(
            row.name,
            *(str(getattr(row, name)) for name in shown),
            f"{row.complete}/{row.quota}",
            str(row.promoted) if row in statuses[:-1] else "",
            number(row.best),
            str(row.epochs) if row.epoch_budget is None else f"{row.epochs}/{row.epoch_budget}",
            duration(row.seconds),
        )
    return table


class LiveView:
    """Redraws in place on a terminal; elsewhere prints one line whenever an evaluation has finished.

    Args:
        unit: of the readings.
        workers: that share the work.
        relative_costs: tells the estimated cost of one evaluation at each stage, once that is known.
        quiet: draw and print nothing.
    """

    def __init__(
        self, unit: str, workers: int, relative_costs: Callable[[], Sequence[float] | None], *, quiet: bool = False
    ) -> None:
        self.unit, self.workers, self.relative_costs, self.quiet = unit, workers, relative_costs, quiet
        self.console = Console(file=sys.stderr, width=None if sys.stderr.isatty() else 80)
        self._began = time.monotonic()
        self._drawn = -REFRESH_SECONDS
        self._told = -1
        self._live = Live(console=self.console, auto_refresh=False) if self.console.is_terminal and not quiet else None

    def __enter__(self) -> "LiveView":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, studies: SearchStudies) -> None:
        """Draw the present state, at most every two seconds."""
        if self.quiet or time.monotonic() - self._drawn < REFRESH_SECONDS:
            return
        self._drawn = time.monotonic()
        evaluations = studies.evaluations()
        epochs = {stage.name: stage.max_epochs for stage in studies.spec.stage_list()}
        statuses, outside = stage_statuses(evaluations, studies.ladder, epochs), outside_statuses(evaluations)
        left = remaining_seconds(statuses, self.workers, self.relative_costs())
        if left is not None:
            left += outside_seconds(studies.finals, outside) / self.workers
        elapsed = duration(time.monotonic() - self._began)
        ending = f"{elapsed} so far" + (f", about {duration(left)} to go" if left is not None else "")
        if self._live is not None:
            said = Text("\n".join((ending, _now_against_best(evaluations, self.unit))))
            self._live.update(Group(status_table(statuses, self.unit, outside), said), refresh=True)
            return
        finished = sum(status.finished for status in (*statuses, *outside))
        if finished != self._told:
            self._told = finished
            counts = "  ".join(
                f"{row.name} {row.finished}/{row.quota} best {number(row.best)}" for row in (*statuses, *outside)
            )
            self.console.print(f"{counts}  {ending}", highlight=False, soft_wrap=True)


def _now_against_best(evaluations: Sequence[Evaluation], unit: str) -> str:
    finished = [row for row in evaluations if row.state is State.COMPLETE]
    running = [row for row in evaluations if row.state is State.RUNNING and row.val_mae is not None]
    if not finished or not running:
        return ""
    row = running[-1]
    same = [other.val_mae for other in ranked(finished) if other.stage == row.stage and other.val_mae is not None]
    best = f"best so far {min(same):.3f}" if same else "the first of its stage"
    return f"{row.key}: {number(row.val_mae)} {unit} after {row.epochs} epochs, {best}"
