"""A run and its workers: time budget, SIGTERM, people at the dashboard, workers whose memory grew."""

import multiprocessing
import os
import signal
import sys
import threading
import time

import pytest

from gman_search.backends.local import RENEW, LocalWorkers
from gman_search.errors import Interrupted, StudyError
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.retries import INTERRUPTED
from gman_search.testing.store_trials import wait_until as until
from gman_search.tuning import supervise as module
from gman_search.tuning.process import MemoryGrowth, resident_bytes
from gman_search.tuning.supervise import has_work, supervise
from gman_search.tuning.worker import run_worker

pytestmark = pytest.mark.slow
CONTEXT = multiprocessing.get_context("fork")  # nothing here loads TensorFlow; spawn could not import this module


@pytest.fixture
def staffed(open_study, make_trainer, tmp_path, monkeypatch):
    """staffed(seconds an epoch, **settings) -> studies whose workers are forked and fake."""

    def made(seconds: float, **settings):
        studies, _ = open_study(**settings)
        studies.store.storage.engine.dispose()

        def work(index):
            stop = threading.Event()
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            own, _ = open_study(**settings)
            run_worker(own, make_trainer(seconds=seconds), tmp_path, f"w{index}", stop=stop)

        monkeypatch.setattr(module, "_pool", lambda *_: LocalWorkers(work, (), 2, context=CONTEXT))
        monkeypatch.setattr(module, "POLL_SECONDS", 0.1)
        return studies

    return made


def states(studies) -> list[State]:
    return [row.state for row in latest_attempts(studies.evaluations())]


def test_a_run_ends_when_its_hours_are_over_and_the_next_goes_on(staffed, tmp_path):
    studies = staffed(0.3, trials=8)
    began = time.monotonic()
    assert not supervise(studies, tmp_path, "", deadline=lambda: began + 1.0)
    assert time.monotonic() - began < 15
    left = studies.evaluations()
    assert 0 < len(left) < 16 and all(row.state is not State.RUNNING for row in left)
    assert {row.reason for row in left if row.state is State.FAILED} <= {INTERRUPTED}
    studies = staffed(0.0, trials=8)
    assert supervise(studies, tmp_path, "")
    assert states(studies) == [State.COMPLETE] * 11
    assert all(row.attempt == 1 for row in studies.evaluations()), "being out of time is nobody's failure"


def test_a_deadline_that_is_put_off_while_workers_work_is_kept(staffed, tmp_path):
    studies, began = staffed(0.3, trials=40), time.monotonic()

    def corrected() -> float:
        return began + (1.0 if time.monotonic() < began + 0.5 else 3.0)

    assert not supervise(studies, tmp_path, "", deadline=corrected)
    assert time.monotonic() - began > 3.0, "the first estimate ended the run"


def test_sigterm_is_as_polite_as_ctrl_c(staffed, tmp_path):
    studies = staffed(0.3, trials=8)
    before = signal.getsignal(signal.SIGTERM)
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(Interrupted, match="nothing finished is lost"):
        supervise(studies, tmp_path, "")
    assert signal.getsignal(signal.SIGTERM) is before
    assert all(row.state in (State.COMPLETE, State.FAILED) for row in studies.evaluations()), "nobody is left running"


def test_workers_that_are_told_to_leave_by_others_leave_the_run_resumable(staffed, tmp_path, monkeypatch):
    studies = staffed(0.3, trials=8)
    pools = []
    make = module._pool
    monkeypatch.setattr(module, "_pool", lambda *_: pools.append(make()) or pools[0])

    def tell_all() -> None:
        until(lambda: pools and studies.evaluations())
        for pid in pools[0].pids():
            os.kill(pid, signal.SIGTERM)

    threading.Thread(target=tell_all).start()
    with pytest.raises(Interrupted, match="asked to leave"):
        supervise(studies, tmp_path, "")
    assert has_work(studies)


def test_workers_that_cannot_live_end_the_run_with_the_place_to_look(open_study, tmp_path, monkeypatch):
    studies, _ = open_study(trials=2)
    dying = LocalWorkers(lambda index: sys.exit(3), (), 1, context=CONTEXT, max_restarts=2)
    monkeypatch.setattr(module, "_pool", lambda *_: dying)
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    with pytest.raises(StudyError, match=r"2 restarts.*worker-0\.log"):
        supervise(studies, tmp_path, "")


def test_what_a_person_does_during_a_run_is_said_once(staffed, tmp_path):
    studies = staffed(0.3, trials=4)
    queued, said = [], []

    def enqueue(studies) -> None:
        # Not in a thread of its own: a process that is forked while another thread holds a lock never gets it.
        if not queued and studies.evaluations():
            queued.append(studies.store.by_stage["quick"].enqueue_trial({"learning_rate": 0.0123}))

    assert supervise(studies, tmp_path, "", on_progress=enqueue, on_warning=said.append)
    assert queued and len(said) == 1 and said[0].endswith("was queued by hand")


def test_a_worker_whose_memory_grew_gets_a_fresh_process(tmp_path):
    mark = tmp_path / "mark"

    def work(index):
        if not mark.exists():
            mark.touch()
            sys.exit(RENEW)

    workers = LocalWorkers(work, (), 1, context=CONTEXT, max_restarts=1)
    until(lambda: not workers.alive())
    assert (workers.restarts, workers.crashed()) == (0, 0)
    assert mark.exists()


@pytest.mark.parametrize(
    ("after", "gigabytes", "leaves_at"),
    [
        (2, [1, 1, 1, 1.2, 1.2, 1.2], None),
        (2, [1, 1, 1, 2, 2, 2], 4),
        (4, [1, 9, 9, 9, 9], 4),
        (0, [1, 9, 9, 9, 9], None),
        (2, [0, 0, 0, 0], None),  # a system that does not tell
    ],
)
def test_memory_is_looked_at_after_every_so_many_evaluations(after, gigabytes, leaves_at):
    told = iter(gigabytes)
    now = [0]
    growth = MemoryGrowth(after, lambda: int(now[0] * 2**30))
    left = None
    for finished, now[0] in enumerate(told, start=1):
        assert not growth.is_too_much(finished - 1) or left, "asking twice changes nothing"
        if growth.is_too_much(finished) and left is None:
            left = finished
    assert left == leaves_at and growth.found == (left is not None)


def test_this_process_holds_some_memory():
    assert 2**20 < resident_bytes() < 2**40
