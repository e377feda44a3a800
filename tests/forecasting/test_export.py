"""Exported models run without gman_search and forecast the same."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from gman_search import Forecaster
from gman_search.errors import GmanSearchError, UsageError
from gman_search.forecasting.export import ABOUT, ServedModel, checked, export_saved_model

from .conftest import saved_run, small_task

# A path hook that refuses gman_search: what the model needs of it would be noticed.
ALONE = """
import sys, json
class Refuse:
    def find_spec(self, name, *rest):
        if name.split(".")[0] in ("gman_search", *{more!r}):
            raise ImportError("no " + name)
sys.meta_path.insert(0, Refuse())
import numpy as np
readings, minute = np.load({inputs!r})["readings"], np.load({inputs!r})["minute"]
"""
WITH_TENSORFLOW = (
    ALONE
    + """
import tensorflow as tf
forecast = tf.saved_model.load({model!r}).signatures["serving_default"]
found = {{name: array.numpy() for name, array in forecast(readings=tf.constant(readings), last_minute=tf.constant(minute)).items()}}
np.savez({outputs!r}, **found)
"""
)
WITH_ONNX = (
    ALONE
    + """
import onnxruntime
session = onnxruntime.InferenceSession({model!r})
names = [output.name for output in session.get_outputs()]
np.savez({outputs!r}, **dict(zip(names, session.run(names, {{"readings": readings, "last_minute": minute}}))))
"""
)


def run_alone(program: str, folder, model, readings, minute, more=()):
    np.savez(folder / "in.npz", readings=readings, minute=minute)
    code = program.format(inputs=str(folder / "in.npz"), outputs=str(folder / "out.npz"), model=str(model), more=more)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=folder)
    with np.load(folder / "out.npz") as found:
        return {name: found[name] for name in found.files}


@pytest.fixture(scope="module")
def case(task, run):
    """(Forecaster, raw readings (3, P, N), minutes (3,), its forecasts with intervals of 80 %)."""
    model = Forecaster(run[0])
    rows = np.array([10, 200, 333])
    readings = task.series.values[rows[:, None] + np.arange(4)].copy()
    readings[0, :, 1] = 0
    readings[1, 2:, 0] = 0
    minute = task.series.times[rows + 3].astype("datetime64[m]").astype(np.int64)
    series = [
        type(task.series)(readings[i], task.series.times[row : row + 4], task.series.sensors, 60)
        for i, row in enumerate(rows)
    ]
    return model, readings, minute, [model.forecast(one, interval=80) for one in series]


def compare(found, expected):
    for name, key in (("forecast", "values"), ("lower", "lower"), ("upper", "upper")):
        np.testing.assert_allclose(found[name], np.concatenate([getattr(one, key) for one in expected]), atol=1e-3)


def test_a_saved_model_runs_with_tensorflow_alone(case, tmp_path):
    model, readings, minute, expected = case
    assert export_saved_model(model, tmp_path / "out", percent=80) < 1e-3
    config = json.loads((tmp_path / "out" / ABOUT).read_text())
    assert config["sensors"] == list(model.sensors) and config["P"] == 4 and config["interval"] == 80
    blank = np.where(readings == 0, np.nan, readings)  # NaN is missing too
    compare(run_alone(WITH_TENSORFLOW, tmp_path, tmp_path / "out", blank, minute), expected)
    with pytest.raises(UsageError, match="exists"):
        export_saved_model(model, tmp_path / "out")


def test_an_onnx_file_runs_with_onnxruntime_alone(case, tmp_path):
    pytest.importorskip("tf2onnx")
    from gman_search.forecasting.export_onnx import export_onnx

    model, readings, minute, expected = case
    assert export_onnx(model, tmp_path / "out.onnx", percent=80) < 1e-3
    more = ("tensorflow", "keras")
    compare(run_alone(WITH_ONNX, tmp_path, tmp_path / "out.onnx", readings, minute, more), expected)


@pytest.mark.parametrize("rule", ["last", "mean", "zero"])
def test_every_rule_for_missing_readings_and_groups(tmp_path, rule):
    task = small_task(groups=2)
    saved_run(tmp_path, task, imputation=rule)
    model = Forecaster(tmp_path)
    served = ServedModel(model, None)
    assert checked(model, lambda readings, minute: arrays(served.forecast(readings, minute))) < 1e-3


def arrays(found):
    return {name: array.numpy() for name, array in found.items()}


def test_another_forecast_is_noticed(case):
    model, served = case[0], ServedModel(case[0], 80)
    with pytest.raises(GmanSearchError, match="nothing was kept"):
        checked(model, lambda readings, minute: arrays(served.forecast(readings, minute + 60)))
    wide = ServedModel(model, 95)
    with pytest.raises(GmanSearchError, match="nothing was kept"):  # by its intervals alone
        checked(model, lambda readings, minute: arrays(wide.forecast(readings, minute)), 80)


def test_the_tolerance_goes_by_the_scale_of_the_readings(case):
    """Occupancy: an error of 3e-4 is nothing among speeds and a lot among shares."""
    saved = case[0].model
    small = saved.config.model_copy(update={"mean": 0.06, "std": 0.02})
    model = Forecaster(dataclasses.replace(saved, config=small))
    served = ServedModel(model, None)
    seen = []

    def run(readings, minute):
        seen.append(readings)
        return arrays(served.forecast(readings, minute))

    assert checked(model, run) < 1e-6
    assert 0.02 < seen[0][seen[0] > 0].mean() < 0.1
    with pytest.raises(GmanSearchError):
        checked(model, lambda *inputs: {"forecast": run(*inputs)["forecast"] + 3e-4})


def test_of_a_failed_export_nothing_is_left(case, tmp_path, monkeypatch):
    monkeypatch.setattr("gman_search.forecasting.export.TOLERANCE", -1.0)
    with pytest.raises(GmanSearchError, match="nothing was kept"):
        export_saved_model(case[0], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
