"""Which evaluations are trained on to their end when the halving is done, or its time is over (pure)."""

from collections.abc import Collection, Iterable

from gman_search.halving.evaluations import Evaluation, State, latest_attempts
from gman_search.halving.finals import FINAL
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Done, Wait, decide, ranked

__all__ = ["another_config_fits", "best_of_configs", "finals_due", "further_final"]

EARLY_STOP = "early stop"
AT_MOST_TIMES = 2
"""So many times the configs that were planned are tried at most, where time is left."""
SLACK = 1.25
"""A config may take so much longer than the others did."""


def finals_due(
    evaluations: Iterable[Evaluation],
    schedule: HalvingSchedule,
    count: int,
    *,
    closing: bool = False,
    stages: Collection[str] | None = None,
) -> list[Evaluation]:
    """The evaluations to train on: the best of each of the best `count` configs, as far as they were not yet.

    One that ended by early stopping is at its end already. While evaluations of the last stage are still under way,
    those that will be among the best however these end; before that none. `closing`: the time of the halving is
    over, and what is best now is trained on. No more than `count` are under way at a time. `stages`: the
    evaluations of these stages only; None: of all. A config that was trained on at some stage is due again at a larger
    one only: with less time left a smaller one may be its best among `stages`.
    """
    rows = list(evaluations)
    if count == 0 or not (closing or isinstance(decide(rows, schedule), Done)):
        return _due_early(rows, schedule, count)
    return _due(rows, schedule, count, stages)


def _due_early(rows: list[Evaluation], schedule: HalvingSchedule, count: int) -> list[Evaluation]:
    """What is due while the last stage is under way: an idle worker need not wait for its end."""
    open_rows = [row for row in latest_attempts(rows) if not row.state.is_finished]
    is_last = all(row.stage == schedule.stages[-1] for row in open_rows)
    if not is_last or not isinstance(decide(rows, schedule), Wait):
        return []
    under_way = {row.config_id for row in open_rows}
    others = [row for row in rows if row.config_id not in under_way]
    return _due(others, schedule, max(0, count - len(under_way)))


def _due(
    rows: list[Evaluation], schedule: HalvingSchedule, count: int, stages: Collection[str] | None = None
) -> list[Evaluation]:
    finals = [row for row in rows if row.control == FINAL]
    order, trained = schedule.stages.index, dict[int, int]()
    for row in finals:
        trained[row.config_id] = max(order(row.stage), trained.get(row.config_id, 0))
    due = [
        row
        for row in best_of_configs(row for row in rows if stages is None or row.stage in stages)[:count]
        if order(row.stage) > trained.get(row.config_id, -1) and not row.reason.startswith(EARLY_STOP)
    ]
    under_way = {row.key for row in finals} - {row.key for row in finals if row.state.is_finished}
    return due[: max(0, count - len(under_way))]


def further_final(
    evaluations: Iterable[Evaluation], schedule: HalvingSchedule, stages: Collection[str] | None = None
) -> Evaluation | None:
    """The best evaluation that nothing was trained on from yet; None while a final training waits for its worker.

    Final trainings that stop early leave time over, and the next config uses it better than an idle worker.
    """
    rows = list(evaluations)
    if any(row.control == FINAL and row.state is State.WAITING for row in rows):
        return None
    due = _due(rows, schedule, len(rows), stages)
    return due[0] if due else None


def another_config_fits(
    evaluations: Iterable[Evaluation], schedule: HalvingSchedule, seconds: float, final_seconds: float
) -> bool:
    """Whether a worker with nothing to do, and so many `seconds`, had better try a config more than were planned.

    It must have time for the first stage, as long as that took others, and for a final training of `final_seconds`.
    """
    rows = [row for row in latest_attempts(evaluations) if row.stage == schedule.stages[0]]
    took = [row.seconds for row in rows if row.state is State.COMPLETE and row.seconds]
    if not schedule.trials <= len(rows) < AT_MOST_TIMES * schedule.trials or not took:
        return False
    return SLACK * sum(took) / len(took) + final_seconds <= seconds


def best_of_configs(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """The best evaluation of each config in the halving, best first."""
    best: dict[int, Evaluation] = {}
    for row in ranked(latest_attempts(evaluations)):
        best.setdefault(row.config_id, row)
    return list(best.values())
