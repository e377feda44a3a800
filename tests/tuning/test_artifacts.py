"""Weights that travel: one suite over every accepted store, and a study whose workers share nothing else."""

import io
import shutil
import threading

import numpy as np
import pytest

from gman_search.errors import DataError, StudyError, UsageError
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.tuning.artifacts import Artifacts, FolderStore, open_store
from gman_search.tuning.worker import run_worker


def drawn(studies):
    """A running trial with all its parameters, and without a lease."""
    trial = studies.reserve("w")
    assert studies.set_params(trial, studies.draw(trial, ()), "w")
    studies.store.release_lease(trial.trial_id, "w")
    return studies.store.trial(trial.trial_id)


BUCKET = "weights"


@pytest.fixture(scope="session")
def s3():
    """An S3 server on this machine."""
    pytest.importorskip("moto")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_location(s3, monkeypatch):
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": s3, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-north-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    yield f"s3://{BUCKET}/some/prefix"
    client = boto3.client("s3")
    for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture(params=["study", "folder", "s3"])
def location(request, tmp_path):
    """Every accepted kind of place for artifacts."""
    if request.param == "s3":
        return request.getfixturevalue("s3_location")
    return None if request.param == "study" else str(tmp_path / "shared")


@pytest.fixture
def kept(open_study, location, tmp_path):
    """(artifacts, ids by name, the folder they came from, studies)."""
    studies, _ = open_study(trials=2)
    artifacts = Artifacts(open_store(location, tmp_path), studies.store)
    folder = tmp_path / "evaluations" / "one"
    write_arrays(folder / "weights.npz", {"kernel": np.arange(5.0)}, {"shape": [1, 2, 3]})
    trial = drawn(studies)
    return artifacts, artifacts.keep(trial.trial_id, folder, ["weights.npz", "moments.npz"]), folder, studies


def test_what_is_kept_can_be_fetched_elsewhere(kept, tmp_path):
    artifacts, ids, folder, _ = kept
    assert list(ids) == ["weights.npz"]
    artifacts.fetch(tmp_path / "elsewhere", ids)
    assert read_arrays(tmp_path / "elsewhere" / "weights.npz")[1] == {"shape": [1, 2, 3]}
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["weights.npz"]
    assert (folder / "weights.npz").is_file()


def test_a_damaged_file_is_fetched_again(kept, tmp_path):
    artifacts, ids, _, _ = kept
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "weights.npz").write_bytes(b"half of a fi")
    artifacts.fetch(tmp_path / "elsewhere", ids)
    assert read_arrays(tmp_path / "elsewhere" / "weights.npz")[0]["kernel"].tolist() == [0, 1, 2, 3, 4]


def test_a_record_without_bytes_is_detected_and_said(kept, tmp_path):
    artifacts, ids, _, studies = kept
    trial = studies.trials("quick")[0]
    assert artifacts.missing([trial]) == []
    artifacts.forget([ids])
    artifacts.forget([ids])
    (found,) = artifacts.missing(studies.trials("quick"))
    assert (found.trial, found.artifact_id, found.is_referenced) == (0, ids["weights.npz"], False)
    studies.store.set_trial_attrs(trial.trial_id, {"artifacts": ids})
    assert artifacts.missing(studies.trials("quick"))[0].is_referenced
    with pytest.raises(DataError, match="neither there nor in the store"):
        artifacts.fetch(tmp_path / "elsewhere", ids)
    assert not any((tmp_path / "elsewhere").iterdir())


def test_a_flipped_bit_in_the_store_is_detected(open_study, tmp_path):
    studies, _ = open_study(trials=2)
    artifacts = Artifacts(open_store(str(tmp_path / "store"), tmp_path), studies.store)
    write_arrays(tmp_path / "one" / "weights.npz", {"kernel": np.ones(200)}, {})
    ids = artifacts.keep(drawn(studies).trial_id, tmp_path / "one", ["weights.npz"])
    stored = tmp_path / "store" / ids["weights.npz"]
    damaged = bytearray(stored.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    stored.write_bytes(damaged)
    assert [found.artifact_id for found in artifacts.missing(studies.trials("quick"))] == [ids["weights.npz"]]


def test_a_crash_between_record_and_bytes_leaves_a_record_nothing_refers_to(
    open_study, location, tmp_path, monkeypatch
):
    studies, _ = open_study(trials=2)
    artifacts = Artifacts(open_store(location, tmp_path), studies.store)
    folder = tmp_path / "one"
    write_arrays(folder / "weights.npz", {"kernel": np.ones(2)}, {})

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    monkeypatch.setattr(type(artifacts.store), "write", die)
    with pytest.raises(Killed):
        artifacts.keep(drawn(studies).trial_id, folder, ["weights.npz"])
    assert [(found.trial, found.is_referenced) for found in artifacts.missing(studies.trials("quick"))] == [(0, False)]


@pytest.mark.parametrize("location", ["folder", "s3"], indirect=True)
def test_workers_without_a_common_folder_promote_and_go_on_with_each_others_work(
    open_study, make_trainer, location, tmp_path
):
    studies, _ = open_study(trials=4, artifacts=location)
    stop = threading.Event()

    class Stopped(make_trainer):
        def train(self, job, on_epoch):
            def told(epoch):
                if len(self.jobs) == 4:
                    stop.set()
                on_epoch(epoch)

            return super().train(job, told)

    run_worker(studies, Stopped(), tmp_path / "one", "one", stop=stop)
    first = [row for row in studies.evaluations() if row.stage == "quick"]
    assert [row.state for row in first] == [State.COMPLETE] * 3 + [State.FAILED]
    trainer = make_trainer()
    run_worker(studies, trainer, tmp_path / "two", "two")
    final = latest_attempts(studies.evaluations())
    assert all(row.state is State.COMPLETE for row in final) and len(final) == 6
    # A folder is shared, so are the evaluations' own: only a store elsewhere carries checkpoints.
    assert trainer.resumed == ([1] if location.startswith("s3") else [])
    assert trainer.inherited == [row.config_id for row in final if row.stage != "quick"]


def test_a_full_study_in_its_own_folder_links_and_leaves_no_checkpoints(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=4)
    run_worker(studies, make_trainer(), tmp_path, "w")
    rows = studies.evaluations()
    for row in rows:
        ours = tmp_path / row.facts["folder"] / "weights.npz"
        assert ours.samefile(tmp_path / "artifacts" / row.facts["artifacts"]["weights.npz"])
    assert not list(tmp_path.rglob("checkpoint.npz*"))
    assert Artifacts(open_store(None, tmp_path), studies.store).missing(studies.trials("quick")) == []


@pytest.mark.parametrize(("keep", "left"), [("all", 21), ("promoted", 7), ("winner", 4)])
def test_weights_are_kept_by_policy(open_study, make_trainer, tmp_path, keep, left):
    studies, _ = open_study(trials=16, keep_weights=keep)
    trainer = make_trainer()
    run_worker(studies, trainer, tmp_path, "w")
    rows = studies.evaluations()
    assert [row.state for row in rows] == [State.COMPLETE] * 21
    assert len(trainer.inherited) == 5, "nothing that was needed has been deleted"
    assert len(list(tmp_path.rglob("weights.npz"))) == left
    assert len(list((tmp_path / "artifacts").iterdir())) == left
    longer, _ = open_study(trials=32, keep_weights=keep)
    run_worker(longer, make_trainer(), tmp_path, "w")
    assert all(row.state is State.COMPLETE for row in longer.evaluations())


def test_files_on_another_file_system_are_copied(tmp_path, monkeypatch):
    import os

    def refuse(*_):
        raise OSError("cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    store = FolderStore(tmp_path / "store")
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as stream:
        store.write("a", stream)
    store.write("b", io.BytesIO(b"no file"))
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["a", "b"]
    assert store.open_reader("b").read() == b"no file"


def test_a_lost_parent_fails_the_promotion_with_its_reason(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=4, max_attempts=1)
    stop = threading.Event()

    class FourOnly(make_trainer):
        def train(self, job, on_epoch):
            outcome = super().train(job, on_epoch)
            if len(self.jobs) == 4:
                stop.set()
            return outcome

    run_worker(studies, FourOnly(), tmp_path, "w", stop=stop)
    shutil.rmtree(tmp_path / "evaluations")
    shutil.rmtree(tmp_path / "artifacts")
    run_worker(studies, make_trainer(), tmp_path, "w")
    (lost,) = [row for row in studies.evaluations() if row.stage == "medium"]
    assert lost.state is State.FAILED and "recorded as artifact" in lost.reason


@pytest.mark.parametrize("location", ["ftp://host/x", "s3://", "redis://x"])
def test_other_places_are_refused(location, tmp_path):
    with pytest.raises(UsageError, match="expected search.artifacts"):
        open_store(location, tmp_path)


def test_a_missing_client_names_the_extra(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "google.cloud.storage", None)
    with pytest.raises(StudyError, match=r"gman-search\[gcs\]"):
        open_store("gs://bucket/prefix", tmp_path)
