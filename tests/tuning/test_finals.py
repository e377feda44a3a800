"""Reference and final trainings through the product's own claims."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.finals import FinalsPlan
from gman_search.halving.promotion import best_evaluation
from gman_search.io.arrays import write_arrays
from gman_search.record import Epoch
from gman_search.space import SearchSpace
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.training.job import Job, TrainingResult
from gman_search.tuning.factory import open_search_study
from gman_search.tuning.finals import has_time_for_another_config, queue_finals
from gman_search.tuning.manual_changes import interventions
from gman_search.tuning.storage import open_storage
from gman_search.tuning.stored_study import Clock
from gman_search.tuning.supervise import has_work
from gman_search.tuning.worker import run_worker

PLAN = FinalsPlan(
    windows=640,
    validation=60,
    window_seconds={"quick": 0.002, "medium": 0.005, "full": 0.02},
    reference_window_seconds=0.002,
    reference_seconds=30.0,
    final_seconds=20.0,
    count=2,
)


class LongerIsBetter:
    """Validation MAE falls with the epochs of the whole lineage; the original GMAN is worse than one with shortcuts."""

    def __init__(self, seconds=0.0):
        self.jobs: list[Job] = []
        self.seconds = seconds

    def train(self, job, on_epoch):
        self.jobs.append(job)
        job.folder.mkdir(parents=True, exist_ok=True)
        settings, value = job.hyperparameters, 9.0
        for number in range(1, settings.max_epochs + 1):
            time.sleep(self.seconds)
            value = abs(np.log10(settings.learning_rate) + 2.3) + (1.0 if settings.shortcuts else 2.0) + 1.0 / number
            write_arrays(job.folder / "weights.npz", {"kernel": np.ones(1)}, {"config_id": job.config_id})
            on_epoch(Epoch(number, number, value, value, 0.001, self.seconds))
        return TrainingResult(State.COMPLETE, value, settings.max_epochs, 1.0, "", (), {"steps": settings.max_epochs})


@pytest.fixture
def study(tmp_path):
    def opened(trials=6, plan=PLAN, **search):
        settings = SearchSpec(n_startup_trials=3, **{"finals": 2, **search})
        spec = StudySpec(name="test", trials=trials, halving=HalvingSpec(reduction_factor=3), search=settings)
        storage = open_storage(f"sqlite:///{tmp_path / 'study'}.db")
        studies = open_search_study(storage, spec, spec.schedule((3, 3)), "data", finals=plan)
        return studies, studies.store.leases

    return opened


def run(studies, trainer, tmp_path, stop=None):
    return run_worker(studies, trainer, tmp_path / "files", "worker", stop=stop)


def outside(studies, control):
    return [row for row in studies.evaluations() if row.control == control]


def test_an_idle_worker_begins_a_final_training_while_the_last_stage_is_under_way(study, tmp_path):
    """Two workers, a long evaluation of the last stage: with nothing to gain the finals would begin after it."""
    studies, _ = study(finals=3, plan=replace(PLAN, count=3))
    may_end = threading.Event()

    class SlowAtTheTop(LongerIsBetter):
        def train(self, job, on_epoch):
            if job.folder.parent.name == "final" and job.parent is not None:
                may_end.set()
            elif job.stage == "full":
                assert may_end.wait(60), "no final training began while the last stage was under way"
            return super().train(job, on_epoch)

    def work(name):
        run_worker(study(finals=3, plan=replace(PLAN, count=3))[0], SlowAtTheTop(), tmp_path / "files", name)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert may_end.is_set() and not has_work(studies)
    assert len(outside(studies, "final")) == 3


def test_every_search_trains_the_reference_and_its_best_to_their_end(study, tmp_path):
    studies, _ = study()
    trainer = LongerIsBetter()
    run(studies, trainer, tmp_path)
    assert not has_work(studies)
    (reference,) = outside(studies, "reference")
    assert reference.state is State.COMPLETE and reference.key == "quick/0 reference"
    assert reference.params == studies.spec.space.preset()
    (job,) = [job for job in trainer.jobs if not job.hyperparameters.shortcuts]
    assert job.hyperparameters.shape == (2, 4, 4) and job.hyperparameters.learning_rate == 0.002
    finals = outside(studies, "final")
    assert len(finals) == 2 and all(row.state is State.COMPLETE for row in finals)
    assert all(row.parent == f"{row.stage}/{row.config_id}" for row in finals)
    # The point of it: the winner is one that was trained on, and better than what it began from.
    winner = best_evaluation(studies.evaluations(), studies.schedule)
    by_key = {row.key: row for row in studies.evaluations()}
    assert winner.control == "final" and winner.val_mae < by_key[winner.parent].val_mae


def test_they_take_no_number_quota_or_place_of_the_ladder(study, tmp_path):
    studies, _ = study()
    run(studies, LongerIsBetter(), tmp_path)
    schedule = [row for row in studies.evaluations() if not row.control]
    assert sorted(row.config_id for row in schedule if row.stage == "quick") == list(range(6))
    assert len([row for row in schedule if row.stage == "medium"]) == 2


def test_final_trainings_begin_at_their_own_weights_and_write_beside_them(study, tmp_path):
    studies, _ = study()
    trainer = LongerIsBetter()
    run(studies, trainer, tmp_path)
    folders = [job.folder for job in trainer.jobs]
    assert len(set(folders)) == len(folders)
    finals = [job for job in trainer.jobs if "final" in job.folder.parts and job.hyperparameters.anneal]
    assert len(finals) == 2 and all((job.parent / "weights.npz").is_file() for job in finals)


def test_without_reference_and_finals_there_are_none(study, tmp_path):
    studies, _ = study(plan=replace(PLAN, reference_seconds=0.0, count=0))
    run(studies, LongerIsBetter(), tmp_path)
    assert not any(row.control for row in studies.evaluations())


def test_a_longer_search_trains_its_newcomers_too(study, tmp_path):
    studies, _ = study()
    run(studies, LongerIsBetter(), tmp_path)
    before = {row.key for row in outside(studies, "final")}
    longer, _ = study(trials=30)
    run(longer, LongerIsBetter(), tmp_path)
    assert before <= {row.key for row in outside(longer, "final")}
    assert len(outside(longer, "reference")) == 1
    assert not has_work(longer)


def test_a_worker_that_dies_over_a_final_training_leaves_it_to_the_next(study, tmp_path):
    studies, _ = study()
    trainer, stop = LongerIsBetter(), threading.Event()
    train = trainer.train

    def stopping(job, on_epoch):
        if job.hyperparameters.anneal:
            stop.set()
        return train(job, on_epoch)

    trainer.train = stopping
    run(studies, trainer, tmp_path, stop)
    again, _ = study()
    run(again, LongerIsBetter(), tmp_path)
    finals = [row for row in outside(again, "final") if row.state is State.COMPLETE]
    assert len(finals) == 2 and all(row.facts["schedule"]["anneal"] for row in finals)


def test_when_the_time_of_the_ladder_is_over_the_best_so_far_are_trained_to_their_end(study, tmp_path):
    studies, _ = study(trials=1000, plan=replace(PLAN, reference_seconds=0.0))
    now = time.time()
    studies.set_clock(Clock(search_until=now + 1.0, until=now + 60.0))
    run(studies, LongerIsBetter(seconds=0.02), tmp_path)
    assert time.time() < now + 60
    assert len(outside(studies, "final")) == 2
    assert all(row.state is State.COMPLETE for row in outside(studies, "final"))
    assert best_evaluation(studies.evaluations(), studies.schedule).control == "final"


class Slow(LongerIsBetter):
    """On a machine on which an epoch takes ten seconds, not the one that was thought."""

    def train(self, job, on_epoch):
        return super().train(job, lambda epoch: on_epoch(replace(epoch, seconds=10.0)))


def test_on_a_slow_machine_the_reference_has_no_more_than_its_share_of_the_hours(study, tmp_path):
    studies, _ = study(trials=2)
    now = time.time()
    studies.set_clock(Clock(search_until=now + 100.0, until=now + 120.0))
    run(studies, Slow(), tmp_path)
    (reference,) = outside(studies, "reference")
    share = 0.3 / 3.5 * studies.spec.search.workers * 120.0
    assert reference.state is State.COMPLETE and reference.reason == "the time was over"
    assert (reference.epochs - 1) * 10.0 <= share < (reference.epochs + 1) * 10.0
    assert reference.val_mae is not None


class StopsEarly(LongerIsBetter):
    """Final trainings end in their first epoch, and were planned for many."""

    def train(self, job, on_epoch):
        if job.hyperparameters.anneal:
            job = replace(job, hyperparameters=replace(job.hyperparameters, max_epochs=1))
        return replace(super().train(job, on_epoch), seconds=0.001)


def test_time_that_early_stops_leave_goes_to_further_configs(study, tmp_path):
    studies, _ = study(trials=12, finals="auto", plan=replace(PLAN, reference_seconds=0.0, count=4))
    studies.set_clock(Clock(search_until=time.time() + 60.0, until=time.time() + 90.0))
    run(studies, StopsEarly(), tmp_path)
    assert {row.config_id for row in outside(studies, "final")} >= set(range(12))
    assert not has_work(studies)


def tried(studies):
    return len([row for row in studies.evaluations() if row.stage == "quick" and not row.control])


def test_time_that_is_left_when_all_are_at_their_end_goes_to_new_configs(study, tmp_path):
    studies, _ = study(trials=5, finals="auto", plan=replace(PLAN, reference_seconds=0.0, count=4))
    studies.set_clock(Clock(search_until=time.time() + 60.0, until=time.time() + 90.0))
    run(studies, StopsEarly(), tmp_path)
    assert tried(studies) == 10, "twice as many as were planned, not more"
    assert {row.config_id for row in outside(studies, "final")} == set(range(10))
    assert not has_work(studies)
    studies.set_clock(None)
    run(studies, StopsEarly(), tmp_path)
    assert tried(studies) == 10, "a later run tries no more than it is asked for"


@pytest.mark.parametrize("steps, is_used", [(100, False), (300, True)])
def test_what_is_left_is_used_down_to_two_hundred_steps(study, steps, is_used):
    studies, _ = study(trials=5, finals="auto", plan=replace(PLAN, reference_seconds=0.0, count=4))
    quick = studies.spec.stage("quick")
    params = SearchSpace().preset()
    rows = [
        Evaluation(config, "quick", state=State.COMPLETE, val_mae=3.0 + config, params=params, seconds=1.0)
        for config in range(5)
    ]
    finals = [replace(row, control="final", parent=row.key) for row in rows]
    training = steps * PLAN.window_seconds["quick"] * quick.batch_size

    def clock(before):
        until = time.time() + (before + training) / 0.9
        return Clock(search_until=until - 1000.0, until=until)

    one_more = clock(1.25 * 1.0)  # its first stage may take a quarter longer than those of the others
    assert has_time_for_another_config(studies, [*rows, *finals], one_more) == is_used
    assert queue_finals(studies, [*rows, *finals[:-1]], clock(0.0), closing=True) == is_used


@pytest.mark.parametrize("hours", [None, "of a search of so many configs"])
def test_as_many_configs_as_the_user_says_are_all(study, tmp_path, hours):
    studies, _ = study(trials=5, finals="auto", plan=replace(PLAN, reference_seconds=0.0, count=4))
    studies.set_clock(hours and Clock(search_until=time.time() + 60.0, until=time.time() + 90.0, planned=False))
    run(studies, StopsEarly(), tmp_path)
    assert tried(studies) == 5


@pytest.mark.parametrize("search", [{"finals": 3}, {"finals": "auto", "keep_weights": "promoted"}])
def test_as_many_as_the_user_says_or_as_weights_were_kept_for_are_all(study, tmp_path, search):
    studies, _ = study(trials=12, plan=replace(PLAN, reference_seconds=0.0, count=3), **search)
    studies.set_clock(Clock(search_until=time.time() + 60.0, until=time.time() + 90.0))
    run(studies, StopsEarly(), tmp_path)
    assert len(outside(studies, "final")) < 12


def test_a_final_training_that_the_clock_cuts_counts_as_it_is(study, tmp_path):
    studies, _ = study(trials=2)
    now = time.time()
    studies.set_clock(Clock(search_until=now + 0.4, until=now + 0.5))
    slow = LongerIsBetter(seconds=0.2)
    run(studies, slow, tmp_path)
    (reference,) = outside(studies, "reference")
    assert reference.state is State.COMPLETE and reference.reason == "the time was over"
    assert reference.val_mae is not None and reference.epochs < slow.jobs[0].hyperparameters.max_epochs


def test_nothing_that_the_clock_would_cut_at_once_is_begun(study, tmp_path):
    studies, _ = study(trials=2)
    has_work(studies)  # queues config 0 and the reference
    now = time.time()
    studies.set_clock(Clock(search_until=now - 2, until=now - 1))
    stop = threading.Event()
    threading.Timer(2.0, stop.set).start()
    run(studies, LongerIsBetter(), tmp_path, stop)
    assert [row.state for row in outside(studies, "reference")] == [State.WAITING]
    assert outside(studies, "final") == []
    # The clock of a run that was killed stops nobody who goes on later.
    studies.set_clock(Clock(search_until=now - 10_000, until=now - 9_000))
    run(studies, LongerIsBetter(), tmp_path)
    assert not has_work(studies) and len(outside(studies, "final")) == 2


def test_a_cut_training_is_worth_what_its_weights_are(study, tmp_path):
    """A resumed one tells its old epochs first; the best of them may be later than where it is cut."""
    studies, _ = study(trials=2)
    studies.set_clock(Clock(search_until=time.time() + 100, until=time.time() + 0.3))

    class Resumed(LongerIsBetter):
        def train(self, job, on_epoch):
            if not job.hyperparameters.shortcuts:
                job.folder.mkdir(parents=True, exist_ok=True)
                write_arrays(job.folder / "weights.npz", {"kernel": np.ones(1)}, {"best_val": 1.25})
                time.sleep(0.5)
                on_epoch(Epoch(1, 1, 9.0, 9.0, 0.001, 0.1))
            return super().train(job, on_epoch)

    run(studies, Resumed(), tmp_path, _soon())
    (reference,) = outside(studies, "reference")
    assert (reference.state, reference.val_mae) == (State.COMPLETE, 1.25)


def test_a_reference_that_was_not_queued_is_queued_later(study, tmp_path):
    studies, _ = study(plan=replace(PLAN, reference_seconds=0.0))
    run(studies, LongerIsBetter(), tmp_path)
    assert outside(studies, "reference") == []
    again, _ = study()
    run(again, LongerIsBetter(), tmp_path)
    assert [row.state for row in outside(again, "reference")] == [State.COMPLETE]


def test_what_a_person_queues_outside_the_ladder_is_refused(study, tmp_path):
    studies, _ = study()
    studies.store.studies["final"].enqueue_trial({"learning_rate": 0.003})
    run(studies, LongerIsBetter(), tmp_path)
    assert not has_work(studies) and len(outside(studies, "final")) == 2
    assert any("queued by hand at final" in line for line in interventions(studies))
    assert studies.curves()


def _soon():
    stop = threading.Event()
    threading.Timer(3.0, stop.set).start()
    return stop
