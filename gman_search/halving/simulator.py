"""A simulated search: the decisions of real searches with any number of workers, and no training.

Time is an event queue, results come from a function. So the questions "what would 100 workers gain?" and "what does
asynchronous promotion waste?" are answered in seconds, by the code that decides real searches.
"""

import heapq
import math
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

    `utilisation` is the share of all workers' time until the end that was spent on training, `while_there` the same
    where a worker that has had nothing to do for `leave_seconds` leaves, and another comes when there is something.
    `promoted` counts promotions out of each stage but the last, `mistaken` those among them that the closed rung would
    not have made: configs outside its best. `seconds_to_best` is when the winner's value was known.
    """

    workers: int
    seconds: float
    utilisation: float
    while_there: float
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


class _Crew:
    """When each idle worker began to be idle, and how long workers were there in all."""

    def __init__(self, workers: int, leave_seconds: float) -> None:
        self._idle_since = [0.0] * workers
        self._leave, self.there = leave_seconds, 0.0

    def begins(self, now: float, seconds: float) -> None:
        """A worker begins something that takes `seconds`; who has been idle for the shortest time does."""
        self.there += min(self._leave, now - self._idle_since.pop()) + seconds

    def ends(self, now: float) -> None:
        """A worker ends what it did."""
        self._idle_since.append(now)

    def total(self, now: float) -> float:
        """Seconds that workers have been there until `now`."""
        return self.there + sum(min(self._leave, now - since) for since in self._idle_since)


def simulate(
    schedule: HalvingSchedule,
    objective: Objective,
    *,
    workers: int,
    claim_seconds: float = 0.0,
    ahead: int = 0,
    leave_seconds: float = math.inf,
) -> SimulationResult:
    """Run a search to its end.

    Args:
        schedule: stages, rung sizes, rule of promotion.
        objective: what each evaluation would give and take.
        workers: how many evaluate at once.
        claim_seconds: how long a claim holds the study's lock. Who finds it held takes what is queued without it, or
            waits for it.
        ahead: new configs that who waited for the lock queues for others.
        leave_seconds: after which an idle worker leaves.
    """
    crew = _Crew(workers, leave_seconds)
    rungs = Rungs(schedule.stages)
    waiting: dict[str, deque[tuple[int, float]]] = {stage: deque() for stage in reversed(schedule.stages)}
    under_way: list[tuple[float, int, Evaluation]] = []  # when it ends, order of starting, how it ends
    ended: dict[str, float] = {}
    now = lock_free = busy = 0.0
    started = 0

    def start(config_id: int, stage: str, queued_at: float | None = None) -> None:
        nonlocal lock_free, busy, started
        begins = now + claim_seconds
        if lock_free <= now:
            lock_free = begins
        elif queued_at is not None:
            begins = max(now, queued_at) + claim_seconds
        else:
            begins = lock_free = lock_free + claim_seconds
            queue_ahead(config_id + 1)
        value, seconds = objective(config_id, stage)
        busy += seconds
        crew.begins(now, begins - now + seconds)
        rungs.put(Evaluation(config_id, stage, state=State.RUNNING))
        state = State.FAILED if value is None else State.COMPLETE
        ending = Evaluation(config_id, stage, state=state, val_mae=value, seconds=seconds)
        heapq.heappush(under_way, (begins + seconds, started, ending))
        started += 1

    def queue_ahead(first: int) -> None:
        for config_id in range(first, min(first + ahead, schedule.trials)):
            rungs.put(Evaluation(config_id, schedule.stages[0]))
            waiting[schedule.stages[0]].append((config_id, lock_free))

    while True:
        decision = decide_on(rungs, schedule)
        if isinstance(decision, Promote):
            rungs.put(Evaluation(decision.config_id, decision.stage))
            waiting[decision.stage].append((decision.config_id, now))
            continue
        queued = next((stage for stage, configs in waiting.items() if configs), None)
        if len(under_way) < workers and queued is not None:
            config_id, queued_at = waiting[queued].popleft()
            start(config_id, queued, queued_at)
        elif len(under_way) < workers and isinstance(decision, Sample):
            start(len(rungs[schedule.stages[0]].rows), schedule.stages[0])
        elif under_way:
            now, _, row = heapq.heappop(under_way)
            crew.ends(now)
            ended[row.key] = now
            rungs.put(row)
        else:
            return _result(schedule, rungs, ended, workers=workers, seconds=now, busy=busy, there=crew.total(now))


def _result(
    schedule: HalvingSchedule,
    rungs: Rungs,
    ended: dict[str, float],
    *,
    workers: int,
    seconds: float,
    busy: float,
    there: float,
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
        while_there=busy / there if there else 1.0,
        evaluations={stage: len(rung.rows) for stage, rung in rungs.items()},
        promoted=promoted,
        mistaken=mistaken,
        winner=None if best is None else best.config_id,
        best=None if best is None else best.val_mae,
        seconds_to_best=None if best is None else ended[best.key],
    )
