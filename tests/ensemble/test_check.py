"""An ensemble is delivered only where it pays on readings that it was not chosen on."""

import numpy as np

from gman_search.ensemble.check import choose, folds, mean_error, weighted
from gman_search.ensemble.select import step_weights

from .test_select import made

SPAN = 6


def test_what_is_chosen_on_shares_no_row_with_what_is_scored():
    starts = np.arange(1000, 1400, 3)
    parts = folds(starts, SPAN)
    for chosen_on, scored in parts:
        rows = [set((starts[some][:, None] + np.arange(SPAN)).ravel()) for some in (chosen_on, scored)]
        assert not rows[0] & rows[1] and len(chosen_on) > 0.7 * len(starts)
    np.testing.assert_array_equal(np.concatenate([scored for _, scored in parts]), np.arange(len(starts)))


def test_a_part_too_short_has_no_folds():
    assert folds(np.arange(8), SPAN) is None and folds(np.arange(3), SPAN) is None
    assert all(len(chosen_on) for chosen_on, _ in folds(np.arange(24), SPAN))


def test_independent_errors_pay():
    truth, forecasts = made([2.0, 2.1, 2.2, 5.0])
    found = choose(["a", "b", "c", "d"], truth, forecasts, np.arange(len(truth)), SPAN)
    assert found.check.used and found.check.ensemble < found.check.single and found.check.single_name == "a"
    assert found.val_mae == mean_error(truth, weighted(forecasts, found.weights)) < 1.3


def test_an_ensemble_of_noise_is_refused():
    """Every choice lowers the error on the windows it was made on; on others these members bring nothing."""
    used = []
    for seed in range(6):
        random = np.random.default_rng(seed)
        truth, forecasts = made([1.0], windows=48, seed=seed)
        noise = random.normal(0, 1.0, (9, *truth.shape))  # the best one with noise upon it
        forecasts = np.concatenate([forecasts, forecasts + noise.astype(np.float32)])
        assert mean_error(truth, weighted(forecasts, step_weights(truth, forecasts))) < mean_error(truth, forecasts[0])
        found = choose([str(i) for i in range(10)], truth, forecasts, np.arange(48), SPAN)
        used.append(found.check.used)
        if not found.check.used:
            best = int(found.check.single_name)
            np.testing.assert_array_equal(found.weights, np.eye(10)[[best] * 3])
    assert used.count(False) >= 4


def test_one_that_dominates_is_delivered_alone():
    truth, forecasts = made([0.1, 4.0, 4.0])
    found = choose(["a", "b", "c"], truth, forecasts, np.arange(len(truth)), SPAN)
    assert not found.check.used and found.check.single == found.check.ensemble
    np.testing.assert_array_equal(found.weights, [[1, 0, 0]] * 3)


def test_too_few_windows_for_a_check_deliver_the_best_alone():
    truth, forecasts = made([2.0, 1.0], windows=3)
    found = choose(["a", "b"], truth, forecasts, np.arange(3), SPAN)
    assert not found.check.used and np.isnan(found.check.ensemble)
    np.testing.assert_array_equal(found.weights, [[0, 1]] * 3)
