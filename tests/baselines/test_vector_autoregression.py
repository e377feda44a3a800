"""What the other sensors add to a regression, how far they are trusted, and what other models are trained on."""

from dataclasses import replace

import numpy as np
import pytest

from gman_search.baselines import vector_autoregression
from gman_search.baselines.linear_regression import fit_coefficients, forecast_deviations
from gman_search.baselines.vector_autoregression import Autoregression, fit_autoregression, forecast_autoregression
from gman_search.metrics import mean_of_steps, scores_by_step

from .conftest import readings_of, task_of


def down_the_road(days=60, sensors=4, seed=0):
    """Hourly readings: what happens at a sensor happens at the next one an hour later."""
    random, hours = np.random.default_rng(seed), 24 * days
    first = np.zeros(hours)
    for row in range(1, hours):
        first[row] = 0.7 * first[row - 1] + random.normal(0, 4)
    columns = [np.roll(first, place) for place in range(sensors)]
    return np.maximum(50 + np.stack(columns, axis=1) + random.normal(0, 0.5, (hours, sensors)), 1)


def error(task, forecast, part="test"):
    return mean_of_steps(scores_by_step(task.windows(part).targets, forecast)).mae


def errors(values, **spec):
    """Of a regression on each sensor alone, and on all."""
    task = task_of(values, **spec)
    windows = task.windows("train")
    alone = forecast_deviations(fit_coefficients(windows), task.windows("test"))
    together = forecast_autoregression(fit_autoregression(windows)[0], task.windows("test"))
    return error(task, alone), error(task, together)


def test_sensors_up_the_road_lower_the_error():
    alone, together = errors(down_the_road(), history=6, horizon=2)
    assert together < 0.85 * alone


@pytest.mark.parametrize("days", [10, 60])
def test_sensors_that_have_nothing_to_do_with_each_other_do_not_raise_it(days):
    """With 24 sensors and ten days there are hardly more windows than deviations: least squares alone would fail."""
    alone, together = errors(readings_of(days=days, sensors=24), history=6, horizon=2)
    assert together < 1.02 * alone


def test_held_out_forecasts_are_as_good_as_those_of_the_test_part_and_not_better():
    """A model that is trained on them trusts them as much as it should."""
    noise = np.random.default_rng(1).uniform(40, 60, (24 * 30, 12)).astype(np.float32)
    task = task_of(noise, history=6, horizon=1)
    model, held_out = fit_autoregression(task.windows("train"))
    assert len(held_out.windows) == len(task.windows("train"))
    seen = error(task, forecast_autoregression(model, task.windows("train")), "train")
    unseen = error(task, forecast_autoregression(model, task.windows("test")))
    assert error(task, held_out.forecast, "train") == pytest.approx(unseen, rel=0.04)
    assert error(task, held_out.forecast, "train") > seen


def test_a_held_out_forecast_does_not_know_its_own_days():
    task = task_of(down_the_road(), history=6, horizon=2)
    windows = task.windows("train")
    changed, place = windows.readings.copy(), len(windows) // 2  # in the third block of five
    changed[windows.future[place]] += 20
    before, after = (fit_autoregression(each)[1].forecast for each in (windows, replace(windows, readings=changed)))
    np.testing.assert_allclose(before[place], after[place], rtol=1e-5)
    assert np.abs(after[0] - before[0]).max() > 0.01


def test_a_training_part_that_is_too_short_to_leave_days_out_gives_each_sensor_alone():
    task = task_of(down_the_road(days=10), history=12, horizon=24, train_share=0.5, test_share=0.25)
    model, held_out = fit_autoregression(task.windows("train"))
    assert not model.table.any()
    np.testing.assert_array_equal(held_out.forecast, forecast_autoregression(model, task.windows("train")))


def test_more_sensors_have_fewer_lags_and_too_many_only_their_own(monkeypatch):
    monkeypatch.setattr(vector_autoregression, "MAX_FEATURES", 9)
    shapes = [fit_autoregression(task_of(readings_of(sensors=N), history=6, horizon=1).windows("train"))[0].table.shape
              for N in (2, 4, 10)]  # fmt: skip
    assert shapes == [(1, 8, 2), (1, 8, 4), (1, 0, 10)]


def test_a_regression_that_an_earlier_version_saved_is_of_each_sensor_alone():
    task = task_of(readings_of(), history=6, horizon=2)
    own = fit_coefficients(task.windows("train"))
    loaded = Autoregression.of({"table": own.table})
    windows = task.windows("test")
    np.testing.assert_array_equal(forecast_autoregression(loaded, windows), forecast_deviations(own, windows))
