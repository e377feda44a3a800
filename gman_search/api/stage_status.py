"""How far each stage of a search is, counted from its evaluations, and the time to the end (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gman_search.halving.evaluations import CONTENDERS, Evaluation, State, contenders, counted_once, latest_attempts
from gman_search.halving.finals import FINAL, REFERENCE, FinalsPlan
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.plan import wall_seconds
from gman_search.halving.promotion import ranked

__all__ = ["StageStatus", "outside_seconds", "outside_statuses", "remaining_seconds", "stage_statuses"]


@dataclass(frozen=True)
class StageStatus:
    """Counts of one stage, or of one role outside the halving.

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
    evaluations: Sequence[Evaluation], schedule: HalvingSchedule, max_epochs: Mapping[str, int] | None = None
) -> list[StageStatus]:
    """One row a stage; `max_epochs` of one evaluation by stage."""
    rows = latest_attempts(evaluations)
    statuses = []
    for index, (stage, quota) in enumerate(zip(schedule.stages, schedule.rung_sizes(), strict=True)):
        here = [row for row in rows if row.stage == stage]
        above = schedule.stages[index + 1] if index + 1 < len(schedule.stages) else None
        order = ranked(here)
        every_attempt = counted_once(row for row in evaluations if row.stage == stage and row.control not in CONTENDERS)
        counts = {state: sum(row.state is state for row in here) for state in State}
        statuses.append(
            StageStatus(
                name=stage,
                quota=max(quota, len(here)),  # more than were planned are tried where time is left
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
