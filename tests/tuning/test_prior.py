"""A search that knows an earlier one: it finds sooner what is good, and nothing else about it differs."""

import math
import statistics

import pytest

from gman_search.errors import StudyError, UsageError
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.prior import PriorConfig, prior_configs
from gman_search.space import SearchSpace
from gman_search.spec import StudySpec
from gman_search.tuning.claim import claim_next
from gman_search.tuning.earlier import earlier_configs
from gman_search.tuning.reconcile import reconcile
from gman_search.tuning.sampling import ConfigSampler, distributions
from gman_search.tuning.worker import run_worker

from .test_sampling import Cheap

SPACE = distributions(SearchSpace())
PRESET = {name: value for name, value in SearchSpace().preset().items() if name in SPACE}
DRAWS, STARTUP = 14, 10


def here(params):
    """Least at a learning rate of 0.01 and a dropout of 0.2."""
    return 20 + 40 * ((math.log10(params["learning_rate"]) + 2) ** 2 + (params["dropout"] - 0.2) ** 2)


def elsewhere(params):
    """Of another size, and least at a learning rate of 0.007."""
    return 3 + (math.log10(params["learning_rate"]) + 2.15) ** 2 + (params["dropout"] - 0.2) ** 2


def row(number, error, params, state=State.COMPLETE):
    return Evaluation(number, "quick", state=state, val_mae=error, params=params, facts={"trial": number})


def searched(error, draws, seed, prior=()):
    """Evaluations of so many configs, the reference config first."""
    sampler, rows = ConfigSampler(SPACE, STARTUP, seed, prior), []
    for number in range(draws):
        params = sampler.draw(number, None if number else PRESET)
        rows.append(row(number, error(params), params))
        sampler.see(rows[-1:])
    return rows


@pytest.mark.slow
def test_draws_are_better_than_those_of_a_search_that_begins_from_nothing():
    gains = []
    for seed in range(8):
        prior = prior_configs("earlier", searched(elsewhere, 40, 100 + seed), "quick")
        with_prior, without = (
            statistics.median(one.val_mae for one in searched(here, DRAWS, seed, known)[1:]) for known in (prior, ())
        )
        gains.append((with_prior - 20) / (without - 20))
    assert statistics.median(gains) < 0.5


def test_nothing_is_known_before_the_reference_config_has_ended_and_then_it_is_the_oldest():
    prior = [PriorConfig("a/quick/1", {**PRESET, "dropout": 0.2}, 0.5), PriorConfig("a/quick/0", PRESET, 1.0)]
    sampler, other = (ConfigSampler(SPACE, STARTUP, 0, prior) for _ in range(2))
    running, late = row(1, None, {**PRESET, "dropout": 0.1}, State.RUNNING), row(1, 7.0, {**PRESET, "dropout": 0.1})
    sampler.see([row(0, None, PRESET, State.RUNNING), running])
    assert [trial.value for trial in sampler.study.trials] == [None, None]
    sampler.see([reference := row(0, 8.0, PRESET), running])
    sampler.see([late])
    other.see([reference, late])  # a worker that joins later
    for one in (sampler, other):
        assert [trial.value for trial in one.study.trials] == [4.0, 8.0, 8.0, 7.0]
    assert sampler.draw(5) == other.draw(5) and sampler.description["prior"] == 2


def test_what_is_outside_the_space_or_of_another_one_is_left_out():
    prior = [
        PriorConfig("a/quick/1", {**PRESET, "learning_rate": 0.9}, 0.5),
        PriorConfig("a/quick/2", {"learning_rate": 0.002}, 0.6),
        PriorConfig("a/quick/3", {**PRESET, "batch_size": 24}, 0.7),
        PriorConfig("a/quick/4", {**PRESET, "unknown": 3}, 0.8),
    ]
    sampler = ConfigSampler(SPACE, STARTUP, 0, prior)
    sampler.see([row(0, 10.0, PRESET)])
    assert [trial.value for trial in sampler.study.trials] == [8.0, 10.0]


def test_a_search_tries_the_best_first_and_every_worker_knows_all(open_study, tmp_path):
    studies, _ = open_study(trials=6)
    rates = (0.9, 0.011, 0.008, 0.011, 0.009, 0.007)  # the first is outside the space
    prior = [
        PriorConfig(f"old/quick/{n}", {**PRESET, "learning_rate": rate}, 0.5 + n / 100) for n, rate in enumerate(rates)
    ]
    assert studies.learn_from(prior)
    reconcile(studies)
    first = [row for row in studies.evaluations() if row.stage == "quick"]
    assert [row.params["learning_rate"] for row in first] == [PRESET["learning_rate"], 0.011, 0.008, 0.009]
    assert [row.facts.get("prior") for row in first] == [None, "old/quick/1", "old/quick/2", "old/quick/4"]
    joined, _ = open_study(trials=6)
    assert joined.prior == prior
    assert joined.learn_from([]) and joined.prior == prior  # it has begun
    run_worker(joined, Cheap(), tmp_path, "w")
    quick = [row for row in joined.evaluations() if row.stage == "quick"]
    assert [row.config_id for row in quick] == list(range(6)) and all(row.state is State.COMPLETE for row in quick)


def test_a_search_that_has_begun_without_goes_on_without(open_study):
    studies, _ = open_study(trials=6)
    claim_next(studies, "w")
    assert not studies.learn_from([PriorConfig("old/quick/1", PRESET, 0.5)]) and studies.prior == []


def test_a_study_is_not_like_itself_or_like_none(tmp_path):
    with pytest.raises(UsageError, match="another study after --like than mine itself"):
        earlier_configs(["mine"], "mine", tmp_path, None)
    with pytest.raises(StudyError, match="nowhere"):
        earlier_configs(["nowhere"], "mine", tmp_path, None)
    with pytest.raises(StudyError):
        earlier_configs([str(tmp_path / "far" / "demo")], "demo", tmp_path, None)


def test_a_study_that_has_begun_needs_the_earlier_one_no_more(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "spec.json").write_text(StudySpec(name="mine").model_dump_json())
    assert earlier_configs(["deleted"], "mine", tmp_path, None) == []
