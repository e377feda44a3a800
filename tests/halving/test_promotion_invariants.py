"""What holds at every moment of a study, not only at its end."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Done, Promote, Sample, Wait, decide, ranked, standings

STAGES = ("quick", "medium", "full")
# A seed is one small number to draw and to shrink; a study consumes hundreds of dice.
SEEDS = st.integers(0, 2**32 - 1)
ladders = st.builds(
    HalvingSchedule, st.just(STAGES), st.tuples(st.integers(1, 4), st.integers(1, 4)), st.integers(1, 25), st.booleans()
)


def moments(schedule, workers, seed):
    """Tables of a study after each change, with crashes that are retried, prunes and failures."""
    dice = random.Random(seed)
    rows: dict[str, Evaluation] = {}
    for _ in range(5_000):
        decision = decide(list(rows.values()), schedule)
        running = [row for row in rows.values() if row.state is State.RUNNING]
        waiting = [row for row in rows.values() if row.state is State.WAITING]
        if isinstance(decision, Promote):
            new = Evaluation(decision.config_id, decision.stage, parent=f"{decision.source}/{decision.config_id}")
            assert new.key not in rows
            rows[new.key] = new
        elif waiting and len(running) < workers:
            rows[waiting[0].key] = replace(waiting[0], state=State.RUNNING)
        elif isinstance(decision, Sample) and len(running) < workers:
            number = sum(row.stage == "quick" for row in rows.values())
            rows[f"quick/{number}"] = Evaluation(number, "quick", state=State.RUNNING)
        elif running:
            row, luck = dice.choice(running), dice.random()
            if luck < 0.1:
                rows[row.key] = replace(row, attempt=row.attempt + 1, state=State.WAITING)
            elif luck < 0.25:
                rows[row.key] = replace(row, state=dice.choice([State.FAILED, State.PRUNED]))
            else:
                rows[row.key] = replace(row, state=State.COMPLETE, val_mae=dice.choice([1.0, 2.0, dice.random()]))
        else:
            assert isinstance(decision, Done) and not waiting
            return
        yield decision, list(rows.values())
    raise AssertionError("the study never ended")


@given(ladders, st.integers(1, 9), SEEDS)
def test_promotions_never_run_ahead_of_what_has_finished(schedule, workers, seed):
    for _, rows in moments(schedule, workers, seed):
        for rung, (stage, above) in enumerate(zip(STAGES, STAGES[1:], strict=False)):
            finished = sum(row.stage == stage and row.state.is_finished for row in rows)
            promoted = sum(row.stage == above for row in rows)
            last_resort = finished >= schedule.rung_sizes()[rung]
            assert promoted <= max(finished // schedule.reduction_factors[rung], last_resort)


@given(ladders, st.integers(1, 9), SEEDS)
def test_whoever_is_promoted_is_the_best_that_was_left(schedule, workers, seed):
    before = []
    for decision, rows in moments(schedule, workers, seed):
        if isinstance(decision, Promote):
            gone = {row.config_id for row in before if row.stage == decision.stage}
            left = [row for row in ranked(r for r in before if r.stage == decision.source) if row.config_id not in gone]
            assert left[0].config_id == decision.config_id
            if schedule.synchronous:
                assert all(row.state.is_finished for row in before if row.stage == decision.source)
        before = rows


@given(ladders, SEEDS)
def test_deciding_twice_gives_the_same_answer_and_waits_only_for_something(schedule, seed):
    for _, rows in moments(schedule, 3, seed):
        decision = decide(rows, schedule)
        assert decision == decide(reversed(rows), schedule)
        if isinstance(decision, Wait):
            assert any(not row.state.is_finished for row in rows)


@given(ladders, SEEDS)
def test_standings_have_one_line_an_evaluation_with_ranks_and_gaps_that_agree(schedule, seed):
    rows = []
    for _, rows in moments(schedule, 3, seed):  # noqa: B007
        pass
    places = standings(rows, schedule)
    assert sorted((place.stage, place.config_id) for place in places) == sorted((r.stage, r.config_id) for r in rows)
    values = {(row.stage, row.config_id): row.val_mae for row in rows}
    for stage, above in zip(STAGES, (*STAGES[1:], None), strict=True):
        here = [place for place in places if place.stage == stage and place.rank is not None]
        assert [place.rank for place in here] == list(range(1, len(here) + 1))
        assert all(place.of == len(here) for place in here)
        maes = [values[stage, place.config_id] for place in here]
        assert maes == sorted(maes)
        kept = [mae for mae, place in zip(maes, here, strict=True) if place.promoted]
        assert len(kept) == sum(row.stage == above for row in rows)
        for mae, place in zip(maes, here, strict=True):
            assert place.gap == (mae - max(kept) if kept else None)
    assert all(place.reason for place in places)
