"""What hours are spent on: more time buys more configs and longer trainings, and that is worth something."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gman_search.halving.hours import FEWEST_TRIALS, balanced_scale
from gman_search.stages import BUDGETS, PRESETS, budget_stages


@given(st.floats(1, 1e6))
def test_time_is_divided_evenly(work):
    """`work`: how many configs fit as short trainings."""
    scale = balanced_scale(lambda scale: int(work / scale), largest=50.0)
    trials = int(work / scale)
    assert 1 <= scale <= 50
    if scale == 1.0:
        assert trials < 1.6 * FEWEST_TRIALS
    else:
        assert trials >= 0.99 * FEWEST_TRIALS * scale


def test_more_time_means_more_of_both():
    scales = [balanced_scale(lambda scale, work=work: int(work / scale)) for work in (20, 100, 1000, 10_000)]
    trials = [int(work / scale) for work, scale in zip((20, 100, 1000, 10_000), scales, strict=True)]
    assert scales == sorted(set(scales)) and trials == sorted(set(trials))


def test_a_scale_of_one_is_the_laptops_budget():
    laptop = tuple(BUDGETS["laptop"][name].apply(guide) for name, guide in PRESETS.items())
    assert budget_stages("auto") == budget_stages("laptop") == laptop
    assert budget_stages("guide", 3.0) == tuple(PRESETS.values())


@pytest.mark.parametrize("scale", [1.3, 2.0, 5.0, 40.0, 200.0])
def test_scaled_stages_train_as_many_steps_and_decay_as_often(scale):
    for small, big, guide in zip(budget_stages("laptop"), budget_stages("auto", scale), PRESETS.values(), strict=True):
        steps = [stage.max_epochs * stage.steps_per_epoch for stage in (small, big)]
        assert steps[1] / steps[0] == pytest.approx(scale, rel=0.08)
        decays = [stage.max_epochs / stage.decay_epoch for stage in (big, guide)]
        assert decays[0] == pytest.approx(decays[1])
        assert big.max_epochs <= guide.max_epochs and big.patience <= big.max_epochs


def test_the_plan_beats_many_short_trainings_where_the_good_learn_slowly():
    """Error after s steps is a + exp(-s / t): what is good in the end (low a) takes longer (high t)."""
    random, work = np.random.default_rng(0), 1000
    scale = balanced_scale(lambda scale: int(work / scale))

    def chosen(scale):
        errors = []
        for _ in range(200):
            end = random.uniform(0, 1, int(work / scale))
            slow = 60 * (1.5 - end) * random.lognormal(0, 0.3, len(end))
            errors.append(end[np.argmin(end + 3 * np.exp(-80 * scale / slow))])
        return float(np.mean(errors))

    assert chosen(scale) < 0.7 * chosen(1.0)
