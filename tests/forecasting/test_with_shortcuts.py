"""Models with shortcuts, saved and exported: the usual values travel with them and nothing refreshes them."""

import dataclasses

import numpy as np
import pytest

from gman_search import Forecaster
from gman_search.data.window_set import window_set
from gman_search.errors import DataError
from gman_search.forecasting.export import ServedModel, checked, export_saved_model
from gman_search.io.arrays import read_arrays, write_arrays

from .conftest import saved_run, small_task


@pytest.fixture(scope="module")
def with_shortcuts(tmp_path_factory):
    """(task, folder, CompiledModel): five sensors, weights of the shortcuts away from zero."""
    folder, task = tmp_path_factory.mktemp("saved"), small_task()
    return task, folder, saved_run(folder, task, shortcuts=True)


def test_every_origin_is_forecast_as_in_training(with_shortcuts):
    task, folder, trained = with_shortcuts
    starts = np.concatenate([task.starts["val"], task.starts["test"]])
    expected = trained.forecast(starts, causal=True)
    model = Forecaster(folder)
    assert model.config.hyperparameters.shortcuts
    np.testing.assert_allclose(model.windows(task.series, starts), expected, rtol=1e-5)
    parts = np.concatenate([model.values(task.windows(part)) for part in ("val", "test")])
    np.testing.assert_allclose(parts, expected, rtol=1e-5)
    # The control: the usual values count, those of now and those of the targets.
    for first, last in ((3, 4), (4, 7)):
        usual = task.usual_rows.copy()
        usual[starts[0] + first : starts[0] + last] += 10
        moved = dataclasses.replace(task.windows("val"), usual=usual).take(slice(0, 1))
        assert np.abs(model.values(moved)[0] - expected[0]).max() > 0.1


def test_usual_values_are_not_refreshed_by_the_readings_at_hand(with_shortcuts):
    """What lies before the window may be anything: with a table of its own the forecast stays."""
    task, folder, _ = with_shortcuts
    model, recent = Forecaster(folder, traced=False), dataclasses.replace(task.series, values=task.series.values.copy())
    before = model.forecast(recent).values
    recent.values[:-40] = 99
    np.testing.assert_array_equal(model.forecast(recent).values, before)


def test_the_table_is_in_the_file_and_asked_for(with_shortcuts, tmp_path):
    task, folder, _ = with_shortcuts
    arrays, description = read_arrays(folder / "weights.npz")
    assert arrays["constant/usual"].shape == (7, 24, 5) and arrays["constant/usual"].dtype == np.float32
    np.testing.assert_array_equal(arrays["constant/usual"], task.usual.table)
    usual = arrays.pop("constant/usual")
    write_arrays(tmp_path / "weights.npz", arrays, description)
    with pytest.raises(DataError, match="constant/usual; there is none"):
        Forecaster(tmp_path)
    write_arrays(tmp_path / "weights.npz", {**arrays, "constant/usual": usual[:, :-1]}, description)
    with pytest.raises(DataError, match=r"constant/usual of shape \(7, 24, 5\)"):
        Forecaster(tmp_path)


def test_a_model_saved_before_there_were_shortcuts_loads(run):
    arrays, description = read_arrays(run[0] / "weights.npz")
    assert "shortcuts" not in description["hyperparameters"] or not description["hyperparameters"]["shortcuts"]
    assert "constant/usual" not in arrays
    assert not Forecaster(run[0], traced=False).config.hyperparameters.shortcuts


def test_windows_of_new_readings(with_shortcuts):
    task = with_shortcuts[0]
    starts = task.starts["test"]
    end = starts[-1] + task.P + task.Q
    known = dataclasses.replace(task.series, values=task.series.values[: end - 3], times=task.series.times[: end - 3])
    ours = window_set(known, starts, task.usual, P=4, Q=3, mean=task.mean)
    theirs = task.windows("test")
    np.testing.assert_array_equal(ours.usual[ours.future], theirs.usual[theirs.future])
    np.testing.assert_array_equal(ours.day[ours.future], theirs.day[theirs.future])
    np.testing.assert_array_equal(ours.time[ours.future], theirs.time[theirs.future])
    np.testing.assert_array_equal(ours.last, theirs.last)
    bare = window_set(known, starts, None, P=4, Q=3, mean=task.mean)
    assert bare.usual.shape == (len(known.values) + 3, 5)


def test_exports_forecast_the_same(with_shortcuts, tmp_path):
    model = Forecaster(with_shortcuts[1])
    assert export_saved_model(model, tmp_path / "out", percent=80) < 1e-3
    served = ServedModel(model, None)
    served._graph._usual = served._graph._usual + 1.0  # the control
    with pytest.raises(Exception, match="nothing was kept"):
        checked(model, lambda *inputs: {"forecast": served.forecast(*inputs)["forecast"].numpy()})
    pytest.importorskip("tf2onnx")
    from gman_search.forecasting.export_onnx import export_onnx

    assert export_onnx(model, tmp_path / "out.onnx", percent=80) < 1e-3


@pytest.mark.parametrize("groups", [0, 2])
def test_the_test_of_a_winner(tmp_path, groups):
    from gman_search.data_spec import DataSpec
    from gman_search.training.test_evaluator import TestEvaluator, test_forecast, test_winner

    task, models = small_task(groups=groups), []
    bench = TestEvaluator(task, DataSpec())
    for shortcuts in (True, False):
        trained = saved_run(tmp_path / str(shortcuts), task, shortcuts=shortcuts)
        saved = Forecaster(tmp_path / str(shortcuts), traced=False).model
        models.append(bench._model(saved))
        forecast = test_forecast(task, models[-1], saved)
        result = test_winner(task, forecast, saved, config_id=0, stage="quick")
        expected = trained.forecast(task.starts["test"], causal=True)
        error = np.abs(expected - task.windows("test").targets)[task.windows("test").targets != 0]
        assert result.mean.mae == pytest.approx(error.mean(), rel=1e-2)
        assert bool(result.attention) == (groups == 0)
    assert models[0] is not models[1]  # of one shape, and yet two models


def test_what_was_tested_alone_is_forecast_as_before_for_the_ensemble(tmp_path, monkeypatch):
    from gman_search.data_spec import DataSpec
    from gman_search.training import test_evaluator

    task, forecasts = small_task(), []
    saved_run(tmp_path, task, shortcuts=True)
    saved = Forecaster(tmp_path, traced=False).model
    monkeypatch.setattr(test_evaluator, "complete_model", lambda *_: saved)
    starts = {part: task.starts[part] for part in ("val", "test")}
    for most in (test_evaluator.MOST_KEPT, 0):
        monkeypatch.setattr(test_evaluator, "MOST_KEPT", most)
        bench = test_evaluator.TestEvaluator(task, DataSpec())
        bench.scores(tmp_path)
        assert len(bench._tested) == (most > 0)
        _, forecast = bench.opened(tmp_path)
        forecasts.append([forecast(starts["test"]), forecast(starts["test"][:2]), forecast(starts["val"])])
    for kept, made in zip(*forecasts, strict=True):
        np.testing.assert_array_equal(kept, made)
