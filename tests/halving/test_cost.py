"""Estimated costs and the reduction factors they give."""

import pytest

from gman_search.halving.cost import evaluation_cost, reduction_factors, step_cost, steps_per_epoch
from gman_search.stages import PRESETS


def test_reduction_factors_are_whole_and_at_least_two():
    assert reduction_factors([1.0, 1.2, 6.1]) == (2, 5)


def test_cost_grows_with_every_stage_and_with_sensors():
    costs = [step_cost(stage, sensors=20) for stage in PRESETS.values()]
    assert costs == sorted(costs)
    assert step_cost(PRESETS["quick"], sensors=40) > 2 * costs[0]


def test_the_ratio_of_steps_is_near_the_measured_one():
    # Measured on two single-threaded processes, 18 sensors: 90, 188 and 300 ms a step.
    quick, medium, full = (step_cost(stage, sensors=18) for stage in PRESETS.values())
    assert medium / quick == pytest.approx(188 / 90, rel=1.2)
    assert full / quick == pytest.approx(300 / 90, rel=2.5)


def test_an_epoch_counts_the_partial_batch_and_respects_the_cut():
    stage = PRESETS["quick"]
    assert steps_per_epoch(stage, windows=65) == 3
    cut = stage.model_copy(update={"steps_per_epoch": 2})
    assert steps_per_epoch(cut, windows=65) == 2
    assert evaluation_cost(cut, sensors=5, windows=65) == stage.max_epochs * 2 * step_cost(stage, sensors=5)


def test_groups_cost_less_on_large_networks_only():
    full, quick = PRESETS["full"], PRESETS["quick"]
    assert step_cost(full, sensors=1000, groups=77) < 0.5 * step_cost(full, sensors=1000)
    # One group compares what full attention does, and has a second projection besides.
    assert step_cost(quick, sensors=50, groups=1) == pytest.approx(step_cost(quick, sensors=50), rel=0.01)
    whole, parted = (evaluation_cost(full, sensors=1000, windows=64, groups=groups) for groups in (0, 77))
    assert parted / whole == step_cost(full, sensors=1000, groups=77) / step_cost(full, sensors=1000)
