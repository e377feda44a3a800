"""One worker on a study: counts, promotions, resume, failures, leases."""

import sqlite3
import threading

import pytest

from gman_search.data_spec import DataSpec
from gman_search.errors import DataError, StudyError, UsageError
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.promotion import best_evaluation, ranked
from gman_search.halving.retries import INTERRUPTED, LEASE_LOST
from gman_search.tuning.claim import Claim, claim_next
from gman_search.tuning.factory import existing_search_study, open_search_study
from gman_search.tuning.storage import open_storage
from gman_search.tuning.worker import run_worker


def counts(studies) -> list[int]:
    rows = latest_attempts(studies.evaluations())
    return [
        sum(row.stage == stage and row.state is State.COMPLETE for row in rows) for stage in studies.schedule.stages
    ]


def values(studies) -> list[tuple]:
    return [(row.key, row.params, row.val_mae, row.seed) for row in studies.evaluations()]


@pytest.mark.parametrize("promotion", ["asynchronous", "synchronous"])
def test_fifty_configs_promote_twelve_and_three(promotion, open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=50, promotion=promotion)
    run_worker(studies, make_trainer(), tmp_path, "w")
    assert counts(studies) == [50, 12, 3]
    rows = studies.evaluations()
    best = [row.config_id for row in ranked(row for row in rows if row.stage == "quick")[:12]]
    promoted = {row.config_id for row in rows if row.stage == "medium"}
    assert best[0] in promoted
    assert (promoted == set(best)) or promotion == "asynchronous"
    order = [row.stage for row in rows if row.facts["began"] < min(r.facts["began"] for r in rows if r.stage == "full")]
    assert (order.count("quick") < 50) == (promotion == "asynchronous")


def test_the_first_config_is_the_guides(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=2)
    run_worker(studies, make_trainer(), tmp_path, "w")
    assert studies.evaluations()[0].params == studies.spec.space.preset()


def test_running_again_adds_nothing_and_more_trials_continue(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=8)
    run_worker(studies, make_trainer(), tmp_path, "w")
    before = values(studies)
    assert run_worker(studies, make_trainer(), tmp_path, "w") == 0
    assert values(studies) == before
    longer, _ = open_study(trials=16)
    run_worker(longer, make_trainer(), tmp_path, "w")
    assert counts(longer) == [16, 4, 1]
    drawn = [row.params["learning_rate"] for row in longer.evaluations() if row.stage == "quick"]
    assert len(set(drawn)) == 16


def test_same_seed_gives_identical_configs_and_values(open_study, make_trainer, tmp_path):
    seen = []
    for database in ("one", "two"):
        studies, _ = open_study(trials=16, database=database)
        run_worker(studies, make_trainer(), tmp_path / database, "w")
        seen.append(values(studies))
    assert seen[0] == seen[1]


def test_promoted_jobs_start_from_their_parents_folder(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=4)
    trainer = make_trainer()
    run_worker(studies, trainer, tmp_path, "w")
    by_folder = {job.folder: job for job in trainer.jobs}
    grown = [job for job in trainer.jobs if job.stage == "medium"]
    assert grown and all(by_folder[job.parent].config_id == job.config_id for job in grown)
    assert all(not (job.folder / "checkpoint.npz").exists() for job in trainer.jobs)


def test_an_exception_is_retried_and_then_failed_with_its_reason(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=1, max_attempts=3)

    class Broken(make_trainer):
        def train(self, job, on_epoch):
            self.jobs.append(job)
            raise MemoryError("no room for\nactivations")

    trainer = Broken()
    run_worker(studies, trainer, tmp_path, "w")
    rows = studies.evaluations()
    assert [row.attempt for row in rows] == [1, 2, 3]
    assert all(row.state is State.FAILED and row.reason == "MemoryError: no room for activations" for row in rows)


def test_an_interrupted_evaluation_is_resumed_from_its_checkpoint(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=1)
    stop = threading.Event()

    class Stopped(make_trainer):
        def train(self, job, on_epoch):
            def reported(epoch):
                stop.set()
                on_epoch(epoch)

            return super().train(job, reported)

    run_worker(studies, Stopped(), tmp_path, "w", stop=stop)
    assert [row.reason for row in studies.evaluations()] == [INTERRUPTED]
    trainer = make_trainer()
    run_worker(studies, trainer, tmp_path, "w")
    first = trainer.jobs[0]
    assert first.resume_from is not None and trainer.resumed == [1]
    assert latest_attempts(studies.evaluations())[0].attempt == 1
    assert counts(studies) == [1, 1, 1]


def test_a_lost_lease_writes_nothing_and_the_evaluation_runs_again(open_study, make_trainer, tmp_path):
    studies, leases = open_study(trials=1)

    class Robbed(make_trainer):
        def train(self, job, on_epoch):
            outcome = super().train(job, on_epoch)
            with leases.engine.begin() as connection:  # the lease has run out while this worker was stalled
                connection.exec_driver_sql("UPDATE gman_search_leases SET expires = 0")
            stop.set()
            return outcome

    stop = threading.Event()
    run_worker(studies, Robbed(), tmp_path, "stalled", stop=stop)
    assert studies.evaluations()[0].state is State.RUNNING
    import time

    time.sleep(1.1)  # a running trial without a lease has a moment's grace
    run_worker(studies, make_trainer(), tmp_path, "other")
    rows = [row for row in studies.evaluations() if row.stage == "quick"]
    assert [(row.attempt, row.state) for row in rows] == [(1, State.FAILED), (2, State.COMPLETE)]
    assert rows[0].reason == LEASE_LOST


def test_a_config_queued_by_a_person_is_run(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=3)
    studies.store.by_stage["quick"].enqueue_trial({"learning_rate": 0.0123})
    run_worker(studies, make_trainer(), tmp_path, "w")
    assert any(row.params["learning_rate"] == 0.0123 for row in studies.evaluations())


def test_other_data_or_another_space_is_refused(open_study):
    open_study(trials=2)
    with pytest.raises(DataError, match="Cannot resume .test.: the readings, the graph"):
        open_study(trials=2, fingerprint="other data")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("journal.log", "JournalStorage can hand one trial to two workers"),
        ("journal:///study.log", "JournalStorage can hand one trial to two workers"),
        ("grpc://host:13000", "gRPC proxy has no lock"),
        ("mysql://me:secret@host/db", r"mysql://me:\*\*\*@host/db \(claims have been proved"),
        ("sqlite:///:memory:", "only this process would see"),
    ],
)
def test_other_storages_are_refused_with_a_reason(url, reason):
    with pytest.raises(UsageError, match=f"expected a storage sqlite:///FILE.*{reason}") as refused:
        open_storage(url)
    assert "secret" not in str(refused.value)


def test_a_database_that_is_none_is_one_clear_error(tmp_path):
    with pytest.raises(StudyError, match=r"postgresql://u:\*\*\*@host:port/x"):
        open_storage("postgresql://u:secret@host:port/x")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE version_info (something TEXT)")
    with pytest.raises(StudyError, match="cannot open the storage"):
        open_storage(f"sqlite:///{tmp_path / 'other.db'}")
    (tmp_path / "text.db").write_text("no database at all, but long enough to look at" * 100)
    with pytest.raises(StudyError, match="not a database"):
        open_storage(f"sqlite:///{tmp_path / 'text.db'}")


def test_who_joins_or_looks_changes_nothing_that_is_stored(open_study):
    studies, _ = open_study(trials=8)
    stored = studies.store.by_stage["quick"].user_attrs["spec"]
    moved = studies.spec.model_copy(update={"trials": 99, "data": DataSpec(readings="elsewhere.csv")})
    existing_search_study(studies.store.storage, moved)
    open_search_study(studies.store.storage, moved, moved.schedule((2, 2)), "data", joins=True)
    assert studies.store.by_stage["quick"].user_attrs["spec"] == stored
    with pytest.raises(StudyError, match="expected a study nobody in the database"):
        other = moved.model_copy(update={"name": "nobody"})
        open_search_study(studies.store.storage, other, other.schedule((2, 2)), "data", joins=True)


def test_claims_take_the_highest_stage_first(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=4)
    stop = threading.Event()

    class StopAfterQuick(make_trainer):
        def train(self, job, on_epoch):
            outcome = super().train(job, on_epoch)
            if len(self.jobs) == 4:
                stop.set()
            return outcome

    run_worker(studies, StopAfterQuick(), tmp_path, "w", stop=stop)
    claim = claim_next(studies, "w")
    assert isinstance(claim, Claim) and claim.stage == "medium"


def test_controls_run_when_the_search_is_done_cold_or_grown(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=8, control_runs=1)
    trainer = make_trainer()
    run_worker(studies, trainer, tmp_path, "w")
    rows = [row for row in studies.evaluations() if row.control]
    winner = best_evaluation(studies.evaluations(), studies.schedule)
    assert sorted(row.key for row in rows if row.control == "cold") == [
        f"full/{winner.config_id} cold", f"medium/{winner.config_id} cold",
    ]  # fmt: skip
    assert sorted(row.stage for row in rows if row.control == "random") == ["full", "medium"]
    assert all(row.state is State.COMPLETE and (row.parent is None) == (row.control == "cold") for row in rows)
    preset = {row.stage: row for row in studies.evaluations() if row.config_id == 0 and row.control in ("", "preset")}
    assert set(preset) == {"quick", "medium", "full"}
    assert preset["full"].parent == preset["medium"].key and preset["medium"].parent == "quick/0"
    jobs = {(job.config_id, job.stage, job.parent is None) for job in trainer.jobs}
    assert (winner.config_id, "full", True) in jobs and (winner.config_id, "full", False) in jobs
    assert len([row for row in rows if row.control != "preset"]) == 4
    before = len(studies.evaluations())
    run_worker(studies, trainer, tmp_path, "w")
    assert len(studies.evaluations()) == before


def test_a_control_that_crashes_is_tried_again_as_a_control(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=4, control_runs=1, max_attempts=2)

    class Crashing(make_trainer):
        def train(self, job, on_epoch):
            if job.stage == "full" and job.parent is None:
                raise RuntimeError("no memory")
            return super().train(job, on_epoch)

    run_worker(studies, Crashing(), tmp_path, "w")
    cold = [row for row in studies.evaluations() if row.control == "cold" and row.stage == "full"]
    assert [(row.attempt, row.state) for row in cold] == [(1, State.FAILED), (2, State.FAILED)]
    assert best_evaluation(studies.evaluations(), studies.schedule) is not None
