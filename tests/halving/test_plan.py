"""How long a search takes, against searches that are played through."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.plan import StageCost, most_trials, plan_search
from gman_search.spec import SearchSpec

COSTS = [StageCost(6.0, 2.0), StageCost(16.0, 3.0), StageCost(40.0, 5.0)]


def test_one_worker_does_all_and_compiles_once():
    plan = plan_search(COSTS, (50, 12, 3), 1)
    assert plan.by_stage == (302, 195, 125)
    assert plan.wall == plan.in_all == 622
    assert plan.all_in_full == 50 * 40 + 5


def test_every_worker_that_has_work_compiles_for_itself():
    assert plan_search(COSTS, (50, 12, 3), 16).by_stage == (50 * 6 + 16 * 2, 12 * 16 + 12 * 3, 3 * 40 + 3 * 5)


def test_with_workers_for_everybody_the_wall_time_is_nearly_that_of_one_config_at_all_stages():
    assert plan_search(COSTS, (8, 2, 1), 1000).wall == pytest.approx(72, rel=0.01)


def played(costs, quotas, workers):
    """The end of the last evaluation where each goes to the worker that is free first; promotions as soon as may be."""
    free, ends = [0.0] * workers, []
    for index, (cost, quota) in enumerate(zip(costs, quotas, strict=True)):
        ready, ended = (sorted(ends)[-quota:] if index else [0.0] * quota), []
        for time in ready:
            worker = free.index(min(free))
            free[worker] = max(free[worker], time) + cost.seconds
            ended.append(free[worker])
        ends = ended
    return max(ends)


@given(
    some.lists(some.floats(1, 50), min_size=3, max_size=3),
    some.tuples(some.integers(10, 60), some.integers(4, 10), some.integers(1, 4)),
    some.integers(1, 12),
)
def test_the_wall_time_bounds_that_of_a_search_that_is_played_through(seconds, quotas, workers):
    costs = [StageCost(each, 0.0) for each in sorted(seconds)]
    foretold, played_through = plan_search(costs, quotas, workers).wall, played(costs, quotas, workers)
    # A bound from above that is never far: promotions wait less than the longest chain allows.
    assert 0.999 * played_through <= foretold < 1.8 * played_through


def test_threads_and_workers_beyond_the_cores_count_for_nothing():
    assert SearchSpec(workers=2, threads=1).share_of(2) == (2, 1)
    assert SearchSpec(workers=1, threads=8).share_of(2) == (1, 2)
    assert SearchSpec(workers=2, threads=64).share_of(16) == (2, 8)
    assert SearchSpec(workers=500, threads=1).share_of(2) == (2, 1)


@given(some.floats(1, 1e6), some.integers(1, 12), some.integers(1, 5))
def test_as_many_trials_fit_as_end_in_the_time_and_one_more_would_not(seconds, workers, eta):
    def wall(trials):
        quotas = HalvingSchedule(("quick", "medium", "full"), (eta, eta), trials).rung_sizes()
        return plan_search(COSTS, quotas, workers).wall

    most = most_trials(COSTS, HalvingSchedule(("quick", "medium", "full"), (eta, eta), 50), workers, seconds)
    assert wall(most + 1) > seconds and (most == 0 or wall(most) <= seconds)
