"""Estimated seconds and the reduction factors they give."""

import pytest

from gman_search.halving.cost import evaluation_seconds, reduction_factors, step_seconds, steps_per_epoch
from gman_search.stages import PRESETS


def test_reduction_factors_are_whole_and_at_least_three():
    assert reduction_factors([1.0, 1.2, 6.1, 27.0]) == (3, 5, 4)


def test_time_grows_with_every_stage_and_faster_than_the_sensors():
    seconds = [step_seconds(stage, sensors=20) for stage in PRESETS.values()]
    assert seconds == sorted(seconds)
    assert step_seconds(PRESETS["quick"], sensors=400) > 2 * step_seconds(PRESETS["quick"], sensors=200)


def test_an_epoch_counts_the_partial_batch_and_respects_the_cut():
    stage = PRESETS["quick"]
    assert steps_per_epoch(stage, windows=65) == 3
    cut = stage.model_copy(update={"steps_per_epoch": 2})
    assert steps_per_epoch(cut, windows=65) == 2
    trained = evaluation_seconds(cut, sensors=5, windows=65, validation=0)
    assert trained == pytest.approx(stage.max_epochs * 2 * step_seconds(stage, sensors=5))


def test_scoring_a_window_takes_a_third_of_training_on_it():
    stage = PRESETS["quick"]
    alone = evaluation_seconds(stage, sensors=5, windows=320, validation=0)
    scored = evaluation_seconds(stage, sensors=5, windows=320, validation=320)
    assert scored - alone == pytest.approx(alone / 3)


def test_a_second_thread_helps_least_where_steps_are_small():
    def gain(stage, sensors):
        return step_seconds(stage, sensors=sensors) / step_seconds(stage, sensors=sensors, threads=2)

    small = PRESETS["quick"].model_copy(update={"batch_size": 4})
    assert 1 < gain(small, 5) < gain(PRESETS["quick"], 20) < gain(PRESETS["full"], 207) < 2


def test_groups_take_less_time_on_large_networks():
    full = PRESETS["full"]
    assert step_seconds(full, sensors=1000, groups=77) < 0.5 * step_seconds(full, sensors=1000)
