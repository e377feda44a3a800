"""Controls: who is drawn, when, and that the stages never notices them."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.halving.ablations import Ablation, ablations_due
from gman_search.halving.evaluations import Evaluation, State, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Done, best_evaluation, decide, standings
from gman_search.halving.reference_config import reference_config_evaluation

SCHEDULE = HalvingSchedule(("quick", "medium", "full"), (2, 2), 8)


def done(stage, config, value):
    return Evaluation(config, stage, state=State.COMPLETE, val_mae=value)


def finished_search():
    """Eight quick, four medium, two full: lower ids are better."""
    sizes = {"quick": 8, "medium": 4, "full": 2}
    return [done(stage, config, float(config)) for stage, size in sizes.items() for config in range(size)]


def test_the_best_are_trained_cold_at_every_stage_above_the_first():
    cold = [
        control for control in ablations_due(finished_search(), SCHEDULE, count=2, seed=0) if control.kind == "cold"
    ]
    assert cold == [Ablation("cold", config, stage) for config in (0, 1) for stage in ("medium", "full")]


def test_the_random_ones_come_from_those_that_stopped_and_depend_on_the_seed():
    drawn = {}
    for seed in range(20):
        due = [one for one in ablations_due(finished_search(), SCHEDULE, count=1, seed=seed) if one.kind == "random"]
        assert [(one.stage, one.source) for one in due] == [("medium", "quick"), ("full", "medium")]
        assert due[0].config_id in range(4, 8) and due[1].config_id in (2, 3)
        drawn[seed] = due
    assert len({due[0].config_id for due in drawn.values()}) > 1
    assert drawn[3] == [
        one for one in ablations_due(finished_search(), SCHEDULE, count=1, seed=3) if one.kind == "random"
    ]


def test_the_preset_goes_on_to_the_top_stage_by_stage():
    best_last = [replace(row, config_id=7 - row.config_id) for row in finished_search()]  # the preset is the worst of 8
    due = [one for one in ablations_due(best_last, SCHEDULE, count=1, seed=0) if one.kind == "preset"]
    assert due == [Ablation("preset", 0, "medium", "quick")]
    waiting = replace(done("medium", 0, None), state=State.RUNNING, control="preset")
    assert not any(one.kind == "preset" for one in ablations_due([*best_last, waiting], SCHEDULE, count=1, seed=0))
    failed = replace(waiting, state=State.FAILED)
    assert not any(one.kind == "preset" for one in ablations_due([*best_last, failed], SCHEDULE, count=1, seed=0))
    medium = replace(done("medium", 0, 0.1), control="preset")
    due = [one for one in ablations_due([*best_last, medium], SCHEDULE, count=1, seed=0) if one.kind == "preset"]
    assert due == [Ablation("preset", 0, "full", "medium")]
    full = replace(done("full", 0, 0.1), control="preset")
    assert not any(one.kind == "preset" for one in ablations_due([*best_last, medium, full], SCHEDULE, count=1, seed=0))
    assert reference_config_evaluation([*best_last, medium, full], SCHEDULE) == full
    assert best_evaluation([*best_last, medium, full], SCHEDULE) == best_evaluation(best_last, SCHEDULE)
    assert medium.key == "medium/0 preset"


def test_the_preset_is_never_drawn_as_a_random_one():
    best_last = [replace(row, config_id=7 - row.config_id) for row in finished_search()]
    for seed in range(20):
        due = ablations_due(best_last, SCHEDULE, count=9, seed=seed)
        assert all(one.config_id != 0 for one in due if one.kind == "random")


def test_none_without_the_wish_or_before_the_ladder_is_done():
    rows = finished_search()
    assert ablations_due(rows, SCHEDULE, count=0, seed=0) == []
    assert ablations_due(rows[:-1], SCHEDULE, count=1, seed=0) == []
    assert ablations_due([*rows[:-1], replace(rows[-1], state=State.RUNNING)], SCHEDULE, count=1, seed=0) == []


@settings(max_examples=50)
@given(st.integers(1, 5), st.integers(0, 9), st.floats(0, 1))
def test_controls_change_no_decision_and_are_due_once(count, seed, value):
    rows = finished_search()
    due = ablations_due(rows, SCHEDULE, count=count, seed=seed)
    assert due and len(set(due)) == len(due)
    # Better than everybody, and still neither winner nor promoted.
    more = [replace(done(one.stage, one.config_id, value - 1), control=one.kind) for one in due]
    assert ablations_due([*rows, *more], SCHEDULE, count=count, seed=seed) == []
    assert decide([*rows, *more], SCHEDULE) == Done()
    assert best_evaluation([*rows, *more], SCHEDULE) == best_evaluation(rows, SCHEDULE)
    assert standings([*rows, *more], SCHEDULE) == standings(rows, SCHEDULE)


def test_a_control_has_a_name_of_its_own_and_is_seen_when_asked_for():
    cold = replace(done("full", 0, 1.0), control="cold")
    assert cold.key == "full/0 cold"
    assert cold not in latest_attempts([*finished_search(), cold])
    assert cold in latest_attempts([*finished_search(), cold], controls=True)
