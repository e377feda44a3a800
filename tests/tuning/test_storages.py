"""What every accepted storage must do: claims, leases, the lock, reconciling, a whole study. One suite for all."""

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
import uuid
from collections import Counter

import optuna
import pytest
import sqlalchemy
from optuna.exceptions import StorageInternalError

from gman_search.errors import StudyError
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.promotion import Done
from gman_search.halving.retries import LEASE_LOST
from gman_search.testing.store_trials import wait_until as until
from gman_search.tuning.artifacts import open_store
from gman_search.tuning.claim import Claim, claim_next
from gman_search.tuning.folder import without_password
from gman_search.tuning.optuna_studies import RECORD
from gman_search.tuning.optuna_tables import STATES
from gman_search.tuning.reconcile import reconcile
from gman_search.tuning.storage import open_storage, retry_on_outage
from gman_search.tuning.trial_store import StoredTrial
from gman_search.tuning.worker import run_worker


def drawn(studies):
    """A running trial with all its parameters, and without a lease."""
    trial = studies.reserve("w")
    assert studies.set_params(trial, studies.draw(trial, ()), "w")
    studies.store.release_lease(trial.trial_id, "w")
    return studies.store.trial(trial.trial_id)


pytestmark = pytest.mark.slow
CONTEXT = multiprocessing.get_context("fork")  # nothing here loads TensorFlow; spawn could not import this module


def started(target, *arguments) -> multiprocessing.Process:
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    return process


def queue(studies, count: int) -> None:
    for number in range(count):
        attrs = {"config_id": number, "attempt": 1, "parent": None, "initial_epoch": 0, "seed": 1}
        studies.add_waiting("quick", studies.spec.space.preset(), attrs)


def claim_all(open_any, name, claimed) -> None:
    studies, _ = open_any(trials=200)
    while isinstance(claim := retry_on_outage(lambda: claim_next(studies, name)), Claim):
        claimed.put((claim.trial_id, name))
    assert not isinstance(claim, Done)
    claimed.put((None, name))


def test_eight_processes_claim_two_hundred_trials_once_each(open_any):
    studies, leases = open_any(trials=200)
    queue(studies, 200)
    studies.store.storage.engine.dispose()
    claimed = CONTEXT.Queue()
    workers = [started(claim_all, open_any, f"w{number}", claimed) for number in range(8)]
    found, left = [], 0
    while left < 8:
        trial_id, name = claimed.get(timeout=120)
        left += trial_id is None
        found += [(trial_id, name)] if trial_id is not None else []
    for worker in workers:
        worker.join(20)
    assert [worker.exitcode for worker in workers] == [0] * 8
    assert len(found) == len({trial_id for trial_id, _ in found}) == 200
    assert leases.live() == dict(found)


def as_stored(trial: optuna.trial.FrozenTrial) -> StoredTrial:
    """A trial as Optuna reads it."""
    return StoredTrial(
        trial_id=trial._trial_id,
        number=trial.number,
        state=STATES[trial.state],
        value=trial.value,
        params=trial.params,
        fixed_params=trial.system_attrs.get("fixed_params", {}),
        user_attrs=trial.user_attrs,
        intermediate_values=trial.intermediate_values,
        ended=None if trial.datetime_complete is None else trial.datetime_complete.timestamp(),
        artifact_ids=tuple(key.removeprefix(RECORD) for key in trial.system_attrs if key.startswith(RECORD)),
    )


def in_order(value):
    return sorted((key, in_order(own)) for key, own in value.items()) if isinstance(value, dict) else value


def test_trials_are_read_as_optuna_reads_them(open_any, make_trainer, tmp_path):
    studies, _ = open_any(trials=8)
    studies.store.read()
    run_worker(studies, make_trainer(), tmp_path, "w")
    running = drawn(studies)
    for step, value in enumerate((3.5, float("inf"), float("nan"))):
        studies.store.report(running.trial_id, step, value)
    (tmp_path / "file.txt").write_text("content")
    studies.store.upload_artifact(running.trial_id, tmp_path / "file.txt", open_store(None, tmp_path))
    studies.store.by_stage["quick"].enqueue_trial({"learning_rate": 0.003}, user_attrs={"by": "<me>"})
    studies.store.read()
    claimed = claim_next(studies, "w")
    assert isinstance(claimed, Claim) and claimed.evaluation.facts["origin"] == "queued by hand"

    def shown(boards, finished=False):
        kept = {board: [t for t in mine if t.state.is_finished or not finished] for board, mine in boards.items()}
        return {board: [repr(in_order(vars(trial))) for trial in mine] for board, mine in kept.items()}

    by_optuna = {
        board: [as_stored(trial) for trial in study.get_trials()] for board, study in studies.store.studies.items()
    }
    assert any(trial.artifact_ids for trial in by_optuna["quick"])
    assert shown(studies.store.read_all()) == shown(by_optuna)
    assert shown(open_any(trials=8)[0].store.read()) == shown(by_optuna)
    grown = studies.store.read()
    assert shown(grown, finished=True) == shown(by_optuna, finished=True)
    states = {board: [trial.state for trial in mine] for board, mine in by_optuna.items()}
    assert {board: [trial.state for trial in mine] for board, mine in grown.items()} == states


def test_a_claim_and_its_lease_are_there_together_or_not_at_all(open_any):
    studies, leases = open_any(trials=1)
    reconcile(studies)
    [waiting] = studies.trials("quick")
    boards = studies.store.boards

    def renamed(name, other):
        with studies.store.storage.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {other}")

    renamed("gman_search_leases", "elsewhere")
    with pytest.raises(sqlalchemy.exc.SQLAlchemyError):
        studies.store.take(boards, "w")
    renamed("elsewhere", "gman_search_leases")
    assert leases.live() == {} and [row.state for row in studies.evaluations()] == [State.WAITING]
    assert studies.store.take(boards, "w")[1].trial_id == waiting.trial_id
    assert leases.live() == {waiting.trial_id: "w"} and [row.state for row in studies.evaluations()] == [State.RUNNING]
    assert studies.store.take(boards, "another") is None


def test_a_lease_ends_by_the_databases_clock_alone(open_any, monkeypatch):
    _, leases = open_any(trials=1, lease_seconds=1.0)
    leases.acquire(7, "w")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert leases.live() == {7: "w"} and leases.renew(7, "w") and not leases.renew(7, "another")
    assert not leases.expire(7)
    until(lambda: not leases.live())
    assert not leases.renew(7, "w"), "a lease that has run out cannot be renewed"
    assert leases.expire(7)


def test_a_running_trial_that_never_had_a_lease_gets_a_moment(open_any):
    # After its start a PostgreSQL counts every lease as just renewed, so leases are short here.
    studies, leases = open_any(trials=2, lease_seconds=1.0)
    drawn(studies)
    reconcile(studies)
    assert [row.state for row in studies.evaluations()] == [State.RUNNING]
    until(lambda: not leases.live())
    reconcile(studies)
    assert [(row.state, row.reason) for row in studies.evaluations()] == [
        (State.FAILED, LEASE_LOST),
        (State.WAITING, ""),
    ]


def hold_lock(open_any, ready) -> None:
    studies, _ = open_any()
    with studies.store.lock():
        ready.set()
        time.sleep(60)


def test_the_study_lock_excludes_and_ends_with_its_process(open_any):
    studies, _ = open_any()
    studies.store.storage.engine.dispose()
    ready, entered = CONTEXT.Event(), threading.Event()
    holder = started(hold_lock, open_any, ready)
    assert ready.wait(20)

    def enter():
        with studies.store.lock():
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.5)
    holder.kill()
    holder.join()
    assert entered.wait(10)
    waiting.join()


def test_reconciling_twice_changes_nothing(open_any, make_trainer, tmp_path):
    studies, _ = open_any(trials=8)
    stop = threading.Event()

    class StopAfterQuick(make_trainer):
        def train(self, job, on_epoch):
            if len(self.jobs) == 8:
                stop.set()
            return super().train(job, on_epoch)

    run_worker(studies, StopAfterQuick(), tmp_path, "w", stop=stop)
    before = None
    for _ in range(3):
        with studies.store.lock():
            decision = reconcile(studies).decision
        now = (decision, studies.evaluations())
        assert before in (None, now)
        before = now


def work(open_any, make_trainer, folder, name, settings, seconds=0.01) -> None:
    studies, _ = open_any(**settings)
    run_worker(studies, make_trainer(seconds=seconds), folder, name)


def test_four_processes_bring_a_study_to_its_quotas(open_any, make_trainer, tmp_path):
    studies, _ = open_any(trials=24)
    studies.store.storage.engine.dispose()
    workers = [started(work, open_any, make_trainer, tmp_path, f"w{i}", {"trials": 24}) for i in range(4)]
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 4
    rows = studies.evaluations()
    assert Counter(row.stage for row in rows) == {"quick": 24, "medium": 6, "full": 1}
    assert all(row.state is State.COMPLETE and row.attempt == 1 for row in rows)
    assert len({row.key for row in rows}) == len(rows)


def test_a_worker_killed_while_it_drew_a_config_leaves_one_that_is_completed(open_any, make_trainer, tmp_path):
    studies, leases = open_any(trials=3, lease_seconds=20.0)
    trial = studies.store.by_stage["quick"].ask()
    trial.suggest_float("learning_rate", **studies.distributions["learning_rate"]._asdict())  # and no further
    leases.acquire(trial._trial_id, "killed")
    with leases.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM gman_search_leases")
    run_worker(studies, make_trainer(), tmp_path, "w")
    final = [row for row in latest_attempts(studies.evaluations()) if row.stage == "quick"]
    assert [row.state for row in final] == [State.COMPLETE] * 3
    first = next(row for row in final if row.config_id == 0)
    assert first.attempt == 2 and first.params["learning_rate"] == trial.params["learning_rate"]
    assert first.params.keys() == final[1].params.keys() and first.seed == studies.seed_of(0, "quick")


class Announcing:
    """Tells when the first evaluation has begun, and takes its time over it."""

    def __init__(self, trainer, running) -> None:
        self.trainer, self.running = trainer, running

    def train(self, job, on_epoch):
        self.running.set()
        return self.trainer.train(job, on_epoch)


def stall(open_any, make_trainer, folder, running) -> None:
    studies, _ = open_any(trials=1, lease_seconds=1.0)
    stop = threading.Event()

    class OneEvaluation(make_trainer):
        def train(self, job, on_epoch):
            stop.set()
            # No epoch is reported while stalled, so only the telling of the result can be refused.
            outcome = super().train(job, lambda epoch: None)
            return type(outcome)(outcome.state, 99.0, 1, 1.0, "told by the stalled worker")

    run_worker(studies, Announcing(OneEvaluation(seconds=0.5), running), folder, "stalled", stop=stop)


def test_a_stalled_worker_cannot_overwrite_its_replacement(open_any, make_trainer, tmp_path):
    studies, _ = open_any(trials=1, lease_seconds=1.0)
    studies.store.storage.engine.dispose()
    running = CONTEXT.Event()
    stalled = started(stall, open_any, make_trainer, tmp_path, running)
    assert running.wait(20)
    os.kill(stalled.pid, signal.SIGSTOP)
    work(open_any, make_trainer, tmp_path, "heir", {"trials": 1, "lease_seconds": 1.0})
    before = studies.evaluations()
    os.kill(stalled.pid, signal.SIGCONT)
    stalled.join(20)
    assert stalled.exitcode == 0
    assert studies.evaluations() == before
    quick = [row for row in before if row.stage == "quick"]
    assert [(row.attempt, row.state) for row in quick] == [(1, State.FAILED), (2, State.COMPLETE)]
    assert all(row.val_mae != 99.0 for row in before)


def test_a_result_is_refused_when_the_lease_has_run_out_and_nobody_came_yet(open_any, make_trainer, tmp_path):
    studies, _ = open_any(trials=1, lease_seconds=1.0)
    studies.store.storage.engine.dispose()
    running = CONTEXT.Event()
    stalled = started(stall, open_any, make_trainer, tmp_path, running)
    assert running.wait(20)
    os.kill(stalled.pid, signal.SIGSTOP)
    time.sleep(1.5)
    os.kill(stalled.pid, signal.SIGCONT)
    stalled.join(20)
    assert stalled.exitcode == 0
    assert [row.state for row in studies.evaluations()] == [State.RUNNING]


def test_finishing_keeps_the_lease_until_it_is_written(open_any, monkeypatch):
    """Between the check and the commit nobody can take the lease away, however long it takes."""
    studies, leases = open_any(trials=1, lease_seconds=1.0)
    queue(studies, 1)
    other_studies, _ = open_any(trials=1, lease_seconds=1.0)
    claim = claim_next(studies, "w")
    order, hold = [], leases.hold

    def slowly(connection, trial_id, worker):
        held = hold(connection, trial_id, worker)
        thief.start()
        time.sleep(2.0)
        order.append("finished")
        return held

    monkeypatch.setattr(leases, "hold", slowly)

    def steal():
        with other_studies.store.lock():
            reconcile(other_studies)
            time.sleep(1.5)
            reconcile(other_studies)
        order.append("reconciled")

    thief = threading.Thread(target=steal)
    assert studies.store.finish(claim.trial_id, State.COMPLETE, 3.0, {"epochs": 1, "curve": []}, worker="w")
    thief.join(30)
    assert order == ["finished", "reconciled"]
    row = studies.evaluations()[0]
    assert (row.state, row.val_mae, row.epochs) == (State.COMPLETE, 3.0, 1)


def test_bare_and_full_urls_of_postgresql_mean_the_same(postgresql):
    url = postgresql.new_database("urls")
    for scheme in ("postgresql://", "postgres://", "postgresql+psycopg://"):
        storage = open_storage(url.replace("postgresql://", scheme))
        assert storage.engine.driver == "psycopg"
        with storage.engine.connect() as connection:
            assert connection.execute(sqlalchemy.text("SELECT 1")).scalar() == 1


def test_an_unreachable_server_is_one_clear_line_without_the_password():
    with pytest.raises(StudyError, match="cannot open the storage") as caught:
        open_storage("postgresql://someone:secret@127.0.0.1:9/nothing")
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


def outage_seconds() -> float:
    return float(os.environ.get("GMAN_SEARCH_OUTAGE", "8"))


def test_workers_go_on_after_the_database_was_gone(postgresql, make_trainer, open_url, tmp_path):
    """Stopped in mid-study and started again; GMAN_SEARCH_OUTAGE=30 makes it half a minute."""
    url = postgresql.new_database(uuid.uuid4().hex)
    settings = {"url": url, "trials": 24, "lease_seconds": 6.0}
    studies, _ = open_url(**settings)
    studies.store.storage.engine.dispose()
    workers = [started(work, open_url, make_trainer, tmp_path, f"w{i}", settings, 0.2) for i in range(4)]
    until(lambda: sum(row.state is State.COMPLETE for row in studies.evaluations()) >= 4, 90)
    studies.store.storage.engine.dispose()
    postgresql.stop()
    try:
        time.sleep(outage_seconds())
        assert all(worker.is_alive() for worker in workers)
    finally:
        postgresql.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 4
    rows = studies.evaluations()
    assert Counter(row.key for row in rows if row.state is State.COMPLETE) == Counter({row.key for row in rows})
    assert Counter(row.stage for row in latest_attempts(rows)) == {"quick": 24, "medium": 6, "full": 1}
    # Whoever was training when the server went keeps the lease: nothing is trained again for the outage alone. (A claim
    # that it cut in two leaves a lease nobody renews, of an evaluation that had not begun.)
    assert not [row for row in rows if row.reason == LEASE_LOST and "folder" in row.facts]


def test_work_under_a_lock_that_is_gone_is_refused(postgresql, open_url):
    studies, _ = open_url(url=postgresql.new_database(uuid.uuid4().hex))
    with pytest.raises((sqlalchemy.exc.SQLAlchemyError, StorageInternalError)), studies.store.lock():
        postgresql.stop()
        postgresql.start()
        # Connections of before are dead and fail by themselves; a new one must not work without the lock either.
        try:
            studies.evaluations()
        except (sqlalchemy.exc.SQLAlchemyError, StorageInternalError):
            studies.evaluations()
    assert studies.evaluations() == []


def test_a_connection_that_breaks_within_a_query_of_optuna_is_waited_for(postgresql, open_url):
    """Optuna asks again in the broken transaction, so that what reaches us complains about the transaction only."""
    studies, _ = open_url(url=postgresql.new_database(uuid.uuid4().hex))
    drawn(studies)
    engine = studies.store.storage.engine
    cuts = []

    @sqlalchemy.event.listens_for(engine, "before_cursor_execute")
    def cut(connection, cursor, statement, parameters, context, many):
        if "FROM trial_user_attributes" in statement and not cuts:
            cuts.append(connection.connection.driver_connection.info.backend_pid)
            with sqlalchemy.create_engine(engine.url).begin() as other:
                other.execute(sqlalchemy.text(f"SELECT pg_terminate_backend({cuts[0]})"))
            time.sleep(0.5)

    assert len(retry_on_outage(studies.store.by_stage["quick"].get_trials)) == 1
    assert cuts


def test_patience_ends_and_what_will_not_pass_is_raised_at_once():
    def locked():
        connection = sqlite3.connect(":memory:")
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorname = "SQLITE_BUSY"
        connection.close()
        raise error

    with pytest.raises(StudyError, match=r"did not answer.*database is locked"):
        retry_on_outage(locked, seconds=0.5)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        retry_on_outage(lambda: sqlite3.connect(":memory:").execute("SELECT * FROM absent"))
    answers = iter([locked, locked, lambda: 7])
    assert retry_on_outage(lambda: next(answers)()) == 7


def test_what_is_told_of_an_address_has_no_password_not_even_one_with_an_at_sign():
    for password in ("secret", "sec@ret"):
        told = without_password(f"postgresql://me:{password}@host/base")
        assert told == "postgresql://me:***@host/base"
    assert without_password("sqlite:///studies/a/study.db") == "sqlite:///studies/a/study.db"
