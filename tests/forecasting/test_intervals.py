"""Conformal intervals: finite-sample quantiles, masks, levels of traffic, coverage."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gman_search.errors import DataError
from gman_search.forecasting.intervals import (
    PERCENTS,
    Intervals,
    calibrated,
    conformal_quantiles,
    coverage,
    free_flow_readings,
)

scores = arrays.arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 100))


@given(scores)
def test_the_quantile_is_the_rank_that_the_theorem_asks_for(values):
    for percent, found in zip(PERCENTS, conformal_quantiles(values), strict=True):
        rank = math.ceil((len(values) + 1) * percent / 100 - 1e-9)
        assert found == (sorted(values)[rank - 1] if rank <= len(values) else math.inf)


@given(scores)
def test_a_new_score_in_place_of_any_old_one_is_held_as_often_as_promised(values):
    """The theorem itself, without chance: leave each of n + 1 scores out in turn and count."""
    if len(values) < 2:
        return
    held = np.zeros(len(PERCENTS))
    for left_out in range(len(values)):
        held += values[left_out] <= conformal_quantiles(np.delete(values, left_out))
    assert (held / len(values) >= np.array(PERCENTS) / 100 - 1e-12).all()


@given(scores, st.integers(0, 10))
def test_missing_scores_count_nowhere_and_widths_rise(values, missing):
    with_gaps = np.concatenate([values, np.full(missing, np.nan)])
    found = conformal_quantiles(with_gaps)
    np.testing.assert_array_equal(found, conformal_quantiles(values))
    assert all(small <= big for small, big in zip(found, found[1:], strict=False))


def network(seed: int, windows: int = 400):
    """Errors of 1 mph in free traffic, of 8 in slow traffic; sensor 2 stands at half the speed of the others."""
    random = np.random.default_rng(seed)
    usual = np.array([60.0, 60.0, 30.0])
    slow = random.random((windows, 2, 3)) < 0.2
    forecast = usual * np.where(slow, 0.4, 1.0)
    truth = np.maximum(forecast + random.normal(0, np.where(slow, 8, 1)), 0.1)
    truth[random.random(truth.shape) < 0.1] = 0
    return truth, forecast, usual


def test_intervals_hold_in_slow_and_in_free_traffic_alike():
    truth, forecast, usual = network(0)
    intervals = calibrated(truth, forecast, usual)
    found = coverage(*network(1, 4000)[:2], intervals, 90)
    assert found.held == pytest.approx(90, abs=2) and found.slow == pytest.approx(90, abs=3)
    assert all(held == pytest.approx(90, abs=2) for held in found.by_step)
    assert 85 < found.lowest_sensor <= found.held
    half = intervals.half_width(np.array([[60.0, 60.0, 30.0], [24.0, 60.0, 12.0]]), 90)
    assert half.shape == (2, 3) and half[1, 0] > 4 * half[1, 1] and half[1, 2] > 4 * half[0, 2]


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_missing_readings_change_neither_widths_nor_coverage(seed):
    truth, forecast, usual = network(seed, 60)
    wild = np.where(truth == 0, 1e6, forecast)
    plain, odd = calibrated(truth, forecast, usual), calibrated(np.where(truth == 0, np.nan, truth), wild, usual)
    np.testing.assert_array_equal(plain.widths, odd.widths)
    kept = coverage(truth, forecast, plain, 80)
    assert kept.held == coverage(truth, np.where(truth == 0, 0, forecast), plain, 80).held
    inside = np.abs(truth - forecast) <= plain.half_width(forecast, 80)
    assert kept.held == pytest.approx(100 * inside[truth != 0].mean())


def test_few_readings_borrow_from_all_levels_and_fewer_still_are_refused():
    truth, forecast = np.full((12, 1, 1), 50.0), np.full((12, 1, 1), 49.0)
    forecast[0] = 10
    intervals = calibrated(truth, forecast, np.array([50.0]))
    assert intervals.half_width(np.array([[10.0]]), 90) == 40  # one slow score is too few: the widest of all twelve
    assert intervals.has(92) and not intervals.has(93)
    with pytest.raises(DataError, match="too few readings"):
        intervals.half_width(forecast, 99)
    with pytest.raises(DataError, match="50 to 99"):
        intervals.half_width(forecast, 30)


def test_lower_ends_are_never_negative_and_nothing_observed_is_no_coverage():
    intervals = Intervals(np.full((len(PERCENTS), 1, 3), 20.0), np.array([60.0]))
    lower, upper = intervals.ends(np.array([[[5.0]], [[50.0]]]), 90)
    assert lower.ravel().tolist() == [0, 30] and upper.ravel().tolist() == [25, 70]
    found = coverage(np.zeros((2, 1, 1)), np.ones((2, 1, 1)), intervals, 90)
    assert math.isnan(found.held) and math.isnan(found.width) and math.isnan(found.slow)


def test_free_flow_readings_leave_missing_ones_out():
    readings = np.array([[0, 10, 0], [60, 20, 0], [60, 20, 0], [60, 20, np.nan]], dtype=float)
    assert free_flow_readings(readings).tolist() == [60, 20, 40]
    assert free_flow_readings(np.zeros((3, 1))).tolist() == [1]
