"""The contest of searches: our specification is a valid one, and the summary says when a peer's end was reached."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

from gman_search.spec import StudySpec


@pytest.fixture(scope="module")
def contest(repository):
    sys.path.insert(0, str(repository / "benchmarks"))
    yield __import__("head_to_head")
    sys.path.remove(str(repository / "benchmarks"))


def run(contender, tests, seed=0, minutes=10):
    course = [{"seconds": 10.0 * (index + 1), "test": value} for index, value in enumerate(tests)]
    return {"contender": contender, "seed": seed, "minutes": minutes, "budget": "cut", "course": course}


def test_a_peers_end_is_reached_when_ours_stays_at_or_below_it(contest):
    rows = [run("gman-search", [5.0, 4.0, 4.2, 3.9]), run("optuna", [6.0, 4.1])]
    (told,) = contest.summary(rows)
    assert (told["peer"], told["peer_test"], told["peer_seconds"], told["our_test"]) == ("optuna", 4.1, 20.0, 3.9)
    assert told["reached_by_us_after"] == 40.0, "4.0 was reached before, and lost again"
    assert told["reached_by_peer_after"] is None


def test_a_peers_end_that_is_never_reached_and_contests_without_a_course(contest):
    rows = [run("gman-search", [5.0]), run("optuna", [4.1]), run("keras-tuner", []), run("optuna", [4.0], seed=1)]
    (told,) = contest.summary(rows)
    assert told["reached_by_us_after"] is None and told["reached_by_peer_after"] == 10.0


def test_contests_of_another_length_are_not_compared(contest):
    rows = [run("gman-search", [5.0]), run("optuna", [4.1], minutes=30), run("gman-search", [4.0], minutes=30)]
    (told,) = contest.summary(rows)
    assert (told["minutes"], told["our_test"], told["peer_test"]) == (30, 4.0, 4.1)


def test_a_contender_that_fails_is_no_weak_one(contest, tmp_path):
    with pytest.raises(SystemExit, match="a worker of nobody ended early"):
        contest.their_endings("nobody", tmp_path, 0, 0.1, "--data", str(tmp_path))


@pytest.mark.parametrize("eta", [4, "cost"])
def test_our_search_has_the_budget_of_the_recorded_curves_at_every_stage(contest, eta):
    told = tomllib.loads(contest.our_spec(Path("/data"), 3, eta, "cut"))
    spec = StudySpec.model_validate(told)
    assert spec.halving.reduction_factor == eta
    assert spec.seed == 3 and spec.search.workers == 2 and spec.search.threads == 1
    assert {(stage.max_epochs, stage.steps_per_epoch, stage.patience) for stage in spec.stage_list()} == {(10, 24, 10)}


def test_peers_may_train_as_many_epochs_as_all_our_stages_on_a_schedule_of_the_same_shape(contest):
    from contest_budget import BUDGETS, at_full

    assert [at_full(budget).max_epochs for budget in BUDGETS] == [30, 46]
    spec = StudySpec.model_validate(tomllib.loads(contest.our_spec(Path("/data"), 3, 4, "fifth")))
    quick, medium, full = spec.stage_list()
    assert (quick.max_epochs, medium.max_epochs, full.max_epochs, full.steps_per_epoch) == (10, 16, 20, None)
    peers = at_full("fifth")
    assert peers.patience == 46 and peers.decay_epoch / 46 == pytest.approx(full.decay_epoch / full.max_epochs)
    assert (peers.L, peers.K, peers.d, peers.batch_size) == (full.L, full.K, full.d, full.batch_size)


def test_the_table_of_the_page_is_what_is_kept(contest, repository):
    rows = json.loads((repository / "benchmarks" / "results" / "head-to-head.json").read_text())["runs"]
    text = (repository / "benchmarks" / "searches.md").read_text()
    missing = [line for line in contest.table(rows).splitlines() if line not in text]
    assert not missing, "write what `python benchmarks/head_to_head.py --summary` prints into benchmarks/searches.md"
