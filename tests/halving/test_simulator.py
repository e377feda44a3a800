"""Searches on paper: the simulator makes the same decisions as a real study and keeps its books."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import decide, decide_on
from gman_search.halving.rungs import Rungs
from gman_search.halving.simulator import simulate

STAGES = ("quick", "medium", "full")
SECONDS = {"quick": 1.0, "medium": 4.0, "full": 16.0}


def agreeing(config_id: int, stage: str):
    """Every stage ranks configs alike; config 0 is the best."""
    return 3.0 + config_id - STAGES.index(stage) * 0.1, SECONDS[stage]


def shuffled(seed: int, failing: float = 0.0):
    def surface(config_id: int, stage: str):
        dice = random.Random(f"{seed} {config_id} {stage}")
        return (None if dice.random() < failing else dice.random()), SECONDS[stage] * dice.uniform(0.5, 2.0)

    return surface


ladders = st.builds(
    HalvingSchedule, st.just(STAGES), st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(1, 60), st.booleans()
)


@settings(max_examples=40)
@given(ladders, st.integers(1, 80), st.integers(0, 99), st.sampled_from([0.0, 0.3]))
def test_quotas_are_kept_and_no_worker_is_used_twice(schedule, workers, seed, failing):
    told = simulate(schedule, shuffled(seed, failing), workers=workers)
    assert all(n <= quota for n, quota in zip(told.evaluations.values(), schedule.rung_sizes(), strict=True))
    assert told.evaluations["quick"] == schedule.trials
    assert 0 < told.utilisation <= 1 + 1e-9
    assert told.promoted == {"quick": told.evaluations["medium"], "medium": told.evaluations["full"]}
    if not failing:
        assert tuple(told.evaluations.values()) == schedule.rung_sizes()
        assert told.best is not None and told.seconds_to_best <= told.seconds


@settings(max_examples=30)
@given(st.integers(1, 5), st.integers(1, 60), st.integers(1, 20), st.integers(0, 99))
def test_synchronous_promotion_makes_no_mistake(eta, trials, workers, seed):
    told = simulate(HalvingSchedule(STAGES, (eta, eta), trials), shuffled(seed), workers=workers)
    assert told.over_promotion == 0


@settings(max_examples=60)
@given(
    ladders,
    st.lists(
        st.tuples(
            st.integers(0, 20), st.sampled_from(STAGES), st.sampled_from(list(State)), st.none() | st.floats(0, 9)
        ),
        max_size=60,
    ),
)
def test_tallies_kept_row_by_row_decide_as_the_whole_table_does(schedule, puts):
    rungs, table = Rungs(STAGES), {}
    for config_id, stage, state, value in puts:
        row = Evaluation(config_id, stage, state=state, val_mae=value)
        rungs.put(row)
        table[row.key] = row
        assert decide_on(rungs, schedule) == decide(table.values(), schedule)


def test_one_worker_is_never_idle_and_takes_the_sum_of_all_times():
    schedule = HalvingSchedule(STAGES, (4, 4), trials=32)
    told = simulate(schedule, agreeing, workers=1)
    assert told.evaluations == {"quick": 32, "medium": 8, "full": 2}
    assert told.seconds == 32 * 1 + 8 * 4 + 2 * 16
    assert told.utilisation == 1
    assert told.winner == 0


def test_by_hand_two_workers_and_the_lock():
    # Claims at 1, 2 s; configs 0 and 1 end at 3 and 4 s; config 0 goes on, is claimed at 5 and ends at 9 s.
    schedule = HalvingSchedule(("quick", "medium"), (2,), trials=2)
    told = simulate(schedule, lambda config, stage: (config, {"quick": 2.0, "medium": 4.0}[stage]), workers=2,
                    claim_seconds=1.0)  # fmt: skip
    assert told.seconds == 9
    assert told.utilisation == pytest.approx((2 + 2 + 4) / 18)
    assert (told.winner, told.seconds_to_best) == (0, 3)  # the medium model is no better


def test_by_hand_a_worker_that_leaves_when_it_has_nothing_to_do():
    # As above; the worker that ended at 3 s leaves at 4 s, the other one ends at 4 and is there until 9 s.
    schedule = HalvingSchedule(("quick", "medium"), (2,), trials=2)
    told = simulate(schedule, lambda config, stage: (config, {"quick": 2.0, "medium": 4.0}[stage]), workers=2,
                    claim_seconds=1.0, leave_seconds=1.0)  # fmt: skip
    assert told.seconds == 9 and told.while_there == pytest.approx(8 / 13)


def test_by_hand_what_was_queued_ahead_does_not_wait_for_the_lock():
    # Four workers: the second waits and has the lock until 2 s, when two more are queued, which begin at 3 s both.
    schedule = HalvingSchedule(("quick", "medium"), (4,), trials=4)

    def told(ahead):
        return simulate(schedule, lambda config, stage: (config, 10.0), workers=4, claim_seconds=1.0, ahead=ahead)

    assert told(0).seconds == 14 + 11 and told(2).seconds == 13 + 11


def test_asynchronous_promotion_keeps_workers_busy_and_makes_mistakes():
    quotas = {"trials": 256, "synchronous": True}
    closed = simulate(HalvingSchedule(STAGES, (4, 4), **quotas), shuffled(1), workers=64)
    at_once = simulate(HalvingSchedule(STAGES, (4, 4), **{**quotas, "synchronous": False}), shuffled(1), workers=64)
    assert closed.evaluations == at_once.evaluations
    assert at_once.utilisation > closed.utilisation and at_once.seconds < closed.seconds
    assert at_once.over_promotion > 0 == closed.over_promotion


@pytest.mark.parametrize("synchronous", [True, False])
def test_ten_thousand_configs_on_a_thousand_workers(synchronous):
    schedule = HalvingSchedule(STAGES, (4, 4), trials=10_000, synchronous=synchronous)
    told = simulate(schedule, shuffled(0), workers=1000)
    assert told.evaluations == {"quick": 10_000, "medium": 2500, "full": 625}
    assert told.utilisation > 0.3
