"""Holidays are Sundays wherever a saved model forecasts, without the package `holidays`."""

import sys

import numpy as np
import pytest

from gman_search import Forecaster
from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError
from gman_search.forecasting.backtest import backtest, split_windows
from gman_search.forecasting.export import ServedModel, checked
from gman_search.io.arrays import read_arrays, write_arrays

from .conftest import saved_run


@pytest.fixture(scope="module")
def december(tmp_path_factory):
    """(task of five weeks until the third of January 2024, folder of a saved model, the CompiledModel)."""
    random, hours = np.random.default_rng(0), np.arange(24 * 35)
    values = 45 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + random.normal(0, 1.5, (len(hours), 3))
    times = np.datetime64("2023-11-30T00:00", "m") + hours * 60
    series = TrafficSeries(values.astype(np.float32), times, tuple("abc"), 60)
    spec = DataSpec(history=4, horizon=3, train_share=0.6, test_share=0.25, holidays="US")
    task = make_task(spec, series, random.normal(size=(3, 6)))
    folder = tmp_path_factory.mktemp("december")
    return task, folder, saved_run(folder, task)


def recent(task, last):
    times = np.datetime64(last, "m") + np.arange(-3, 1) * 60
    return TrafficSeries(task.series.values[:4], times, task.series.sensors, 60)


def test_a_forecast_of_a_holiday_is_that_of_a_sunday(december, monkeypatch):
    task, folder, _ = december
    monkeypatch.setitem(sys.modules, "holidays", None)  # not needed any more
    model = Forecaster(folder)
    christmas, sunday, thursday = (
        model.forecast(recent(task, f"2025-12-{day}T12:00")).values for day in ("25", "28", "18")
    )
    np.testing.assert_array_equal(christmas, sunday)
    assert np.abs(christmas - thursday).max() > 1e-3
    eve = model.forecast(recent(task, "2025-12-24T23:00")).values  # inputs on a Wednesday, targets on the holiday
    assert np.abs(eve - model.forecast(recent(task, "2025-12-17T23:00")).values).max() > 1e-3


def test_a_split_with_holidays_is_forecast_as_in_training(december):
    task, folder, trained = december
    starts = task.starts["test"]
    assert (task.day_of_week != task.series.day_of_week)[starts].any()
    model = Forecaster(folder)
    np.testing.assert_allclose(model.windows(task.series, starts), trained.forecast(starts, causal=True), rtol=1e-5)
    # New Year's Day is a Monday; of it and the Sunday before there are errors of Sundays only.
    assert sorted(backtest(model, split_windows(task, "test")).model.days) == sorted(
        np.unique(task.day_of_week[starts[0] + 4 :])
    )


def test_the_exported_graph_knows_holidays(december):
    task, folder, _ = december
    model = Forecaster(folder)
    assert len(model.holidays)

    def run(readings, minute, served=None):
        found = (served or ServedModel(model, None)).forecast(readings, minute)
        return {name: array.numpy() for name, array in found.items()}

    checked(model, run)
    served = ServedModel(model, None)
    served._holidays = None
    ours, plain = (run(task.series.values[None, :4], minute("2025-12-25T12:00"), which) for which in (None, served))
    assert np.abs(ours["forecast"] - plain["forecast"]).max() > 1e-3


def minute(time):
    return np.array([np.datetime64(time, "m").astype(np.int64)])


@pytest.mark.slow
def test_the_onnx_file_knows_holidays(december, tmp_path):
    pytest.importorskip("tf2onnx")
    from gman_search.forecasting.export_onnx import export_onnx

    export_onnx(Forecaster(december[1]), tmp_path / "model.onnx")  # compares its forecasts with ours, one on a holiday


def test_dates_are_stored_as_days_and_damaged_ones_refused(december, tmp_path):
    task, folder, _ = december
    arrays, description = read_arrays(folder / "weights.npz")
    days = arrays["constant/holidays"]
    assert days.dtype == np.int64 and days.tolist() == task.holiday_dates.astype(np.int64).tolist()
    write_arrays(tmp_path / "weights.npz", {**arrays, "constant/holidays": days.astype(float)}, description)
    with pytest.raises(DataError, match="expected constant/holidays as whole days in one row; received float64"):
        Forecaster(tmp_path)
    del arrays["constant/holidays"]
    write_arrays(tmp_path / "weights.npz", arrays, description)
    assert len(Forecaster(tmp_path).holidays) == 0
