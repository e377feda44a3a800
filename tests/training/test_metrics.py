"""Masked errors: hand-computed, and the same however the windows are batched."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gman_search.metrics import masked_scores, mean_of_steps, scores_by_step
from gman_search.training.errors_by_hour import mae_by_hour

SHAPE = (6, 3, 2)
TRUTH = arrays(np.float64, SHAPE, elements=st.sampled_from([0.0, -0.0, math.nan, math.inf, 5.0, 40.0, 65.5]))
FORECAST = arrays(np.float64, SHAPE, elements=st.floats(-10, 80))


def fields(scores):
    return [scores.mae, scores.rmse, scores.mape]


def test_scores_by_hand_with_zeros_and_nan():
    truth = np.array([[[10.0, 0.0]], [[20.0, np.nan]]])
    scores = scores_by_step(truth, np.array([[[12.0, 99.0]], [[16.0, 99.0]]]))[1]
    assert fields(scores) == pytest.approx([3.0, math.sqrt(10), 20.0])


@given(TRUTH, FORECAST, st.floats(-1e6, 1e6))
def test_forecasts_of_missing_readings_count_nowhere(truth, forecast, anything):
    missing = ~np.isfinite(truth) | (truth == 0)
    other = np.where(missing, anything, forecast)
    assert fields(masked_scores(truth, other)) == pytest.approx(fields(masked_scores(truth, forecast)), nan_ok=True)


def test_a_mean_of_batch_means_would_be_another_number():
    truth = np.array([[[10.0, 10.0, 10.0]], [[10.0, 0.0, 0.0]]])
    forecast = truth + np.array([[[1.0]], [[5.0]]])
    assert masked_scores(truth, forecast).mae == 2.0  # (1 + 1 + 1 + 5) / 4, not (1 + 5) / 2


def test_a_forecast_that_is_nan_is_not_hidden():
    truth, forecast = np.full((1, 2, 1), 10.0), np.array([[[np.nan], [11.0]]])
    assert math.isnan(masked_scores(truth, forecast).mae)
    steps = scores_by_step(truth, forecast)
    assert math.isnan(steps[1].mae) and steps[2].mae == 1.0


def test_nothing_observed_is_nan_at_that_step_and_in_the_mean():
    truth = np.array([[[0.0], [10.0]]])
    steps = scores_by_step(truth, truth + 1)
    assert all(map(math.isnan, fields(steps[1]))) and steps[2].mae == 1.0
    assert math.isnan(mean_of_steps(steps).mae)


def test_mape_is_in_percent_and_not_clipped():
    assert masked_scores(np.array([1.0]), np.array([61.0])).mape == 6000.0


def test_the_mean_of_rmse_is_not_the_rmse_of_all():
    truth = np.full((1, 2, 1), 10.0)
    forecast = truth + np.array([[[1.0], [7.0]]])
    assert mean_of_steps(scores_by_step(truth, forecast)).rmse == 4.0
    assert masked_scores(truth, forecast).rmse == 5.0


def test_single_precision_is_summed_in_double():
    truth = np.full((20_000, 1, 10), 60.0, np.float32)
    assert masked_scores(truth, truth + np.float32(0.1)).mae == pytest.approx(0.1, abs=1e-5)


def test_errors_fall_into_the_hour_of_the_moment_forecast():
    truth = np.array([[[10.0, 0.0], [20.0, 30.0]]])
    forecast = np.array([[[11.0, 99.0], [22.0, 26.0]]])
    cells = mae_by_hour(truth, forecast, np.array([[0, 1]]), np.array([[23, 0]]))
    assert (len(cells), len(cells[0])) == (7, 24)
    assert (cells[0][23], cells[1][0], cells[0][0]) == (1.0, 3.0, None)
