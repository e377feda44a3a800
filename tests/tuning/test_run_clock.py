"""A run of some hours ends in time on a machine that is slower than estimated, too."""

import time
from dataclasses import replace

import pytest

from gman_search.halving.evaluations import State
from gman_search.halving.finals import FinalsPlan
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.tuning.finals import slowness
from gman_search.tuning.finals import test_seconds as seconds_of_test
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
    tested_windows=10_000,
    other_test_seconds=40.0,
)


@pytest.fixture
def study():
    spec = StudySpec(name="t", trials=50, halving=HalvingSpec(reduction_factor=4), search=SearchSpec())
    store = InMemoryTrialStore(("quick", "medium", "full", "final"))
    return SearchStudy(store, spec, spec.schedule((4, 4)), "data", finals=PLAN)


def window_seconds(study: SearchStudy) -> float:
    """Of training on one window, with the validation after it, as planned."""
    stage = study.spec.preset_stages()[0]
    return 0.002 * (1 + 250 / 3 / (stage.batch_size * stage.steps_per_epoch))


def ended(study: SearchStudy, count: int, times_as_long: float) -> None:
    stage = study.spec.preset_stages()[0]
    steps = 80
    seconds = times_as_long * steps * stage.batch_size * window_seconds(study)
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


def to_test(times_as_long: float) -> float:
    return 40.0 + max(0.7, 0.5 * times_as_long) * 11 / 3 * 0.002 * 10_000


@pytest.mark.parametrize("times_as_long", [0.4, 1.0, 3.0])
def test_the_time_of_the_test_is_that_of_models_like_those_there_are_at_the_speed_of_the_machine(study, times_as_long):
    began = time.monotonic()
    clock = RunClock(study, TimeLimit(0.5, began))
    first = study.clock()
    assert clock.until == pytest.approx(began + 1700) and first.until - time.time() == pytest.approx(1700, abs=2)
    assert first.search_until < first.until
    ended(study, 2, times_as_long)
    assert not clock.look(), "two evaluations are too few"
    ended(study, 1, times_as_long)
    assert clock.look() and not clock.look()
    assert clock.until == pytest.approx(began + 1800 - to_test(times_as_long), abs=1)
    assert study.clock().until == pytest.approx(first.until + 100 - to_test(times_as_long), abs=1)
    clock.end()
    assert study.clock() is None


@pytest.mark.parametrize("times_as_long", [0.5, 1.0, 4.0])
def test_what_baselines_take_in_the_test_is_as_much_longer_as_their_first_fit_was(study, times_as_long):
    """Boosted trees are slow on machines where GMANs are not: no evaluation shows how long they will take."""
    study.finals = replace(PLAN, first_fit_seconds=20.0)
    began = time.monotonic()
    clock = RunClock(study, TimeLimit(0.5, began), 20.0 * times_as_long)
    later = 40.0 * (times_as_long - 1)
    assert clock.until == pytest.approx(began + 1700 - later)
    ended(study, 3, 1.0)
    assert clock.look()
    assert clock.until == pytest.approx(began + 1800 - to_test(1.0) - later, abs=1)
    assert RunClock(study, TimeLimit(0.5, began)).until == pytest.approx(began + 1700), (
        "as planned where none was fitted"
    )


def test_with_every_evaluation_that_ends_the_time_is_corrected(study):
    clock = RunClock(study, TimeLimit(0.5, time.monotonic()))
    ended(study, 3, 4.0)
    assert clock.look()
    slow = study.clock()
    ended(study, 3, 1.0)
    assert clock.look() and slow.until < study.clock().until and slow.search_until < study.clock().search_until


def test_a_clock_that_is_over_does_not_expire_while_what_began_before_trains_on(study, monkeypatch):
    clock = RunClock(study, TimeLimit(0.5, time.monotonic() - 1790))  # the test takes more than what is left
    ended(study, 3, 1.0)
    clock.look()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1000)
    assert study.clock() is None, "as for the next run, if this one had been killed"
    clock.look()
    assert study.clock() is not None and study.clock().until == pytest.approx(now + 1000, abs=1)


def test_larger_models_that_will_be_tested_take_longer(study):
    ended(study, 3, 1.0)
    small = seconds_of_test(study, study.evaluations())
    study.spec = study.spec.model_copy(update={"search": study.spec.search.model_copy(update={"workers": 1})})
    assert seconds_of_test(study, study.evaluations()) - 40 == pytest.approx((small - 40) / 0.7)
    medium = [replace(row, stage="medium", config_id=9, val_mae=3.0) for row in study.evaluations()[:1]]
    assert seconds_of_test(study, [*study.evaluations(), *medium]) > seconds_of_test(study, study.evaluations())


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
