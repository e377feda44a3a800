"""New configs are drawn from what all workers have found, and nobody waits while one is drawn."""

import math
import multiprocessing
import statistics
import threading
import time

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from gman_search.halving.evaluations import Evaluation, State
from gman_search.io.arrays import write_arrays
from gman_search.space import SearchSpace
from gman_search.training.job import TrainingResult
from gman_search.tuning.claim import Claim, claim_next
from gman_search.tuning.reconcile import reconcile
from gman_search.tuning.sampling import ConfigSampler, ImpossibleValues, distributions, ordered_values
from gman_search.tuning.worker import run_worker

CONTEXT = multiprocessing.get_context("fork")  # nothing here loads TensorFlow; spawn could not import this module
DRAWS = 60
SPACE = distributions(SearchSpace())
PRESET = {name: value for name, value in SearchSpace().preset().items() if name in SPACE}


def error_of(params) -> float:
    """Least at a learning rate of 0.01; the other parameters matter little."""
    return (
        (math.log10(params["learning_rate"]) + 2) ** 2 + 0.05 * params["dropout"] + 0.02 * (params["batch_size"] > 16)
    )


class Cheap:
    """A trainer whose result is `error_of` the config."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def train(self, job, on_epoch) -> TrainingResult:
        write_arrays(job.folder / "weights.npz", {"kernel": np.ones(1)}, {})
        time.sleep(self.seconds)
        return TrainingResult(State.COMPLETE, 3.0 + error_of(vars(job.hyperparameters)), 1, 0.1, "", (), {})


def drawn_in_order(studies) -> list[dict]:
    return [row.params for row in studies.evaluations() if row.stage == "quick"]


def at_random(count: int) -> list[float]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    return [error_of(study.ask(SPACE).params) for _ in range(count)]


def work(open_study, folder, name) -> None:
    studies, _ = open_study(trials=DRAWS)
    run_worker(studies, Cheap(0.02), folder, name)


@pytest.mark.slow
def test_several_workers_draw_far_better_than_at_random_once_they_have_results(open_study, tmp_path):
    studies, _ = open_study(trials=DRAWS)
    studies.store.storage.engine.dispose()
    workers = [CONTEXT.Process(target=work, args=(open_study, tmp_path, f"w{number}")) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 3
    later = drawn_in_order(studies)[DRAWS // 2 :]
    assert len(later) == DRAWS // 2
    assert statistics.median(map(error_of, later)) < 0.25 * statistics.median(at_random(200))
    rates = sorted(params["learning_rate"] for params in later)
    assert rates[len(rates) // 4] > 0.004, "at random a quarter lies below 0.0013"


def test_one_worker_draws_the_same_by_the_same_seed_however_often_it_begins_anew(open_study, tmp_path):
    studies, _ = open_study(trials=30, database="one")
    run_worker(studies, Cheap(), tmp_path / "one", "w")
    for trials in (7, 8, 20, 30):
        resumed, _ = open_study(trials=trials, database="two")
        run_worker(resumed, Cheap(), tmp_path / "two", "w")
    # With other totals other configs are promoted, which are trained between the draws.
    assert drawn_in_order(resumed) == drawn_in_order(studies)
    assert len({params["learning_rate"] for params in drawn_in_order(studies)}) == 30


def test_what_another_worker_finished_or_began_is_seen_at_the_next_draw(open_study):
    one, _ = open_study(trials=20)
    other, _ = open_study(trials=20)
    preset = claim_next(one, "one")
    first = claim_next(one, "one")
    other.store.finish(preset.trial_id, State.COMPLETE, 3.5, {"curve": "[]"})
    assert isinstance(claim_next(other, "other"), Claim)
    seen = other.sampler.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.RUNNING))
    assert [(trial.state, trial.value) for trial in seen] == [(TrialState.COMPLETE, 3.5), (TrialState.RUNNING, None)]
    assert seen[1].params["learning_rate"] == first.evaluation.params["learning_rate"]
    other.store.finish(first.trial_id, State.COMPLETE, 3.0, {"curve": "[]"})
    claim_next(one, "one")
    values = [trial.value for trial in one.sampler.study.get_trials(states=(TrialState.COMPLETE,))]
    assert values == [3.5, 3.0]


def test_a_config_that_was_reserved_is_avoided_once_it_is_drawn(open_study, monkeypatch):
    """It was read between its worker's claim and its draw."""
    one, _ = open_study(trials=20)
    other, _ = open_study(trials=20)
    claim_next(one, "one")
    with one.store.lock():
        reserved = one.reserve("one")
        reconcile(other)
    drawn = one.draw(reserved, ())
    one.set_params(reserved, drawn, "one")
    claim_next(other, "other")
    running = other.sampler.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    assert drawn["learning_rate"] in [trial.params["learning_rate"] for trial in running]


def test_nobody_waits_while_a_config_is_drawn(open_study, monkeypatch):
    slow, _ = open_study(trials=20)
    quick, _ = open_study(trials=20)
    claim_next(slow, "preset")
    drawing, go_on, claims = threading.Event(), threading.Event(), []
    draw = slow.sampler.draw

    def slowly(*given):
        drawing.set()
        assert go_on.wait(60)
        return draw(*given)

    monkeypatch.setattr(slow.sampler, "draw", slowly)
    thread = threading.Thread(target=lambda: claims.append(claim_next(slow, "slow")))
    thread.start()
    assert drawing.wait(60)
    other = claim_next(quick, "quick")
    assert isinstance(other, Claim) and thread.is_alive()
    go_on.set()
    thread.join(60)
    assert claims[0].evaluation.config_id != other.evaluation.config_id
    assert SPACE.keys() <= claims[0].evaluation.params.keys()


def test_a_worker_killed_between_claim_and_draw_leaves_a_config_that_is_drawn_by_another(open_study, tmp_path):
    studies, leases = open_study(trials=3)
    run_worker(studies, Cheap(), tmp_path, "w", leave_early=lambda finished: True)
    with studies.store.lock():
        studies.reserve("killed")
    with leases.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE gman_search_leases SET expires = 0")
    run_worker(studies, Cheap(), tmp_path, "heir")
    rows = [row for row in studies.evaluations() if row.stage == "quick"]
    assert [(row.config_id, row.attempt, row.state) for row in rows if row.config_id == 1] == [
        (1, 1, State.FAILED), (1, 2, State.COMPLETE),
    ]  # fmt: skip
    assert all(SPACE.keys() <= row.params.keys() for row in rows if row.state is State.COMPLETE)


@pytest.mark.parametrize("loses", ["lease", "trial"])
def test_who_lost_the_evaluation_while_drawing_writes_nothing(open_study, monkeypatch, loses):
    studies, leases = open_study(trials=20)
    claim_next(studies, "w")
    draw = studies.sampler.draw

    def interrupted(number, given):
        trial = studies.trials("quick")[number]
        if loses == "trial":
            studies.store.by_stage["quick"].tell(number, state=TrialState.FAIL)  # a person, by the dashboard
        else:
            leases.acquire(trial.trial_id, "another")
        return draw(number, given)

    monkeypatch.setattr(studies.sampler, "draw", interrupted)
    assert not isinstance(claim_next(studies, "w"), Claim)
    assert studies.trials("quick")[1].params == {}
    assert leases.live().get(studies.trials("quick")[1].trial_id) == (None if loses == "trial" else "another")


def row(number, state=State.COMPLETE, val_mae=None, **more) -> Evaluation:
    params = more.pop("params", PRESET)
    return Evaluation(number, "quick", state=state, val_mae=val_mae, params=params, facts={"trial": number}, **more)


def test_the_sampler_learns_from_whole_evaluations_and_counts_others_as_bad():
    sampler = ConfigSampler(SPACE, 3, seed=0)
    running = row(2, State.RUNNING)
    sampler.see([row(0, val_mae=3.5), row(1, State.WAITING), running, row(3, State.FAILED), row(4, params={})])
    sampler.see([running, row(5, State.PRUNED, 4.0, epochs=2), row(6, State.PRUNED, 0.1, reason="ended by hand: x")])
    sampler.see([row(7, val_mae=math.inf), row(8, val_mae=0.1, control="cold")])
    sampler.see([row(2, val_mae=3.2), row(9, params={**PRESET, "learning_rate": 0.9}, val_mae=0.1)])
    told = [
        (trial.state, trial.value, trial.intermediate_values)
        for trial in sampler.study.get_trials()
        if trial.state is not TrialState.FAIL
    ]
    assert told == [
        (TrialState.COMPLETE, 3.5, {}),
        (TrialState.RUNNING, None, {}),
        (TrialState.COMPLETE, 3.2, {}),
        (TrialState.PRUNED, None, {2: 4.0}),
        (TrialState.PRUNED, None, {}),
        (TrialState.PRUNED, None, {}),
    ]


def test_what_runs_is_avoided():
    """All the same history, but in one a config is under way where the sampler would go."""

    def drawn(busy: bool) -> list[float]:
        random, rates = np.random.default_rng(0), []
        for seed in range(40):
            sampler = ConfigSampler({"learning_rate": SPACE["learning_rate"]}, 3, seed)
            near = [0.01 * 10 ** random.normal(0, 0.02) for _ in range(8)] if busy else []
            known = [0.0006, 0.001, 0.002, 0.004, 0.01, 0.02]
            rows = [row(n, val_mae=(math.log10(x) + 2) ** 2, params={"learning_rate": x}) for n, x in enumerate(known)]
            busy_rows = [row(10 + n, State.RUNNING, params={"learning_rate": x}) for n, x in enumerate(near)]
            sampler.see([*rows, *busy_rows])
            rates.append(sampler.draw(50)["learning_rate"])
        return rates

    close = [sum(abs(math.log10(rate) + 2) < 0.1 for rate in drawn(busy)) for busy in (False, True)]
    assert close[1] < close[0] / 2


def test_choices_of_numbers_keep_their_order_and_are_drawn_as_they_are_stored():
    ordered = {name for name, distribution in SPACE.items() if ordered_values(distribution) is not None}
    assert ordered == {"batch_size", "weight_decay", "clip_norm"}
    space = {**SPACE, "batch_size": optuna.distributions.CategoricalDistribution((64, 16, 32))}
    sampler = ConfigSampler(space, 3, seed=0)
    for number in range(30):
        params = sampler.draw(number)
        assert all(space[name]._contains(space[name].to_internal_repr(value)) for name, value in params.items())
        assert type(params["batch_size"]) is int and type(params["causal"]) is bool
        sampler.see([row(number, val_mae=float(params["batch_size"]), params=params)])
    largest = [params["batch_size"] for params in (sampler.draw(100 + number) for number in range(20))]
    assert largest.count(16) > 12


def test_given_values_stay_and_impossible_ones_are_named():
    sampler = ConfigSampler(SPACE, 3, seed=0)
    params = sampler.draw(1, {"learning_rate": 0.0123, "batch_size": 64, "unknown": 3})
    assert (params["learning_rate"], params["batch_size"]) == (0.0123, 64) and params.keys() == SPACE.keys()
    assert sampler.draw(1, PRESET) == PRESET
    for given in ({"learning_rate": "fast"}, {"batch_size": 24}, {"causal": "yes"}):
        with pytest.raises(ImpossibleValues, match=next(iter(given))):
            sampler.draw(1, given)


def test_the_study_says_how_it_is_drawn(open_study):
    studies, _ = open_study(trials=4)
    assert studies.store.by_stage["quick"].user_attrs["sampler"] == {
        "name": "TPESampler",
        "multivariate": True,
        "n_startup_trials": 3,
        "ordered": ["batch_size", "weight_decay", "clip_norm"],
    }
