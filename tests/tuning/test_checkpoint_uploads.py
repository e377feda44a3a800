"""Checkpoints in a bucket while an evaluation runs: a machine that is lost costs minutes, not the evaluation."""

import pytest

from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.retries import LEASE_LOST
from gman_search.tuning import artifacts as module
from gman_search.tuning.artifacts import Artifacts, FolderStore, open_store
from gman_search.tuning.checkpoint_uploads import CheckpointUploads
from gman_search.tuning.worker import run_worker


class Bucket:
    """A store that is no folder that workers share."""

    def __init__(self, folder):
        self._store = FolderStore(folder)
        self.open_reader, self.write, self.remove = self._store.open_reader, self._store.write, self._store.remove


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """Folder of a bucket that every worker opens."""
    import gman_search.tuning.worker as worker

    folder = tmp_path / "bucket"
    monkeypatch.setattr(worker, "open_store", lambda *_: Bucket(folder))
    return folder


class Lost(BaseException):
    """The machine is gone."""


@pytest.fixture
def loses(make_trainer):
    """loses(after epochs) -> a trainer whose machine is lost after so many reports of its first job."""

    def made(epochs):
        class Losing(make_trainer):
            def train(self, job, on_epoch):
                def reported(epoch):
                    on_epoch(epoch)
                    if epoch.epoch == epochs:
                        raise Lost

                return super().train(job, reported)

        return Losing(epochs=4)

    return made


def lose(studies, leases, trainer, folder, worker) -> None:
    with pytest.raises(Lost):
        run_worker(studies, trainer, folder, worker)
    running = [trial.trial_id for trial in studies.trials("quick") if trial.state is State.RUNNING]
    with leases.engine.begin() as connection:
        for trial_id in running:  # it was given back: nothing is killed here
            leases.acquire_within(connection, trial_id, worker)
        connection.exec_driver_sql("UPDATE gman_search_leases SET expires = 0")


def test_a_lost_machines_evaluation_is_resumed_on_another_disk(open_study, make_trainer, bucket, loses, tmp_path):
    studies, leases = open_study(trials=1, checkpoint_seconds=1e-9, max_attempts=9)
    lose(studies, leases, loses(3), tmp_path / "one", "one")
    # The second is lost before its first upload: the third resumes from what the first left.
    never, _ = open_study(trials=1, checkpoint_seconds=1e9, max_attempts=9)
    second = loses(1)
    lose(never, leases, second, tmp_path / "two", "two")
    assert second.resumed == [3]
    trainer = make_trainer(epochs=4)
    run_worker(studies, trainer, tmp_path / "three", "three")
    assert trainer.resumed == [3]
    rows = [row for row in studies.evaluations() if row.stage == "quick"]
    assert [(row.attempt, row.reason) for row in rows] == [(1, LEASE_LOST), (2, LEASE_LOST), (3, "")]
    assert {row.state for row in latest_attempts(studies.evaluations())} == {State.COMPLETE}
    kept = {name for row in latest_attempts(studies.evaluations()) for name in row.facts["artifacts"].values()}
    assert {path.name for path in bucket.iterdir()} == kept, "no checkpoint stays in the bucket"


def test_a_finished_evaluation_leaves_only_what_others_inherit(open_study, make_trainer, bucket, tmp_path):
    studies, _ = open_study(trials=4, checkpoint_seconds=1e-9)
    run_worker(studies, make_trainer(epochs=4), tmp_path / "one", "w")
    rows = studies.evaluations()
    assert len(rows) == 6 and all(list(row.facts["artifacts"]) == ["weights.npz"] for row in rows)
    assert len(list(bucket.iterdir())) == 6
    assert not any(
        found.is_referenced for found in Artifacts(Bucket(bucket), studies.store).missing(studies.trials("quick"))
    )


def test_nothing_is_uploaded_where_all_share_a_folder_or_too_early(open_study, make_trainer, bucket, tmp_path):
    studies, _ = open_study(trials=1)
    trial = studies.reserve("w")
    make_trainer()
    (tmp_path / "checkpoint.npz").write_bytes(b"anything")
    shared = Artifacts(open_store(None, tmp_path), studies.store)
    for artifacts, every in (
        (shared, 1e-9),
        (Artifacts(Bucket(bucket), studies.store), 0),
        (Artifacts(Bucket(bucket), studies.store), 1e9),
    ):
        uploads = CheckpointUploads(artifacts, studies.store, trial.trial_id, every)
        uploads.look(tmp_path)
        assert uploads.attrs() == {}
    assert not bucket.exists()


def test_a_bucket_that_does_not_answer_costs_nothing_but_a_warning(open_study, bucket, tmp_path, monkeypatch, caplog):
    studies, _ = open_study(trials=1)
    trial = studies.reserve("w")
    (tmp_path / "checkpoint.npz").write_bytes(b"anything")
    uploads = CheckpointUploads(Artifacts(Bucket(bucket), studies.store), studies.store, trial.trial_id, 1e-9)

    def away(*_):
        raise ConnectionError("no bucket")

    monkeypatch.setattr(module.Artifacts, "keep", away)
    uploads.look(tmp_path)
    assert uploads.attrs() == {} and "could not be stored" in caplog.text
