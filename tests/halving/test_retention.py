"""Weights may only be deleted when no later decision can ask for them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Promote, Sample, best_evaluation, decide
from gman_search.halving.reference_config import reference_config_evaluation
from gman_search.halving.retention import weights_to_keep

STAGES = ("quick", "medium", "full")


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(1, 25),
    st.booleans(),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
    st.sampled_from(["promoted", "winner"]),
)
def test_a_promotion_never_starts_from_weights_that_were_let_go(etas, trials, synchronous, workers, random, keep):
    schedule, rows, gone = HalvingSchedule(STAGES, etas, trials, synchronous), [], set()
    while True:
        decision = decide(rows, schedule)
        running = [i for i, row in enumerate(rows) if row.state is State.RUNNING]
        if isinstance(decision, Promote):
            parent = f"{decision.source}/{decision.config_id}"
            assert parent not in gone
            rows.append(Evaluation(decision.config_id, decision.stage, parent=parent, state=State.RUNNING))
        elif isinstance(decision, Sample) and len(running) < workers:
            rows.append(Evaluation(sum(row.stage == "quick" for row in rows), "quick", state=State.RUNNING))
        elif running:
            index = random.choice(running)
            assert rows[index].parent not in gone, "an evaluation under way may have to begin again"
            state = random.choice([State.COMPLETE] * 4 + [State.PRUNED, State.FAILED])
            rows[index] = replace(rows[index], state=state, val_mae=random.random())
            gone |= {row.key for row in rows} - weights_to_keep(rows, schedule, keep)
        else:
            break
    best = best_evaluation(rows, schedule)
    while best is not None:
        assert best.key not in gone, "the winner and what it was grown from"
        best = next((row for row in rows if row.key == best.parent), None)
    preset = reference_config_evaluation(rows, schedule)
    assert preset is None or preset.key not in gone, "the winner is tested beside it"


def table(*values: float) -> list[Evaluation]:
    return [Evaluation(i, "quick", state=State.COMPLETE, val_mae=value) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("keep", "stay"),
    [
        ("all", {"quick/0", "quick/1", "quick/2", "quick/3", "medium/1"}),
        ("promoted", {"quick/0", "quick/1", "medium/1"}),
        ("winner", {"quick/0", "quick/1", "medium/1"}),
    ],
)
def test_by_hand(keep, stay):
    schedule = HalvingSchedule(("quick", "medium"), (4,), trials=4)
    rows = [
        *table(4.0, 1.0, 3.0, 2.0),
        Evaluation(1, "medium", parent="quick/1", state=State.COMPLETE, val_mae=0.5),
    ]
    assert weights_to_keep(rows, schedule, keep) == stay
    assert weights_to_keep(rows, schedule, keep, controls=True) == weights_to_keep(rows, schedule, "all"), (
        "any config may be drawn"
    )


def test_before_any_promotion_the_best_and_all_that_run_stay():
    schedule = HalvingSchedule(("quick", "medium"), (2,), trials=4)
    rows = [*table(4.0, 1.0, 3.0), Evaluation(3, "quick", state=State.RUNNING)]
    assert weights_to_keep(rows, schedule, "winner") == {"quick/0", "quick/1", "quick/2", "quick/3"}
