"""What regression on deviations gains, and where its coefficients come from."""

import numpy as np
import pytest

from gman_search.baselines import linear_regression
from gman_search.baselines.base import baseline_scores
from gman_search.baselines.linear_regression import fit_coefficients, forecast_deviations
from gman_search.baselines.registry import CHEAP
from gman_search.data.fill import fill_inputs

from .conftest import readings_of, task_of


def test_it_beats_persistence_and_historical_average_where_deviations_last():
    task = task_of(readings_of(days=42), history=3, horizon=3)
    maes = {}
    for kind in CHEAP:
        baseline = kind()
        baseline.fit(task)
        maes[kind.name] = [score.mae for score in baseline_scores(baseline, task.windows("test")).values()]
    regression = maes.pop("linear regression")
    for rival in maes.values():
        assert all(ours < 0.97 * theirs for ours, theirs in zip(regression, rival, strict=True))


def test_it_finds_how_fast_each_sensor_returns_to_the_usual_value():
    random, hours = np.random.default_rng(0), 24 * 350
    deviations = np.zeros((hours, 2))
    for row in range(1, hours):
        deviations[row] = np.array([0.9, 0.3]) * deviations[row - 1] + random.normal(0, 1, 2)
    task = task_of(50 + deviations, history=2, horizon=2)
    table = fit_coefficients(task.windows("train")).table
    np.testing.assert_allclose(table[0, :, 1], [0.9, 0.3], atol=0.1)
    np.testing.assert_allclose(table[1, :, 1], [0.81, 0.09], atol=0.12)
    assert np.abs(table[:, :, 0]).max() < 0.12


def test_a_sensor_with_few_readings_has_nearly_the_shared_coefficients():
    values = readings_of(days=42, sensors=3)
    values[50:, 2] = 0
    table = fit_coefficients(task_of(values, history=2, horizon=1).windows("train")).table
    np.testing.assert_allclose(table[0, 2, :2], table[0, :2, :2].mean(axis=0), atol=0.08)


def test_thinned_out_rows_give_nearly_the_same(monkeypatch):
    task = task_of(readings_of(days=42))
    whole = forecast_deviations(fit_coefficients(task.windows("train")), task.windows("test"))
    monkeypatch.setattr(linear_regression, "MAX_ROWS", 700)
    thinned = forecast_deviations(fit_coefficients(task.windows("train")), task.windows("test"))
    assert np.abs(whole - thinned).max() > 0
    assert np.abs(whole - thinned).mean() < 2.5


def test_inputs_are_filled_from_the_window_alone():
    usual = np.float32([[1, 2, 3, 4]])
    filled = [fill_inputs(np.float32([row]), usual)[0].tolist() for row in ([5, 0, 0, 7], [0, 0, 5, 7], [0, 0, 0, 0])]
    assert filled == [[5, 5, 5, 7], [6, 6, 5, 7], [1, 2, 3, 4]]
    assert fill_inputs(np.float32([5, 6]), usual[0, :2]).tolist() == pytest.approx([5, 6])
