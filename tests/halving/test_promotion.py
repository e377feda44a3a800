"""The scheduler as a pure function: properties over random studies."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.errors import UsageError
from gman_search.halving.evaluations import Evaluation, State, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import TIE, Done, Promote, Sample, Wait, best_evaluation, decide, ranked, standings

STAGES = ("quick", "medium", "full")


def simulate(schedule: HalvingSchedule, workers: int, random, fail: float = 0.0, rows=()):
    """Run a study to its end with `workers` slots and random results; returns the table."""
    rows = list(rows)
    running: list[int] = []
    for _ in range(10_000):
        decision = decide(rows, schedule)
        if isinstance(decision, Promote):
            rows.append(Evaluation(decision.config_id, decision.stage))
            continue
        waiting = [i for i, row in enumerate(rows) if row.state is State.WAITING and i not in running]
        if waiting and len(running) < workers:
            running.append(waiting[0])
            rows[waiting[0]] = replace(rows[waiting[0]], state=State.RUNNING)
        elif isinstance(decision, Sample) and len(running) < workers:
            rows.append(Evaluation(sum(row.stage == "quick" for row in rows), "quick", state=State.RUNNING))
            running.append(len(rows) - 1)
        elif running:
            index = running.pop(random.randrange(len(running)))
            dice = random.random()
            if dice < fail:
                rows[index] = replace(rows[index], state=random.choice([State.FAILED, State.PRUNED]))
            else:
                rows[index] = replace(rows[index], state=State.COMPLETE, val_mae=random.random())
        else:
            assert isinstance(decision, Done)
            return rows
    raise AssertionError("the study never ended")


def counts(rows):
    return tuple(sum(row.stage == stage for row in rows) for stage in STAGES)


ladders = st.builds(
    HalvingSchedule, st.just(STAGES), st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(1, 40), st.booleans()
)


@settings(max_examples=25)
@given(ladders, st.integers(1, 12), st.randoms(use_true_random=False), st.sampled_from([0.0, 0.3, 1.0]))
def test_every_study_ends_within_its_quotas_and_promotes_nobody_twice(schedule, workers, random, fail):
    rows = simulate(schedule, workers, random, fail)
    assert all(count <= quota for count, quota in zip(counts(rows), schedule.rung_sizes(), strict=True))
    assert counts(rows)[0] == schedule.trials
    assert len({row.key for row in rows}) == len(rows)
    if fail == 0.0:
        assert counts(rows) == schedule.rung_sizes()


@settings(max_examples=25)
@given(st.integers(1, 4), st.integers(4, 60), st.integers(1, 8), st.randoms(use_true_random=False))
def test_synchronous_promotion_takes_exactly_the_top_of_a_rung(eta, trials, workers, random):
    schedule = HalvingSchedule(STAGES, (eta, 2), trials)
    rows = simulate(schedule, workers, random)
    top = {row.config_id for row in ranked(row for row in rows if row.stage == "quick")[: max(1, trials // eta)]}
    assert {row.config_id for row in rows if row.stage == "medium"} == top


@settings(max_examples=25)
@given(ladders, st.randoms(use_true_random=False))
def test_a_longer_study_goes_on_from_the_table_alone(schedule, random):
    rows = simulate(schedule, 3, random)
    longer = replace(schedule, trials=schedule.trials + 10)
    after = simulate(longer, 3, random, rows=rows)
    assert after[: len(rows)] == rows
    assert all(
        count <= max(quota, before)
        for count, quota, before in zip(counts(after), longer.rung_sizes(), counts(rows), strict=True)
    )


@settings(max_examples=25)
@given(ladders, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(schedule, random):
    rows = simulate(schedule, 3, random)[: random.randrange(1, 30)]
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert decide(rows, schedule) == decide(shuffled, schedule)


def test_fifty_trials_and_eta_four_are_fifty_twelve_three():
    assert HalvingSchedule(STAGES, (4, 4), 50).rung_sizes() == (50, 12, 3)
    assert HalvingSchedule(STAGES, (4, 4), 3).rung_sizes() == (3, 1, 1)


def test_quotas_are_whole_number_arithmetic():
    # floor(log(243) / log(3)) is 4, not 5, in floating point: a schedule must not lose a rung that way.
    stages = tuple("abcdef")
    assert HalvingSchedule(stages, (3,) * 5, 243).rung_sizes() == (243, 81, 27, 9, 3, 1)


def test_nobody_is_promoted_before_the_rung_is_closed():
    done = [Evaluation(i, "quick", state=State.COMPLETE, val_mae=float(i)) for i in range(4)]
    schedule = HalvingSchedule(("quick", "medium"), (2,), 5)
    assert decide(done, schedule) == Sample()
    assert decide([*done, Evaluation(4, "quick", state=State.RUNNING)], schedule) == Wait()
    assert decide(done, replace(schedule, synchronous=False)) == Promote(0, "quick", "medium")
    last = Evaluation(4, "quick", state=State.FAILED)
    assert decide([*done, last], schedule) == Promote(0, "quick", "medium")


@settings(max_examples=50)
@given(st.integers(1, 5), st.integers(1, 60), st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_best_of_every_rung_goes_on_whenever_it_came(eta, trials, workers, random):
    schedule = HalvingSchedule(STAGES, (eta, 2), trials, synchronous=False)
    rows = simulate(schedule, workers, random)
    for stage, above in zip(STAGES, STAGES[1:], strict=False):
        best = ranked(row for row in rows if row.stage == stage)[0]
        assert best.config_id in {row.config_id for row in rows if row.stage == above}


def test_the_last_place_is_kept_for_the_best_of_the_whole_rung():
    done = [Evaluation(i, "quick", state=State.COMPLETE, val_mae=float(9 - i)) for i in range(4)]
    up = [Evaluation(i, "medium", state=State.COMPLETE, val_mae=1.0) for i in (1,)]
    schedule = HalvingSchedule(("quick", "medium"), (2,), 5, synchronous=False)
    assert decide([*done, *up], schedule) == Sample()  # room for two of four, and one has gone on
    last = Evaluation(4, "quick", state=State.COMPLETE, val_mae=0.0)
    assert decide([*done, *up, last], schedule) == Promote(4, "quick", "medium")


def test_a_retried_evaluation_counts_once():
    rows = [
        Evaluation(0, "quick", attempt=1, state=State.FAILED),
        Evaluation(0, "quick", attempt=2, state=State.COMPLETE, val_mae=1.0),
    ]
    assert [row.attempt for row in latest_attempts(rows)] == [2]
    assert decide(rows, HalvingSchedule(("quick",), (), 1)) == Done()


def test_standings_name_rank_cut_and_reason():
    rows = [Evaluation(i, "quick", state=State.COMPLETE, val_mae=float(i)) for i in range(4)]
    rows += [
        Evaluation(0, "medium", state=State.COMPLETE, val_mae=0.5),
        Evaluation(9, "quick", state=State.PRUNED, reason="diverged"),
    ]
    places = {
        (place.config_id, place.stage): place
        for place in standings(rows, HalvingSchedule(("quick", "medium"), (4,), 5))
    }
    assert places[0, "quick"].promoted and places[0, "quick"].gap == 0.0
    assert (places[2, "quick"].rank, places[2, "quick"].of, places[2, "quick"].gap) == (3, 4, 2.0)
    assert "rank 3 of 4" in places[2, "quick"].reason
    assert places[9, "quick"].rank is None and places[9, "quick"].reason == "diverged"


@pytest.mark.parametrize("arguments", [
    {"stages": ()}, {"stages": ("a", "a"), "reduction_factors": (2,)}, {"stages": ("a", "b"), "reduction_factors": ()},
    {"stages": ("a", "b"), "reduction_factors": (0,)}, {"stages": ("a",), "trials": 0},
])  # fmt: skip
def test_impossible_ladders_are_refused(arguments):
    with pytest.raises(UsageError):
        HalvingSchedule(**{"reduction_factors": (), "trials": 1, **arguments})


@settings(max_examples=25)
@given(ladders, st.integers(1, 40), st.booleans(), st.randoms(use_true_random=False))
def test_a_study_shortened_after_the_fact_promotes_no_more_than_its_new_quotas(schedule, trials, ended, random):
    rows = simulate(schedule, 3, random)
    if not ended:  # stopped before anything was promoted
        rows = [row for row in rows if row.stage == "quick"]
    shorter = replace(schedule, trials=min(trials, schedule.trials))
    after = counts(simulate(shorter, 3, random, rows=rows))
    before = counts(rows)
    assert all(n <= max(old, quota) for n, old, quota in zip(after, before, shorter.rung_sizes(), strict=True))
    if ended:
        assert after == before


def finished(config, stage, value):
    return Evaluation(config, stage, state=State.COMPLETE, val_mae=value)


@settings(max_examples=25)
@given(ladders, st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_winner_has_the_least_error_of_all_stages_in_whatever_order(schedule, workers, random):
    rows = simulate(schedule, workers, random, fail=0.2)
    order = ranked(latest_attempts(rows))
    best = best_evaluation(rows, schedule)
    assert (best is None) == (not order)
    if best is not None:
        assert best.config_id == order[0].config_id
        assert order[0].val_mae <= best.val_mae <= order[0].val_mae * (1 + TIE)
    assert best_evaluation(random.sample(rows, len(rows)), schedule) == best


@pytest.mark.parametrize(
    ("full", "winner"), [(3.0 * (1 + 1e-7), "quick"), (3.0 * (1 - 1e-7), "quick"), (2.99, "full"), (3.01, "quick")]
)
def test_a_grown_model_that_learned_nothing_gives_way_to_what_it_was_grown_from(full, winner):
    schedule = HalvingSchedule(("quick", "full"), (2,), 2)
    rows = [finished(0, "quick", 3.0), finished(1, "quick", 4.0), finished(0, "full", full)]
    assert best_evaluation(rows, schedule).key == f"{winner}/0"


def test_near_ties_of_two_configs_are_decided_by_the_error():
    schedule = HalvingSchedule(("quick", "full"), (2,), 2)
    rows = [finished(0, "quick", 3.0), finished(1, "quick", 3.1), finished(1, "full", 3.0 * (1 - TIE / 2))]
    assert best_evaluation(rows, schedule).key == "full/1"
