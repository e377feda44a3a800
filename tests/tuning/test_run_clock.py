"""A run of some hours ends in time on a machine that is slower than estimated, too."""

import time

import pytest

from gman_search.halving.evaluations import State
from gman_search.halving.finals import FinalsPlan
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.tuning.finals import slowness
from gman_search.tuning.in_memory_trial_store import InMemoryTrialStore
from gman_search.tuning.run_clock import RunClock, TimeLimit
from gman_search.tuning.search_study import SearchStudy

PLAN = FinalsPlan(
    windows=6400,
    validation=250,
    window_seconds={"quick": 0.002, "medium": 0.005, "full": 0.02},
    reference_window_seconds=0.002,
    reference_seconds=0.0,
    final_seconds=20.0,
    count=2,
    test_seconds=100.0,
)


@pytest.fixture
def study():
    spec = StudySpec(name="t", trials=50, halving=HalvingSpec(reduction_factor=4), search=SearchSpec())
    store = InMemoryTrialStore(("quick", "medium", "full", "final"))
    return SearchStudy(store, spec, spec.schedule((4, 4)), "data", finals=PLAN)


def ended(study: SearchStudy, count: int, times_as_long: float) -> None:
    stage = study.spec.preset_stages()[0]
    steps = 80
    windows = stage.batch_size * stage.steps_per_epoch
    seconds = times_as_long * steps * stage.batch_size * 0.002 * (1 + 250 / 3 / windows)
    params = {**study.spec.space.preset(), "batch_size": stage.batch_size}
    for _ in range(count):
        trial = study.reserve("w")
        study.set_params(trial, params, "w")
        attrs = {"seconds": seconds, "facts": {"steps": steps}, "curve": "[]"}
        study.store.finish(trial.trial_id, State.COMPLETE, 4.0, attrs, worker="w")


@pytest.mark.parametrize("times_as_long", [1.0, 2.0, 0.5])
def test_slowness_is_what_evaluations_took_for_what_was_planned(study, times_as_long):
    assert slowness(study, []) is None
    ended(study, 3, times_as_long)
    assert slowness(study, study.evaluations()) == pytest.approx(times_as_long)


def test_on_a_slow_machine_training_ends_earlier_because_the_test_takes_longer(study):
    began = time.monotonic()
    clock = RunClock(study, TimeLimit(0.5, began))
    first = study.clock()
    assert clock.until == pytest.approx(began + 1700) and first.until - time.time() == pytest.approx(1700, abs=2)
    assert first.search_until < first.until
    ended(study, 2, 2.0)
    assert not clock.look(), "two evaluations are too few"
    ended(study, 1, 2.0)
    assert clock.look() and not clock.look()
    corrected = study.clock()
    assert corrected.until == pytest.approx(first.until - 100, abs=1)
    assert corrected.search_until < first.search_until
    ended(study, 3, 1.0)
    assert clock.look(), "again when there are twice as many"
    assert corrected.until < study.clock().until < first.until
    clock.end()
    assert study.clock() is None


def test_on_a_fast_machine_the_time_stays(study):
    clock = RunClock(study, TimeLimit(0.5, time.monotonic()))
    before = study.clock()
    ended(study, 3, 0.4)
    assert clock.look()
    assert study.clock() == pytest.approx(before, abs=1)


def test_a_run_without_hours_has_no_clock(study):
    clock = RunClock(study, None)
    ended(study, 4, 2.0)
    assert clock.until is None and not clock.look() and study.clock() is None


def test_hours_that_only_end_a_search_of_so_many_configs_leave_most_of_the_time_for_these(study):
    left = {}
    for planned in (True, False):
        RunClock(study, TimeLimit(0.5, time.monotonic(), planned))
        clock = study.clock()
        assert clock.planned is planned
        left[planned] = clock.search_until - time.time()
    assert left[True] < 0.6 * 1700 < 0.7 * 1700 < left[False] < 0.9 * 1700
