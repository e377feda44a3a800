"""Several processes on one SQLite study: no double claim, nothing lost when one is killed."""

import multiprocessing
import os
import signal
import sqlite3
import time
from collections import Counter

import pytest

from gman_search.halving.evaluations import State, latest_attempts

pytestmark = pytest.mark.slow
CONTEXT = multiprocessing.get_context("fork")  # nothing here loads TensorFlow; spawn could not import this module


def _work(open_study, make_trainer, folder, name, trials, seconds, lease):
    from gman_search.tuning.worker import run_worker

    studies, _ = open_study(trials=trials, lease_seconds=lease)
    run_worker(studies, make_trainer(seconds=seconds), folder, name)


def test_four_processes_share_a_study_without_doubling(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=24)
    studies.store.storage.engine.dispose()
    workers = [
        CONTEXT.Process(target=_work, args=(open_study, make_trainer, tmp_path, f"w{i}", 24, 0.01, 60))
        for i in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    rows = studies.evaluations()
    assert Counter(row.stage for row in rows) == {"quick": 24, "medium": 6, "full": 1}
    assert all(row.state is State.COMPLETE and row.attempt == 1 for row in rows)
    assert len({row.key for row in rows}) == len(rows)


def test_a_killed_workers_evaluation_is_run_again_once(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=8, lease_seconds=2)
    studies.store.storage.engine.dispose()
    victim = CONTEXT.Process(target=_work, args=(open_study, make_trainer, tmp_path, "victim", 8, 5.0, 2))
    victim.start()
    deadline = time.monotonic() + 20
    while not any(row.state is State.RUNNING for row in studies.evaluations()) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    _work(open_study, make_trainer, tmp_path, "heir", 8, 0.0, 2)
    rows = studies.evaluations()
    final = latest_attempts(rows)
    assert Counter(row.stage for row in final) == {"quick": 8, "medium": 2, "full": 1}
    assert all(row.state is State.COMPLETE for row in final)
    assert sum(row.state is State.FAILED for row in rows) == 1
    finished = Counter(row.key for row in rows if row.state is State.COMPLETE)
    assert set(finished.values()) == {1}


def test_the_study_lock_excludes_and_ends_with_its_process(open_study):

    studies, _ = open_study()
    ready = CONTEXT.Event()

    def hold():
        with studies.store.lock():
            ready.set()
            time.sleep(60)

    holder = CONTEXT.Process(target=hold)
    holder.start()
    assert ready.wait(10)
    path = str(studies.store.storage.url).removeprefix("sqlite:///") + ".lock"
    probe = sqlite3.connect(path, timeout=0.1, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        probe.execute("BEGIN IMMEDIATE")
    holder.kill()
    holder.join()
    with studies.store.lock():
        pass
