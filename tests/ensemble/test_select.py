"""Greedy selection finds the weights that lower the error, step by step."""

import numpy as np
import pytest

from gman_search.ensemble.check import mean_error, weighted
from gman_search.ensemble.select import MOST_MEMBERS, greedy, pruned, step_weights


def made(deviations, *, windows=400, steps=3, sensors=4, seed=0):
    """Readings (W, Q, N) and forecasts (M, W, Q, N) with independent normal errors of these deviations (M,) or (M, Q)."""
    random = np.random.default_rng(seed)
    truth = random.uniform(30, 60, (windows, steps, sensors)).astype(np.float32)
    scale = np.broadcast_to(np.array(deviations, float).reshape(len(deviations), -1), (len(deviations), steps))
    noise = random.normal(size=(len(deviations), *truth.shape)) * scale[:, None, :, None]
    return truth, (truth + noise).astype(np.float32)


def test_of_independent_errors_the_mean_beats_every_single_one():
    truth, forecasts = made([2.0, 2.1, 2.2, 2.3])
    weights = step_weights(truth, forecasts)
    assert weights.shape == (3, 4) and np.allclose(weights.sum(axis=1), 1) and (weights > 0.1).all()
    singles = [mean_error(truth, forecast) for forecast in forecasts]
    assert mean_error(truth, weighted(forecasts, weights)) < 0.6 * min(singles)


def test_one_that_dominates_is_taken_alone():
    truth, forecasts = made([5.0, 0.1, 5.0])
    np.testing.assert_array_equal(step_weights(truth, forecasts), [[0, 1, 0]] * 3)


def test_each_step_has_its_own_weights():
    truth, forecasts = made([[0.1, 2.0, 8.0], [8.0, 2.0, 0.1]])
    weights = step_weights(truth, forecasts)
    assert weights[0, 0] > 0.95 and weights[2, 1] > 0.95 and 0.3 < weights[1, 0] < 0.7


@pytest.mark.parametrize("blank", [0.0, np.nan])
def test_missing_readings_count_nowhere(blank):
    truth, forecasts = made([2.0, 2.1, 2.2])
    gone = np.random.default_rng(1).random(truth.shape) < 0.3
    expected = step_weights(np.where(gone, 0, truth), forecasts)
    forecasts[:, gone] = np.random.default_rng(2).normal(0, 1e3, (3, int(gone.sum())))
    np.testing.assert_array_equal(step_weights(np.where(gone, blank, truth), forecasts), expected)


def test_a_step_without_readings_takes_the_mean_weights_of_the_others():
    truth, forecasts = made([2.0, 2.0])
    truth[:, 1] = 0
    weights = step_weights(truth, forecasts)
    assert (weights > 0.2).all() and np.allclose(weights.sum(axis=1), 1)


def test_greedy_is_never_worse_than_the_best_and_repeats_members():
    random = np.random.default_rng(3)
    for _ in range(20):
        errors = random.normal(random.normal(size=(5, 1)), 1.0, (5, 60)).astype(np.float32)
        weights = greedy(errors, 30)
        assert weights.sum() == pytest.approx(1)
        assert np.abs(weights @ errors).mean() <= np.abs(errors).mean(axis=1).min() + 1e-6
    biased = np.stack([np.full(100, 1.0), np.full(100, -3.0)]).astype(np.float32)
    np.testing.assert_allclose(greedy(biased, 40), [0.75, 0.25])


def test_small_weights_and_too_many_members_are_dropped():
    small = pruned(np.array([[0.99, 0.01, 0.0], [0.5, 0.0, 0.5]]))
    np.testing.assert_allclose(small, [[1.0, 0, 0], [0.5, 0, 0.5]])
    many = pruned(np.full((2, 12), 1 / 12))
    assert ((many > 0).sum(axis=1) == MOST_MEMBERS).all() and np.allclose(many.sum(axis=1), 1)
    lost = np.vstack([np.full((99, 2), [1.0, 0.0]), [[0.0, 1.0]]])  # the last step loses its only member
    np.testing.assert_allclose(pruned(lost), [[1.0, 0.0]] * 100)
