"""Workers that leave when there is nothing to take, and come back when there is."""

import multiprocessing
import signal
import sys
import threading
import time

import pytest

from gman_search.backends.local import IDLE, LocalWorkers
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.tuning import staffing as module
from gman_search.tuning import supervise
from gman_search.tuning.claim import Claim, claim_next
from gman_search.tuning.process import Idleness, index_of, worker_name
from gman_search.tuning.staffing import Staffing, claimable, has_work
from gman_search.tuning.stored_study import Clock
from gman_search.tuning.worker import run_worker

CONTEXT = multiprocessing.get_context("fork")  # nothing here loads TensorFlow; spawn could not import this module


class Pool:
    """Workers that only exist as numbers."""

    restarts = 0

    def __init__(self, working, idle):
        self._working, self._idle, self.woken = set(working), set(idle), []

    def working(self):
        return set(self._working)

    def idle(self):
        return set(self._idle)

    def wake(self, count):
        self.woken.append(count)
        for index in sorted(self._idle)[:count]:
            self._idle.remove(index)
            self._working.add(index)


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)


def claimed(studies, index: int) -> Claim:
    claim = claim_next(studies, f"host-1-{index}")
    assert isinstance(claim, Claim)
    return claim


def complete(studies, claim: Claim, value: float) -> None:
    worker = studies.store.live_leases()[claim.trial_id]
    assert studies.store.finish(claim.trial_id, State.COMPLETE, value, {"reason": "", "curve": "[]"}, worker=worker)
    studies.store.release_lease(claim.trial_id, worker)


def test_what_can_be_taken_is_counted(open_study):
    studies, _ = open_study(trials=4)
    assert claimable(studies) == 4, "the reference config waits, three are to be sampled"
    claims = [claimed(studies, index) for index in range(4)]
    assert claimable(studies) == 0 and has_work(studies)
    for value, claim in enumerate(claims):
        complete(studies, claim, value)
    for _ in ("medium", "full"):
        assert claimable(studies) == 1, "a promotion"
        complete(studies, claimed(studies, 0), 1.0)
    assert claimable(studies) is None and not has_work(studies)


def test_as_many_are_woken_as_have_something_to_take(open_study):
    studies, _ = open_study(trials=4)
    pool = Pool(working={0}, idle={1, 2, 3, 4, 5})
    staffing = Staffing(studies, pool)
    assert staffing.look() and pool.woken == [3], "worker 0 has no evaluation yet and takes the fourth"
    assert staffing.look() and pool.woken == [3], "those that were woken may still wait for a place"
    for index in range(4):
        claimed(studies, index)
    assert staffing.look() and pool.woken == [3]


def test_nobody_is_woken_while_others_work_and_the_end_is_seen(open_study):
    studies, _ = open_study(trials=1)
    claim = claim_next(studies, "elsewhere-7-4711")
    pool = Pool(working=(), idle={0})
    staffing = Staffing(studies, pool)
    assert staffing.look() and pool.woken == [], "a worker of another machine has the only evaluation"
    complete(studies, claim, 1.0)
    assert staffing.look() and pool.woken == [1]
    for _ in range(2):
        complete(studies, claimed(studies, 0), 1.0)
    done = Pool(working=(), idle={0, 1})
    assert not Staffing(studies, done).look() and done.woken == []


def test_time_that_is_over_ends_the_wait_of_idle_workers(open_study):
    studies, _ = open_study(trials=8)
    claim = claimed(studies, 0)
    studies.set_clock(Clock(search_until=time.time() - 1, until=time.time() + 100))
    pool = Pool(working=(), idle={0})
    staffing = Staffing(studies, pool)
    assert staffing.look() and pool.woken == [], "another machine may be at it"
    complete(studies, claim, 1.0)
    assert not staffing.look() and pool.woken == [] and has_work(studies)


def test_the_evaluation_of_a_lost_worker_wakes_another(open_study):
    studies, leases = open_study(trials=1)
    claimed(studies, 0)
    pool = Pool(working=(), idle={0, 1})
    staffing = Staffing(studies, pool)
    assert staffing.look() and pool.woken == []
    with leases.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE gman_search_leases SET expires = 0")
    assert staffing.look() and pool.woken == [1]


def test_a_worker_leaves_after_so_long_without_anything_to_take(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=1)
    claimed(studies, 0)
    idleness = Idleness(0.2)
    began = time.monotonic()
    assert run_worker(studies, make_trainer(), tmp_path, "w", leave_idle=idleness.is_too_long) == 0
    assert idleness.found and 0.2 <= time.monotonic() - began < 10
    assert not Idleness(None).is_too_long(1e9)


def test_names_of_workers_have_their_index():
    assert index_of(worker_name(12)) == 12
    assert index_of("somebody") is None and index_of("w-x") is None


@pytest.mark.slow
def test_a_run_goes_through_a_bottleneck_with_workers_that_leave(open_study, make_trainer, tmp_path, monkeypatch):
    """Synchronous promotion: while the last of a stage trains, the others have nothing to take."""
    settings = {"trials": 8, "promotion": "synchronous"}
    studies, _ = open_study(**settings)
    studies.store.storage.engine.dispose()

    def wait_for(pattern, count):
        deadline = time.monotonic() + 60
        while len(list(tmp_path.glob(pattern))) < count and time.monotonic() < deadline:
            time.sleep(0.05)

    class Uneven(make_trainer):
        def train(self, job, on_epoch):
            if job.stage == "quick" and job.config_id == 0:
                wait_for("*.left", 2)
            elif job.stage == "medium":
                (tmp_path / f"{job.config_id}.medium").touch()
                wait_for("*.medium", 2)  # one of those that left has come back
            return super().train(job, on_epoch)

    def work(index):
        stop, idleness = threading.Event(), Idleness(0.3)
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        own, _ = open_study(**settings)
        run_worker(own, Uneven(), tmp_path, worker_name(index), stop=stop, leave_idle=idleness.is_too_long)
        (tmp_path / f"{worker_name(index)}.left").touch()
        sys.exit(IDLE if idleness.found else 0)

    pool = LocalWorkers(work, (), 3, context=CONTEXT)
    monkeypatch.setattr(supervise, "_pool", lambda *_: pool)
    monkeypatch.setattr(supervise, "POLL_SECONDS", 0.1)
    assert supervise.supervise(studies, tmp_path, "")
    final = latest_attempts(studies.evaluations())
    assert [row.state for row in final] == [State.COMPLETE] * 11
    assert len({row.facts["worker"] for row in final if row.stage == "medium"}) == 2
    left = [index_of(path.stem) for path in tmp_path.glob("*.left")]
    assert len(left) > 3, "some have left and come back"
    assert pool.crashed() == pool.restarts == 0
