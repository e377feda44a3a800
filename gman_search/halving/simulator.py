"""A simulated search: the decisions of real searches with any number of workers, and no training.

Time is an event queue, results come from a function. So the questions "what would 100 workers gain?" and "what does
asynchronous promotion waste?" are answered in seconds, by the code that decides real searches.
"""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Promote, Sample, best_evaluation, decide_on
from gman_search.halving.rungs import Rungs

__all__ = ["Objective", "SimulationResult", "simulate"]

Objective = Callable[[int, str], tuple[float | None, float]]
"""(config, stage) -> validation MAE (None: the evaluation fails) and seconds of training."""


@dataclass(frozen=True)
class SimulationResult:
    """How a simulated search went.

    `utilisation` is the share of all workers' time until the end that was spent on training. `promoted` counts
    promotions out of each stage but the last, `mistaken` those among them that the closed rung would not have made:
    configs outside its best. `seconds_to_best` is when the winner's value was known.
    """

    workers: int
    seconds: float
    utilisation: float
    evaluations: dict[str, int]
    promoted: dict[str, int]
    mistaken: dict[str, int]
    winner: int | None
    best: float | None
    seconds_to_best: float | None

    @property
    def over_promotion(self) -> float:
        """Share of the promotions that were mistaken."""
        return sum(self.mistaken.values()) / max(1, sum(self.promoted.values()))


def simulate(
    schedule: HalvingSchedule, objective: Objective, *, workers: int, claim_seconds: float = 0.0
) -> SimulationResult:
    """Run a search to its end.

    Args:
        schedule: stages, rung sizes, rule of promotion.
        objective: what each evaluation would give and take.
        workers: how many evaluate at once.
        claim_seconds: how long a claim holds the study's lock; claims exclude each other.
    """
    rungs = Rungs(schedule.stages)
    waiting: dict[str, deque[int]] = {stage: deque() for stage in reversed(schedule.stages)}
    under_way: list[tuple[float, int, Evaluation]] = []  # when it ends, order of starting, how it ends
    ended: dict[str, float] = {}
    now = lock_free = busy = 0.0
    started = 0

    def start(config_id: int, stage: str) -> None:
        nonlocal lock_free, busy, started
        lock_free = max(lock_free, now) + claim_seconds
        value, seconds = objective(config_id, stage)
        busy += seconds
        rungs.put(Evaluation(config_id, stage, state=State.RUNNING))
        state = State.FAILED if value is None else State.COMPLETE
        ending = Evaluation(config_id, stage, state=state, val_mae=value, seconds=seconds)
        heapq.heappush(under_way, (lock_free + seconds, started, ending))
        started += 1

    while True:
        decision = decide_on(rungs, schedule)
        if isinstance(decision, Promote):
            rungs.put(Evaluation(decision.config_id, decision.stage))
            waiting[decision.stage].append(decision.config_id)
            continue
        queued = next((stage for stage, configs in waiting.items() if configs), None)
        if len(under_way) < workers and queued is not None:
            start(waiting[queued].popleft(), queued)
        elif len(under_way) < workers and isinstance(decision, Sample):
            start(len(rungs[schedule.stages[0]].rows), schedule.stages[0])
        elif under_way:
            now, _, row = heapq.heappop(under_way)
            ended[row.key] = now
            rungs.put(row)
        else:
            return _result(schedule, rungs, ended, workers=workers, seconds=now, busy=busy)


def _result(
    schedule: HalvingSchedule, rungs: Rungs, ended: dict[str, float], *, workers: int, seconds: float, busy: float
) -> SimulationResult:
    best = best_evaluation((row for rung in rungs.values() for row in rung.rows.values()), schedule)
    promoted, mistaken = {}, {}
    for rung, stage in enumerate(schedule.stages[:-1]):
        gone = set(rungs[schedule.stages[rung + 1]].rows)
        top = {config_id for _, config_id in rungs[stage].order[: schedule.promotable(rung, rungs[stage].finished)]}
        promoted[stage], mistaken[stage] = len(gone), len(gone - top)
    return SimulationResult(
        workers=workers,
        seconds=seconds,
        utilisation=busy / (workers * seconds) if seconds else 1.0,
        evaluations={stage: len(rung.rows) for stage, rung in rungs.items()},
        promoted=promoted,
        mistaken=mistaken,
        winner=None if best is None else best.config_id,
        best=None if best is None else best.val_mae,
        seconds_to_best=None if best is None else ended[best.key],
    )
