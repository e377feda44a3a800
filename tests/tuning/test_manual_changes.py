"""A person at optuna-dashboard during a run: the study copes, and says so. Every act goes through the real dashboard."""

import io
import json
import threading

import pytest
from optuna_dashboard import wsgi

from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.promotion import best_evaluation
from gman_search.tuning.manual_changes import interventions
from gman_search.tuning.reconcile import reconcile
from gman_search.tuning.worker import run_worker


def tell(studies, trial, **content) -> None:
    """What the dashboard's buttons send."""
    body = json.dumps(content).encode()
    seen = []
    answer = wsgi(studies.store.storage)(
        {
            "REQUEST_METHOD": "POST", "PATH_INFO": f"/api/trials/{trial.trial_id}/tell", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
            "SERVER_NAME": "x", "SERVER_PORT": "0", "wsgi.url_scheme": "http",
        },
        lambda status, headers, *_: seen.append(status),
    )  # fmt: skip
    b"".join(answer)
    assert seen[0].startswith("204"), seen


@pytest.fixture
def acting(make_trainer):
    """acting(act, config_id, stage) -> a trainer during whose evaluation of that config `act()` happens."""

    class Acting(make_trainer):
        def __init__(self, act, config_id=1, stage="quick") -> None:
            super().__init__()
            self.act, self.when = act, (config_id, stage)

        def train(self, job, on_epoch):
            if (job.config_id, job.stage) == self.when:
                self.act()
            return super().train(job, on_epoch)

    return Acting


def latest(studies, key):
    return next(row for row in latest_attempts(studies.evaluations()) if row.key == key)


def test_a_running_trial_that_a_person_fails_is_left_and_not_tried_again(open_study, acting, tmp_path):
    studies, _ = open_study(trials=4)
    trainer = acting(lambda: tell(studies, studies.trials("quick")[1], state="Fail"))
    run_worker(studies, trainer, tmp_path, "w")
    row = latest(studies, "quick/1")
    assert (row.state, row.attempt) == (State.FAILED, 1)
    assert interventions(studies) == ["quick/1: ended by hand: failed"]
    assert latest(studies, "full/" + str(best_evaluation(studies.evaluations(), studies.schedule).config_id)).val_mae


def test_a_trial_that_a_person_completes_takes_its_place_and_is_not_ranked(open_study, acting, tmp_path):
    studies, _ = open_study(trials=4)
    trainer = acting(lambda: tell(studies, studies.trials("quick")[1], state="Complete", values=[0.01]))
    run_worker(studies, trainer, tmp_path, "w")
    row = latest(studies, "quick/1")
    assert (row.state, row.val_mae) == (State.PRUNED, None)
    assert studies.trials("quick")[1].state is State.COMPLETE, "Optuna's own record is the person's"
    assert interventions(studies) == ["quick/1: ended by hand: complete with the value 0.01, which is not ranked"]
    assert all(row.config_id != 1 for row in studies.evaluations() if row.stage != "quick")
    assert sum(row.stage == "quick" for row in studies.evaluations()) == 4


def test_a_waiting_promotion_that_a_person_fails_gives_its_place_to_nobody(open_study, make_trainer, tmp_path):
    studies, _ = open_study(trials=4)
    stop = threading.Event()

    class Four(make_trainer):
        def train(self, job, on_epoch):
            outcome = super().train(job, on_epoch)
            if len(self.jobs) == 4:
                stop.set()
            return outcome

    run_worker(studies, Four(), tmp_path, "w", stop=stop)
    with studies.store.lock():
        reconcile(studies)
    (promoted,) = studies.trials("medium")
    tell(studies, promoted, state="Fail")
    trainer = make_trainer()
    run_worker(studies, trainer, tmp_path, "w")
    assert trainer.jobs == []
    assert [row.reason for row in studies.evaluations() if row.stage == "medium"] == ["ended by hand: failed"]


def test_a_config_that_a_person_queues_is_trained_and_said(open_study, acting, tmp_path):
    studies, _ = open_study(trials=4)
    trainer = acting(lambda: studies.store.by_stage["quick"].enqueue_trial({"learning_rate": 0.0123, "unknown": 3}))
    run_worker(studies, trainer, tmp_path, "w")
    (row,) = [
        row for row in studies.evaluations() if row.params.get("learning_rate") == 0.0123 and row.stage == "quick"
    ]
    assert row.state is State.COMPLETE
    assert interventions(studies) == [f"{row.key} was queued by hand"]
    assert sum(row.stage == "quick" for row in studies.evaluations()) == 4


@pytest.mark.parametrize("rate", [0.0123, "fast"])
def test_what_is_queued_while_a_worker_draws_is_claimed_as_a_persons(
    open_study, make_trainer, tmp_path, monkeypatch, rate
):
    """A person holds no lock, so a trial can appear between the worker's look and its draw."""
    studies, _ = open_study(trials=4)
    reserved = studies.reserve

    def reserve(*given):
        if len(studies.trials("quick")) == 1:
            studies.store.by_stage["quick"].enqueue_trial({"learning_rate": rate})
        return reserved(*given)

    monkeypatch.setattr(studies, "reserve", reserve)
    run_worker(studies, make_trainer(), tmp_path, "w")
    (line,) = interventions(studies)
    assert line.startswith("quick/1") and ("queued by hand" in line or "impossible values" in line)


def test_a_config_queued_with_impossible_values_is_refused_and_the_study_goes_on(open_study, acting, tmp_path):
    studies, _ = open_study(trials=4)
    trainer = acting(lambda: studies.store.by_stage["quick"].enqueue_trial({"learning_rate": "fast"}))
    run_worker(studies, trainer, tmp_path, "w")
    (refused,) = [row for row in studies.evaluations() if row.state is State.FAILED]
    assert "impossible values: learning_rate" in refused.reason
    assert any("impossible values" in line for line in interventions(studies))
    assert sum(row.state is State.COMPLETE for row in studies.evaluations()) == 3 + 1 + 1


def test_what_a_person_queues_above_the_first_stage_is_refused(open_study, acting, tmp_path):
    studies, _ = open_study(trials=4)
    trainer = acting(lambda: studies.store.by_stage["medium"].enqueue_trial({"learning_rate": 0.0123}))
    run_worker(studies, trainer, tmp_path, "w")
    assert [row.stage for row in studies.evaluations()] == ["quick"] * 4 + ["medium", "full"]
    assert all(row.state is State.COMPLETE for row in studies.evaluations())
    (line,) = interventions(studies)
    assert line.startswith("trial 0 of medium: queued by hand at medium: expected configs in test/quick")
