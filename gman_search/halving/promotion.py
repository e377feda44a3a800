"""What should happen next? A pure function of the evaluations and the schedule.

There is no clock, no random state and nothing remembered between calls. So a study resumes by asking again, and a
simulator can put recorded curves through the same code.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gman_search.halving.evaluations import Evaluation, State, contenders, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.rungs import Rungs
from gman_search.wording import decimals

__all__ = [
    "TIE",
    "Decision",
    "Done",
    "Promote",
    "Sample",
    "Standing",
    "Wait",
    "best_evaluation",
    "decide",
    "decide_on",
    "ranked",
    "standings",
]

TIE = 1e-4
"""Share of an error by which two evaluations of a config must differ: growth changes it by rounding alone,
training by far more."""


@dataclass(frozen=True)
class Promote:
    """Queue `config_id` at `stage`, starting from its weights at `source`."""

    config_id: int
    source: str
    stage: str


@dataclass(frozen=True)
class Sample:
    """Try a new config at the first stage."""


@dataclass(frozen=True)
class Wait:
    """Nothing to start now: evaluations that are under way may allow more."""


@dataclass(frozen=True)
class Done:
    """Every rung is full and nothing is under way."""


Decision = Promote | Sample | Wait | Done


def decide(evaluations: Iterable[Evaluation], schedule: HalvingSchedule) -> Decision:
    """The next step of the search.

    Promotions come before new configs and higher rungs before lower ones (Li et al. 2020, ASHA, Algorithm 2), but the
    number of promotions is capped by what has finished, which plain asynchronous halving is not, and the last place
    of a stage is given away when the one below is closed: the best of it goes on, whenever it came.
    """
    return decide_on(Rungs(schedule.stages, latest_attempts(evaluations)), schedule)


def is_done(evaluations: Sequence[Evaluation], schedule: HalvingSchedule) -> bool:
    """Whether all configs are sampled, no promotion is due and nothing is waiting or running.

    `evaluations` are the latest attempts, with those outside the halving.
    """
    sampled = sum(row.stage == schedule.stages[0] for row in evaluations if not row.control)
    is_closed = sampled >= schedule.trials and isinstance(decide(evaluations, schedule), Done)
    return is_closed and all(row.state.is_finished for row in evaluations)


def decide_on(rungs: Rungs, schedule: HalvingSchedule) -> Decision:
    """The same from the counts of a table."""
    for rung in reversed(range(len(schedule.reduction_factors))):
        promotion = _due_promotion(rungs, schedule, rung)
        if promotion is not None:
            return promotion
    if len(rungs[schedule.stages[0]].rows) < schedule.trials:
        return Sample()
    if not all(rung.is_idle for rung in rungs.values()):
        return Wait()
    return Done()


def _due_promotion(rungs: Rungs, schedule: HalvingSchedule, rung: int) -> Promote | None:
    stage, above = schedule.stages[rung], schedule.stages[rung + 1]
    promoted = rungs[above].rows
    places = schedule.promotable(rung, rungs[stage].finished)
    # The last place is for the best of the whole rung, which may be its last config.
    at_once = 0 if schedule.synchronous else min(places, schedule.rung_sizes()[rung + 1] - 1)
    if len(promoted) >= places or (len(promoted) >= at_once and not _is_closed(rungs, schedule, rung)):
        return None
    for _, config_id in rungs[stage].order:
        if config_id not in promoted:
            return Promote(config_id=config_id, source=stage, stage=above)
    return None


def _is_closed(rungs: Rungs, schedule: HalvingSchedule, rung: int) -> bool:
    """True when no further evaluation can join or finish in this rung."""
    if rung > 0 and not _is_closed(rungs, schedule, rung - 1):
        return False
    here = rungs[schedule.stages[rung]]
    if not here.is_idle:
        return False
    if rung == 0:
        return len(here.rows) >= schedule.trials
    # Closed below and no promotion into this rung is due.
    return bool(here.rows) and _due_promotion(rungs, schedule, rung - 1) is None


def ranked(rows: Iterable[Evaluation]) -> list[Evaluation]:
    """Complete evaluations with a usable validation MAE, best first; ties go to the older config."""
    complete = [row for row in rows if row.state is State.COMPLETE and math.isfinite(_error(row))]
    return sorted(complete, key=lambda row: (row.val_mae, row.config_id))


def _error(row: Evaluation) -> float:
    return math.nan if row.val_mae is None else row.val_mae


def best_evaluation(evaluations: Iterable[Evaluation], schedule: HalvingSchedule) -> Evaluation | None:
    """The winner so far: the complete evaluation of the lowest validation MAE, at any stage.

    A grown model that learned nothing ends as it began, with the error of its parent but for rounding. Then the
    parent wins: the same forecasts at less cost (a tie within `TIE`, among evaluations of one config only).
    """
    order = ranked(contenders(evaluations))
    if not order:
        return None
    config, least = order[0].config_id, _error(order[0])
    as_good = [row for row in order if row.config_id == config and _error(row) <= least + TIE * abs(least)]
    return min(as_good, key=lambda row: (schedule.stages.index(row.stage), row.control))


@dataclass(frozen=True)
class Standing:
    """Why a config went on or stopped: its rank among the complete evaluations of a stage and the cut line.

    `gap` is the distance in validation MAE to the last promoted config (negative: better than it), None when no config
    has been promoted from this stage.
    """

    config_id: int
    stage: str
    rank: int | None
    of: int
    promoted: bool
    gap: float | None
    reason: str


def standings(evaluations: Iterable[Evaluation], schedule: HalvingSchedule) -> list[Standing]:
    """One line per evaluation of every stage, in schedule order and by rank."""
    rows = latest_attempts(evaluations)
    result = []
    for rung, stage in enumerate(schedule.stages):
        here = [row for row in rows if row.stage == stage]
        above = schedule.stages[rung + 1] if rung + 1 < len(schedule.stages) else None
        promoted = {row.config_id for row in rows if row.stage == above}
        order = ranked(here)
        kept = [row.val_mae for row in order if row.config_id in promoted and row.val_mae is not None]
        cut = max(kept) if kept else None
        for position, row in enumerate(order, start=1):
            gap = None if cut is None or row.val_mae is None else row.val_mae - cut
            result.append(
                Standing(
                    config_id=row.config_id,
                    stage=stage,
                    rank=position,
                    of=len(order),
                    promoted=row.config_id in promoted,
                    gap=gap,
                    reason=_reason(row, position, len(order), promoted, gap, above),
                )
            )
        for row in here:
            if row not in order:
                text = row.reason or f"is {row.state}"
                result.append(Standing(row.config_id, stage, None, len(order), False, None, text))
    return result


def _reason(
    row: Evaluation, rank: int, of: int, promoted: Collection[int], gap: float | None, above: str | None
) -> str:
    kept, digits = len(promoted), decimals(row.val_mae)
    if above is None:
        return "best of the last stage" if rank == 1 else f"rank {rank} of {of} at the last stage"
    if row.config_id in promoted:
        return f"promoted to {above}: rank {rank} of {of}"
    if gap is None:
        return f"rank {rank} of {of}; nobody has been promoted to {above} yet"
    if gap < 0:
        worse = f"by {-gap:.{digits}f} worse at most"
        return f"stopped: rank {rank} of {of}, but {kept} had gone on to {above} before, {worse}"
    return f"stopped: rank {rank} of {of}, {kept} went on to {above}, {gap:+.{digits}f} from the last of them"
