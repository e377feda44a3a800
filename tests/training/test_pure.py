"""Metrics, schedules and diagnosis, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gman_search.metrics import masked_scores, mean_of_steps, scores_by_step
from gman_search.training.diagnosis import diagnose, has_diverged
from gman_search.training.schedule import RATE_FLOOR, bn_momentum, learning_rate


def test_masked_scores_by_hand():
    truth = np.array([10.0, 0.0, 20.0, np.nan])
    scores = masked_scores(truth, np.array([12.0, 99.0, 16.0, 99.0]))
    assert (scores.mae, scores.rmse, scores.mape) == (3.0, pytest.approx(10**0.5), pytest.approx(20.0))


def test_nothing_observed_is_not_zero_error():
    assert np.isnan(masked_scores(np.zeros(3), np.ones(3)).mae)


@given(arrays(np.float64, (7, 3), elements=st.sampled_from([0.0, 10.0, 25.0, 60.0])), st.integers(1, 6))
def test_batches_add_up_to_the_whole(truth, cut):
    forecast = truth + np.linspace(-3, 3, truth.size).reshape(truth.shape)
    whole = masked_scores(truth, forecast)
    sums = [(np.abs(forecast - truth)[part][truth[part] != 0].sum(), (truth[part] != 0).sum())
            for part in (slice(0, cut), slice(cut, None))]  # fmt: skip
    total = sum(count for _, count in sums)
    if total:
        assert whole.mae == pytest.approx(sum(error for error, _ in sums) / total)


def test_at_a_step_is_not_the_mean_up_to_it():
    truth = np.full((2, 3, 1), 10.0)
    forecast = truth + np.array([1.0, 2.0, 6.0]).reshape(1, 3, 1)
    steps = scores_by_step(truth, forecast)
    assert [steps[q].mae for q in (1, 2, 3)] == [1.0, 2.0, 6.0]
    assert mean_of_steps(steps).mae == 3.0


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        masked_scores(np.zeros(3), np.zeros(4))


def test_learning_rate_is_a_staircase_with_a_floor_and_a_warm_up():
    def rate(epoch, step=100, warmup=0):
        return learning_rate(1e-3, epoch=epoch, step=step, decay_epoch=5, decay_rate=0.7, warmup_steps=warmup)

    assert [rate(epoch) for epoch in (0, 4, 5, 10)] == pytest.approx([1e-3, 1e-3, 7e-4, 4.9e-4])
    assert rate(64) > RATE_FLOOR == rate(65)  # the original's floor is reached at epoch 65
    assert rate(0, step=0, warmup=10) == pytest.approx(1e-4)
    assert rate(0, step=9, warmup=10) == pytest.approx(1e-3)


def test_bn_momentum_has_forgotten_the_start_after_any_number_of_steps():
    def counted(step):
        return bn_momentum(0.99, "counted", step=step, epoch=0.0, decay_epoch=5)

    assert counted(0) == 0.1 and counted(10_000) == 0.99
    assert np.prod([counted(step) for step in range(30)]) < 1e-6


def test_bn_momentum_of_the_original_halves_its_distance_to_one_at_every_drop():
    def original(epoch, limit=0.99):
        return bn_momentum(limit, "original", step=999, epoch=epoch, decay_epoch=5)

    assert [original(epoch) for epoch in (0, 4.99, 5, 10, 15, 29)] == [0.5, 0.5, 0.75, 0.875, 0.9375, 0.984375]
    assert original(30) == 0.99 and original(10, limit=0.8) == 0.8
    assert bn_momentum(0.97, "constant", step=0, epoch=0, decay_epoch=5) == 0.97


FALLING = [6.0, 5.0, 4.5, 4.2, 4.0]


@pytest.mark.parametrize("train, val, words", [
    (FALLING, FALLING, {"falling fast"}),
    ([5.0, 4.99, 5.01, 5.0], [5.0] * 4, {"flat"}),
    ([4.0, 4.1, 4.4, 4.8, 5.0], [4.0, 4.1, 4.4, 4.8, 5.0], {"rising"}),
    (FALLING, [5.0, 4.0, 5.2, 3.9, 5.3], {"falling fast", "oscillating"}),
    ([6, 5, 4, 3.5, 3, 2.5], [5, 4.5, 4.4, 4.5, 4.7, 4.9], {"falling fast", "validation rising"}),
    ([5.0], [5.0], set()),
])  # fmt: skip
def test_each_rule_fires_on_its_own_curve(train, val, words):
    told = {text.split(":")[0] for text in diagnose(train, val)}
    assert told == words


def test_divergence():
    nan = float("nan")
    assert has_diverged([5.0, nan], [5.0, nan]) and has_diverged([5.0, 4.0], [5.0, float("inf")])
    assert has_diverged([5.0, 4.0, 6.1], [4.0, 3.0, 9.5])
    assert not has_diverged([5.0, 4.0, 5.9], [4.0, 3.0, 9.5]) and not has_diverged([5.0, 4.0, 6.1], [4.0, 3.0, 8.9])
    assert not has_diverged([], []) and not has_diverged([], [3.0])


def test_a_validation_error_that_jumps_for_an_epoch_while_training_falls_is_no_divergence():
    """As recorded: the guide's config on the demo network at quick scale, whose next epochs had 2.92 and 2.78."""
    train, val = [5.58, 4.34, 4.12, 3.95], [3.09, 3.09, 2.84, 10.04]
    assert not has_diverged(train, val)
    # A grown model, shaken in its first epoch: there is no training error to compare with.
    assert not has_diverged([4.83], [2.76, 8.9])
