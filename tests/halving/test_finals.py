"""What is trained outside the stages: when it is due, and for how long."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gman_search.config import at_stage
from gman_search.halving.evaluations import Evaluation, State, latest_attempts
from gman_search.halving.finals import (
    FINAL_EPOCHS,
    LOOKS,
    FinalsPlan,
    extra_share,
    final_schedule,
    final_share_of_all,
    finals_that_fit,
    further_final_seconds,
    reference_schedule,
    reference_share_of_all,
    trainable_stages,
)
from gman_search.halving.finals_due import another_config_fits, finals_due, further_final
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import best_evaluation
from gman_search.space import SearchSpace
from gman_search.stages import PRESETS

GUIDE = PRESETS["quick"]
SCHEDULE = HalvingSchedule(("quick", "medium"), (2,), 4, synchronous=False)
PLAN = FinalsPlan(
    windows=6400,
    validation=600,
    window_seconds={"quick": 0.002, "medium": 0.005, "full": 0.02},
    reference_window_seconds=0.002,
    reference_seconds=200.0,
    final_seconds=120.0,
    count=3,
)


def done(config_id, stage, mae, **more):
    return Evaluation(config_id, stage, state=State.COMPLETE, val_mae=mae, **more)


ROWS = [
    *(done(config, "quick", mae) for config, mae in enumerate((4.0, 3.5, 3.7, 3.9))),
    done(1, "medium", 3.6),
    done(2, "medium", 3.3),
]


def test_the_reference_has_the_guides_own_schedule_where_time_allows():
    schedule = reference_schedule(replace(PLAN, reference_seconds=1e6), GUIDE)
    assert (schedule.max_epochs, schedule.windows_per_epoch, schedule.patience) == (50, None, 10)
    assert schedule.stretch == 1 and schedule.anneal == 0
    settings = at_stage(SearchSpace().preset(), GUIDE)
    assert schedule.of(settings) == settings  # nothing of the guide's is changed


def test_a_reference_that_is_cut_keeps_the_guides_decays_for_each_pass_over_the_windows():
    cut = reference_schedule(replace(PLAN, reference_seconds=13 * (6400 + 200) * 0.002), GUIDE)
    assert (cut.max_epochs, cut.windows_per_epoch, cut.stretch) == (13, None, 1.0)
    short = reference_schedule(replace(PLAN, reference_seconds=5.0), GUIDE)
    assert short.windows_per_epoch < 6400 and short.max_epochs <= LOOKS
    settings = short.of(at_stage(SearchSpace().preset(), GUIDE))
    windows_a_decay = settings.decay_epoch * settings.windows_per_epoch
    assert windows_a_decay == pytest.approx(10 * 6400)


@given(seconds=st.floats(0.01, 1e5), windows=st.integers(1, 50_000), validation=st.integers(1, 5000))
def test_schedules_take_about_the_time_they_are_given(seconds, windows, validation):
    plan = replace(PLAN, reference_seconds=seconds, windows=windows, validation=validation)
    for schedule in (reference_schedule(plan, GUIDE), final_schedule(plan, GUIDE, seconds)):
        assert schedule.max_epochs >= 1
        epoch = min(schedule.windows_per_epoch or windows, windows) + validation / 3
        took = schedule.max_epochs * epoch * 0.002
        assert took <= seconds * 1.001 or schedule.max_epochs == 1


def test_a_final_training_goes_through_all_decays_and_ends_at_rate_0():
    stage = GUIDE.model_copy(update={"max_epochs": 5, "decay_epoch": 1.0, "steps_per_epoch": 16})
    schedule = final_schedule(PLAN, stage, 120.0)
    assert schedule.max_epochs == pytest.approx(FINAL_EPOCHS, abs=1) and schedule.anneal > 0
    settings = schedule.of(at_stage(SearchSpace().preset(), stage))
    assert settings.max_epochs / settings.decay_epoch == pytest.approx(5)


@pytest.mark.parametrize("steps, stops", [(100, False), (390, False), (900, True), (5000, True)])
def test_a_final_training_is_not_ended_before_its_rate_falls_unless_it_had_hundreds_of_steps(steps, stops):
    stage = GUIDE.model_copy(update={"max_epochs": 5, "decay_epoch": 1.0, "steps_per_epoch": 16})
    per_step = stage.batch_size * PLAN.window_seconds["quick"]
    plan = replace(PLAN, validation=1)
    schedule = final_schedule(plan, stage, steps * per_step)
    of_epoch = (schedule.windows_per_epoch or PLAN.windows) / stage.batch_size
    assert schedule.max_epochs * of_epoch == pytest.approx(steps, rel=0.1)
    first_falling = schedule.max_epochs * (1 - schedule.anneal)
    assert (schedule.patience <= first_falling) == stops
    assert schedule.patience * of_epoch >= 390 and schedule.patience >= 8


@pytest.mark.parametrize("seconds", [2.0, 5.0, 20.0, 100.0, 1000.0])
def test_looks_at_the_validation_part_do_not_eat_a_final_training(seconds):
    """On a network of long validation, 20 looks took half of a short training."""
    plan = replace(PLAN, validation=800)
    schedule = final_schedule(plan, GUIDE, seconds)
    part = min(schedule.windows_per_epoch or plan.windows, plan.windows)
    looked = 800 / 3 / (part + 800 / 3)
    assert looked <= 0.21 or schedule.max_epochs <= LOOKS, "some looks are needed whatever they take"
    few = final_schedule(replace(PLAN, validation=10), GUIDE, seconds)
    assert schedule.max_epochs <= few.max_epochs, "no more looks where each costs more"


def test_finals_are_due_when_the_ladder_is_done_and_once():
    assert finals_due(ROWS[:-1], SCHEDULE, 3) == []
    due = finals_due(ROWS, SCHEDULE, 3)
    assert [row.key for row in due] == ["medium/2", "quick/1", "quick/3"]  # the best evaluation of each config
    queued = [Evaluation(row.config_id, row.stage, control="final", parent=row.key) for row in due]
    assert finals_due([*ROWS, *queued], SCHEDULE, 3) == []
    assert finals_due(ROWS, SCHEDULE, 0) == []


def test_while_the_last_stage_is_under_way_those_are_due_that_it_cannot_displace():
    running = [
        row if row.stage == "quick" else Evaluation(row.config_id, row.stage, state=State.RUNNING) for row in ROWS
    ]
    # Two of the three places may be taken by the two that are under way; the third is sure.
    assert [row.key for row in finals_due(running, SCHEDULE, 3)] == ["quick/3"]
    assert finals_due(running, SCHEDULE, 2) == []
    begun = Evaluation(3, "quick", state=State.RUNNING, control="final", parent="quick/3")
    assert finals_due([*running, begun], SCHEDULE, 3) == []
    below = [replace(row, state=State.RUNNING, val_mae=None) if row.key == "quick/0" else row for row in running]
    assert finals_due(below, SCHEDULE, 3) == [], "who is promoted is still open"


def test_what_stopped_early_is_at_its_end():
    rows = [replace(row, reason="early stop: no better") if row.key == "medium/2" else row for row in ROWS]
    assert [row.key for row in finals_due(rows, SCHEDULE, 2)] == ["quick/1"]


def test_when_the_time_for_the_ladder_is_over_the_best_so_far_are_due():
    assert [row.key for row in finals_due(ROWS[:2], SCHEDULE, 3, closing=True)] == ["quick/1", "quick/0"]
    trained = [Evaluation(config, "quick", control="final", parent=f"quick/{config}") for config in (1, 0)]
    assert [row.config_id for row in finals_due([*ROWS, *trained], SCHEDULE, 3, closing=True)] == [2]
    ended = [replace(row, state=State.COMPLETE, val_mae=3.4) for row in trained]
    # Trained on from a smaller model already: at the larger one it is again, and so is who came to the top meanwhile.
    assert [row.key for row in finals_due([*ROWS, *ended], SCHEDULE, 3, closing=True)] == ["medium/2", "quick/3"]


@pytest.mark.parametrize("control", ["reference", "final"])
def test_what_is_outside_the_ladder_can_win_but_takes_no_part_in_it(control):
    best = done(0, "quick", 3.0, control=control)
    assert best_evaluation([*ROWS, best], SCHEDULE) == best
    assert best not in latest_attempts([*ROWS, best])
    worse = done(0, "quick", 3.4, control=control)
    assert best_evaluation([*ROWS, worse], SCHEDULE).key == "medium/2"


def test_controls_still_cannot_win():
    assert best_evaluation([*ROWS, done(0, "medium", 1.0, control="cold")], SCHEDULE).key == "medium/2"


def test_a_final_training_that_brought_nothing_gives_way_to_where_it_began():
    final = done(2, "medium", 3.3, control="final")
    assert best_evaluation([*ROWS, final], SCHEDULE).key == "medium/2"


def test_hours_give_more_final_trainings_as_long_as_each_gets_enough_steps():
    assert finals_that_fit(4 * 600 * 0.1, 0.1, 2) == 4  # as many as without hours
    assert finals_that_fit(3.9 * 600 * 0.1, 0.1, 2) == 2  # a few long ones rather than four that learn nothing
    assert finals_that_fit(1.0, 0.1, 2) == 2  # no worker without one
    assert finals_that_fit(1.0, 0.1, 1) == 1
    assert finals_that_fit(1.0, 0.1, 32) == 4
    assert finals_that_fit(6 * 1500 * 0.1, 0.1, 2) == 6
    assert finals_that_fit(7 * 1500 * 0.1, 0.1, 2) == 6  # whole rounds of two workers
    assert finals_that_fit(1e9, 0.1, 2) == 8
    assert finals_that_fit(1e9, 0.1, 32) == 8


def test_where_trainings_stopped_early_the_next_config_is_trained_on():
    finals = [done(row.config_id, row.stage, 3.0, control="final") for row in finals_due(ROWS, SCHEDULE, 2)]
    assert further_final([*ROWS, *finals], SCHEDULE).key == "quick/3"
    assert further_final([*ROWS, *finals], SCHEDULE, ("medium",)).key == "medium/1", "a larger model of it"
    waiting = [*finals[:1], replace(finals[1], state=State.WAITING, val_mae=None)]
    assert further_final([*ROWS, *waiting], SCHEDULE) is None, "a planned one comes first"
    everything = [done(row.config_id, row.stage, 3.0, control="final") for row in finals_due(ROWS, SCHEDULE, 9)]
    assert further_final([*ROWS, *everything], SCHEDULE) is None


@given(seconds=st.floats(1.0, 1e4), step=st.floats(0.01, 1.0))
def test_a_further_final_training_has_its_steps_and_leaves_no_rest(seconds, step):
    each = further_final_seconds(seconds, step)
    assert seconds / each == pytest.approx(round(seconds / each)), "whole rounds"
    assert each == seconds or each >= 3000 * step


def test_a_stage_whose_steps_the_time_is_not_enough_for_is_not_trained_on():
    steps = {"quick": 0.1, "medium": 0.5, "full": 2.0}
    assert trainable_stages(tuple(steps), steps, 1.0) == ("quick",)
    assert trainable_stages(tuple(steps), steps, 400 * 0.5) == ("quick", "medium")
    assert trainable_stages(tuple(steps), steps, 400 * 2.0) == ("quick", "medium", "full")
    due = finals_due(ROWS, SCHEDULE, 3, stages=("quick",))
    assert [row.key for row in due] == ["quick/1", "quick/2", "quick/3"]


@pytest.mark.parametrize("hours", [True, False])
def test_the_shares_of_all_time_are_the_whole_of_it(hours):
    halving = 1 / (1 + extra_share(reference=True, finals=8, hours=hours))
    finals, reference = final_share_of_all(reference=True, hours=hours), reference_share_of_all(8, hours=hours)
    assert finals + reference + halving == pytest.approx(1)
    assert 0.05 < reference < 0.15
    # A plan of hours gives most of its time to the ends; a search of so many configs gives it to the configs.
    assert finals > 0.6 if hours else halving > 0.6


def test_with_less_time_left_nothing_is_trained_on_again_at_a_smaller_stage():
    """Medium was trained on while the time was enough for it; what is left is enough for quick alone."""
    finals = [
        done(config, stage, 3.0, control="final", parent=f"{stage}/{config}")
        for config, stage in ((2, "medium"), (1, "medium"))
    ]
    due = finals_due([*ROWS, *finals], SCHEDULE, 2, closing=True, stages=("quick",))
    assert [row.key for row in due if row.config_id in (1, 2)] == []


def test_another_config_is_tried_only_if_it_can_be_trained_to_its_end():
    quick = [done(config, "quick", 3.0, seconds=40.0) for config in range(SCHEDULE.trials)]
    assert another_config_fits(quick, SCHEDULE, 80.0, 30.0)
    assert not another_config_fits(quick, SCHEDULE, 79.0, 30.0), "it may take a quarter longer than the others"
    assert not another_config_fits(quick[:-1], SCHEDULE, 1e6, 30.0), "those that were planned come first"
    more = [done(config, "quick", 3.0, seconds=40.0) for config in range(2 * SCHEDULE.trials)]
    assert not another_config_fits(more, SCHEDULE, 1e6, 30.0)
