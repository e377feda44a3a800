"""How many workers a run needs: those that left because there was nothing to take come back when there is something."""

import time
from typing import Protocol

from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.promotion import Done, Sample, is_done
from gman_search.tuning.process import index_of
from gman_search.tuning.reconcile import reconcile
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import retry_on_outage

__all__ = ["Staffing", "WorkerPool", "claimable", "has_work"]

LOOK_SECONDS = 5.0


class WorkerPool(Protocol):
    """Workers of a run, wherever they are. Each has an index from 0."""

    restarts: int

    def alive(self) -> bool:
        """Whether any worker is running, waits for its place or is idle; replaces those that died, within limits."""
        ...

    def working(self) -> set[int]:
        """Workers that are running or wait for their place."""
        ...

    def idle(self) -> set[int]:
        """Workers that left because there was nothing to take."""
        ...

    def wake(self, count: int) -> None:
        """Start so many of the idle ones again."""
        ...

    def crashed(self) -> int:
        """Workers that ended badly and were not replaced."""
        ...

    def failure(self) -> str:
        """Why a worker ended badly, if the pool knows."""
        ...

    def leave(self, seconds: float) -> None:
        """Ask all workers to leave at their next epoch; end the rest after `seconds`."""
        ...


def has_work(study: SearchStudy) -> bool:
    """Whether anything is still to be sampled, promoted, tried again or finished."""
    with study.store.lock():
        reconcile(study)
        rows = latest_attempts(study.evaluations(), controls=True)
    return not is_done(rows, study.schedule)


def claimable(study: SearchStudy) -> int | None:
    """Evaluations that workers could take now: those that wait, and configs that are not sampled yet.

    None where nothing will come any more: the search is done, or its time is over and all that had begun has ended.
    """
    with study.store.lock():
        decision, table, _ = reconcile(study)
        waiting = len(table.open(State.WAITING))
        sampled = len(table.rungs[study.schedule.stages[0]].rows)
    if isinstance(decision, Done):
        return None
    return waiting + (max(1, study.schedule.trials - sampled) if isinstance(decision, Sample) else 0)


class Staffing:
    """Wakes idle workers of a pool when there is more to take than the others have hands for."""

    def __init__(self, study: SearchStudy, pool: WorkerPool) -> None:
        self._study, self._pool = study, pool
        self._looked = -LOOK_SECONDS

    def look(self) -> bool:
        """Whether anybody works or is still needed. To be asked often; it looks every few seconds."""
        if not self._pool.idle():
            return True
        working = self._pool.working()
        if working and time.monotonic() - self._looked < LOOK_SECONDS:
            return True
        self._looked = time.monotonic()
        found = retry_on_outage(lambda: claimable(self._study))
        if found is None:
            return bool(working)
        # Where there is nothing, what is left may be another machine's, or wait for the lease of a lost worker.
        missing = found - retry_on_outage(lambda: self._free(working)) if found else 0
        if missing > 0:
            self._pool.wake(missing)
        return True

    def _free(self, working: set[int]) -> int:
        """Workers without an evaluation: they look for one, or wait for a place on the cluster."""
        busy = {index_of(worker) for worker in self._study.store.live_leases().values()}
        return len(working - busy)
