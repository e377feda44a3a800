"""A disk that fills up while workers checkpoint: one clear error, nothing lost, and it goes on when there is room."""

import threading
import time

import numpy as np
import pytest

from gman_search.errors import DiskFull
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.retries import INTERRUPTED
from gman_search.training.checkpoints import write_checkpoint
from gman_search.tuning import worker as worker_module
from gman_search.tuning.heartbeat import OUT_OF_ROOM, Heartbeat
from gman_search.tuning.supervise import _People
from gman_search.tuning.worker import run_worker


def test_a_study_waits_for_room_and_goes_on(open_study, make_trainer, small_disk, monkeypatch):
    monkeypatch.setattr(worker_module, "FULL_POLL_SECONDS", 0.1)
    studies, _ = open_study(trials=3)
    filler = small_disk / "filler"

    class Writing(make_trainer):
        def train(self, job, on_epoch):
            if job.config_id == 1 and not filled:
                filled.append(filler.write_bytes(b"x" * 440_000))  # somebody else's file
            write_checkpoint(job.folder, {"parameters": np.zeros(20_000)}, {"epoch": 1})
            return super().train(job, on_epoch)

    said, filled = [], []

    def make_room() -> None:
        for _ in range(200):
            said.extend(row.doing for row in studies.store.workers_seen() if "room" in row.doing)
            if said:
                break
            time.sleep(0.05)
        filler.unlink()

    freeing = threading.Thread(target=make_room)
    freeing.start()
    run_worker(studies, Writing(), small_disk, "w")
    freeing.join()
    assert said[0].startswith("waiting for room: expected room for checkpoint.npz")
    rows = studies.evaluations()
    assert all(row.state is State.COMPLETE and row.attempt == 1 for row in latest_attempts(rows))
    stopped = [row for row in rows if row.state is State.FAILED]
    assert stopped and all(row.reason.startswith(f"{INTERRUPTED}: expected room") for row in stopped)


def test_a_full_disk_is_said_once_to_whoever_runs_the_search(open_study):
    studies, _ = open_study(trials=2)
    said = []
    people = _People(studies, said.append)
    heartbeat = Heartbeat(studies.store.storage.engine, studies.spec.name, "w")
    heartbeat.report(f"{OUT_OF_ROOM}: expected room for checkpoint.npz")
    for _ in range(2):
        people.look(at_once=True)
    assert said == ["waiting for room: expected room for checkpoint.npz"]


def test_a_disk_that_stays_full_ends_the_worker_with_that_error(open_study, make_trainer, tmp_path, monkeypatch):
    monkeypatch.setattr(worker_module, "FULL_POLL_SECONDS", 0.01)
    monkeypatch.setattr(worker_module, "FULL_SECONDS", 0.05)
    monkeypatch.setattr(worker_module, "FULL_TRY_SECONDS", 0.05)
    studies, _ = open_study(trials=1, lease_seconds=2)

    class Full(make_trainer):
        def train(self, job, on_epoch):
            raise DiskFull("expected room for checkpoint.npz")

    with pytest.raises(DiskFull, match="expected room"):
        run_worker(studies, Full(), tmp_path, "w")
    run_worker(studies, make_trainer(), tmp_path, "w")
    assert [row.state for row in latest_attempts(studies.evaluations())] == [State.COMPLETE] * 3
