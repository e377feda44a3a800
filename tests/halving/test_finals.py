"""What is trained outside the ladder: when it is due, and for how long."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gman_search.config import at_stage
from gman_search.halving.decide import best_evaluation
from gman_search.halving.finals import (
    FINAL_EPOCHS,
    LOOKS,
    FinalsPlan,
    final_schedule,
    finals_due,
    reference_schedule,
)
from gman_search.halving.ladder import Ladder
from gman_search.halving.table import Evaluation, State, latest_attempts
from gman_search.space import SearchSpace
from gman_search.stages import PRESETS

GUIDE = PRESETS["quick"]
LADDER = Ladder(("quick", "medium"), (2,), 4, synchronous=False)
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


def test_finals_are_due_when_the_ladder_is_done_and_once():
    assert finals_due(ROWS[:-1], LADDER, 3) == []
    due = finals_due(ROWS, LADDER, 3)
    assert [row.key for row in due] == ["medium/2", "quick/1", "quick/3"]  # the best evaluation of each config
    queued = [Evaluation(row.config_id, row.stage, control="final", parent=row.key) for row in due]
    assert finals_due([*ROWS, *queued], LADDER, 3) == []
    assert finals_due(ROWS, LADDER, 0) == []


def test_what_stopped_early_is_at_its_end():
    rows = [replace(row, reason="early stop: no better") if row.key == "medium/2" else row for row in ROWS]
    assert [row.key for row in finals_due(rows, LADDER, 2)] == ["quick/1"]


def test_when_the_time_for_the_ladder_is_over_the_best_so_far_are_due():
    assert [row.key for row in finals_due(ROWS[:2], LADDER, 3, closing=True)] == ["quick/1", "quick/0"]
    trained = [Evaluation(config, "quick", control="final", parent=f"quick/{config}") for config in (1, 0)]
    assert [row.config_id for row in finals_due([*ROWS, *trained], LADDER, 3, closing=True)] == [2]
    ended = [replace(row, state=State.COMPLETE, val_mae=3.4) for row in trained]
    # Trained on from a smaller model already: at the larger one it is again, and so is who came to the top meanwhile.
    assert [row.key for row in finals_due([*ROWS, *ended], LADDER, 3, closing=True)] == ["medium/2", "quick/3"]


@pytest.mark.parametrize("control", ["reference", "final"])
def test_what_is_outside_the_ladder_can_win_but_takes_no_part_in_it(control):
    best = done(0, "quick", 3.0, control=control)
    assert best_evaluation([*ROWS, best], LADDER) == best
    assert best not in latest_attempts([*ROWS, best])
    worse = done(0, "quick", 3.4, control=control)
    assert best_evaluation([*ROWS, worse], LADDER).key == "medium/2"


def test_controls_still_cannot_win():
    assert best_evaluation([*ROWS, done(0, "medium", 1.0, control="cold")], LADDER).key == "medium/2"


def test_a_final_training_that_brought_nothing_gives_way_to_where_it_began():
    final = done(2, "medium", 3.3, control="final")
    assert best_evaluation([*ROWS, final], LADDER).key == "medium/2"
