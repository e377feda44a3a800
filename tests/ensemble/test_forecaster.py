"""An ensemble that was saved forecasts as its members do, and an export of it as its exportable members."""

import io
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gman_search.baselines.registry import baselines
from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data.usual import UsualValues
from gman_search.data_spec import DataSpec
from gman_search.ensemble.forecaster import EnsembleForecaster, load_forecaster
from gman_search.ensemble.store import (
    EnsembleConfig,
    SavedEnsemble,
    SavedMember,
    member_folder,
    read_ensemble,
    write_ensemble,
)
from gman_search.errors import DataError
from gman_search.forecasting.forecaster import Forecaster
from gman_search.forecasting.intervals import Intervals, calibrated, free_flow_readings
from gman_search.io.arrays import write_arrays
from gman_search.io.atomic import atomic_folder
from gman_search.spec import StudySpec

NAMES = ("quick/1", "quick/2", "persistence", "historical average", "boosted trees", "linear regression")


def small_task():
    random = np.random.default_rng(0)
    hours = np.arange(24 * 20)
    values = 45 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + random.normal(0, 1.5, (len(hours), 4))
    values[random.random(values.shape) < 0.03] = 0
    times = np.datetime64("2025-03-03T00:00", "m") + hours * 60
    series = TrafficSeries(values.astype(np.float32), times, tuple("abcd"), 60)
    return make_task(DataSpec(history=4, horizon=3), series, random.normal(size=(4, 6)))


def save_model(folder, task, seed):
    """An untrained model, its output shifted into the range of the readings by the scaler."""
    from gman_search.forecasting.model_io import write_saved_model
    from gman_search.training.finalize import complete_model
    from gman_search.training.step import CompiledModel

    model = CompiledModel(task, (1, 2, 3), shortcuts=seed == 2)
    switches = {"causal": True, "shortcuts": seed == 2, "L": 1, "K": 2, "d": 3}
    description = {"shape": [1, 2, 3], "hyperparameters": switches, "best_val": 1.0, "seed": seed}
    write_arrays(folder / "weights.npz", model.fresh_weights(seed), description)
    write_saved_model(complete_model(task, folder, DataSpec()), folder)


@pytest.fixture(scope="module")
def task():
    return small_task()


@pytest.fixture(scope="module")
def saved(tmp_path_factory, task):
    """Folder of an ensemble of two models and four baselines, with other weights at each step."""
    folder = tmp_path_factory.mktemp("study") / "ensemble"
    weights = np.random.default_rng(1).dirichlet(np.ones(len(NAMES)), 3)
    windows = task.windows("val")
    for number, name in enumerate(NAMES):
        if "/" in name:
            save_model(member_folder(folder, number), task, number + 1)
            continue
        baseline = baselines()[name]()
        baseline.fit(task)
        baseline.save(member_folder(folder, number))
    free = free_flow_readings(task.targets)
    members = tuple(
        SavedMember(name=name, kind="evaluation" if "/" in name else "baseline", weights=tuple(weights[:, number]))
        for number, name in enumerate(NAMES)
    )
    config = EnsembleConfig(
        P=4, Q=3, T=24, mean=float(task.mean), std=float(task.std), step_minutes=60, sensors=task.series.sensors,
        members=members, val_mae=1.0, check={"used": True}, forecast_ms=2.0, without_trees={"with_all": 1, "exported": 2},
        coverage={80: {"held": 79.0, "slow": 70.0}},
    )  # fmt: skip
    forecast = windows.last[:, None] + np.zeros((1, 3, 1))
    intervals = calibrated(windows.targets, forecast, free)
    wider = Intervals(2 * intervals.widths, free)
    write_ensemble(SavedEnsemble(folder, config, intervals, task.usual.table, wider))
    return folder


def test_it_forecasts_the_weighted_mean_of_its_members(saved, task):
    ensemble, windows = EnsembleForecaster(saved), task.windows("test")
    expected = 0
    for number, member in enumerate(read_ensemble(saved).config.members):
        folder = member_folder(saved, number)
        opened = (
            Forecaster(folder).values if member.kind == "evaluation" else baselines()[member.name].load(folder).forecast
        )
        expected = expected + np.array(member.weights)[:, None] * opened(windows)
    found = ensemble.windows(task.series, task.starts["test"])
    np.testing.assert_allclose(found, expected, atol=1e-3)
    recent = TrafficSeries(task.series.values[:300], task.series.times[:300], task.series.sensors, 60)
    latest = ensemble.forecast(recent, interval=80)
    np.testing.assert_allclose(latest.values, ensemble.windows(recent, np.array([296])), atol=1e-3)
    assert (latest.lower <= latest.values).all() and (latest.upper > latest.values).all()
    assert (ensemble.P, ensemble.Q, ensemble.unit, ensemble.sensors) == (4, 3, "mph", tuple("abcd"))


def test_models_forecast_by_the_usual_values_they_were_trained_with_which_are_looked_up_once(
    saved, task, tmp_path, monkeypatch
):
    shutil.copytree(saved, tmp_path / "two")
    shutil.copytree(member_folder(saved, 1), member_folder(tmp_path / "two", 0), dirs_exist_ok=True)  # with shortcuts
    newer = read_ensemble(tmp_path / "two")
    newer = replace(newer, usual=newer.usual + 5)  # the baselines of the ensemble have learned since
    ensemble, windows = EnsembleForecaster(newer), task.windows("test")
    windows = replace(windows, usual=windows.usual + 5)
    calls, actual = [], UsualValues.at

    def at(self, day, time):
        calls.append(self.table[0, 0, 0])
        return actual(self, day, time)

    monkeypatch.setattr(UsualValues, "at", at)
    found = ensemble.values(windows)
    assert calls == [read_ensemble(saved).usual[0, 0, 0]], "once, for both models"
    own = replace(windows, usual=actual(UsualValues(read_ensemble(saved).usual), windows.day, windows.time))
    expected = sum(
        weights[:, None] * (member.values(own) if isinstance(member, Forecaster) else member.forecast(windows))
        for weights, member in ensemble.members
    )
    np.testing.assert_allclose(found, expected, atol=1e-3)
    wrong = sum(
        weights[:, None] * (member.values if isinstance(member, Forecaster) else member.forecast)(windows)
        for weights, member in ensemble.members
    )
    assert np.abs(found - wrong).max() > 0.01, "the control"


def test_predict_of_a_study_in_a_fresh_process_loads_nothing_heavy_and_agrees_with_tensorflow(saved, task, tmp_path):
    study, heavy = saved.parent, ("tensorflow", "keras", "optuna", "plotly", "sqlalchemy")
    (study / "spec.json").write_text(StudySpec(name=study.name).model_dump_json())
    shutil.copytree(member_folder(saved, 0), study / "winner")
    index = pd.DatetimeIndex(task.series.times[-9:], name="time")
    frame = pd.DataFrame(task.series.values[-9:].astype(float), columns=list("abcd"), index=index)
    frame.to_csv(tmp_path / "recent.csv")
    code = f"""import sys
from gman_search.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"""
    command = [sys.executable, "-c", code, "predict", study.name, str(tmp_path / "recent.csv")]
    process = subprocess.run([*command, "--studies", str(study.parent)], capture_output=True, text=True, check=True)
    assert "an ensemble of 6" in process.stderr and process.stderr.splitlines()[-1] == "[]"
    expected = EnsembleForecaster(saved, backend="tensorflow", traced=False).forecast(frame).values[0]
    np.testing.assert_allclose(pd.read_csv(io.StringIO(process.stdout))[list("abcd")], expected, atol=0.0051)


def test_its_models_forecast_the_same_in_numpy_and_in_tensorflow(saved, task):
    ours, theirs = (EnsembleForecaster(saved, backend=name, traced=False) for name in ("numpy", "tensorflow"))
    starts = task.starts["test"]
    np.testing.assert_allclose(ours.windows(task.series, starts), theirs.windows(task.series, starts), atol=1e-3)
    # The control: each did as it was told.
    for ensemble, kind in ((ours, "numpy"), (theirs, "tensorflow")):
        models = [member for _, member in ensemble.members if isinstance(member, Forecaster)]
        assert [list(model._networks) for model in models] == [[kind], [kind]]


def test_what_a_folder_holds_is_found(saved, task):
    assert isinstance(load_forecaster(saved), EnsembleForecaster)
    assert isinstance(load_forecaster(saved.parent), EnsembleForecaster)
    alone = load_forecaster(member_folder(saved, 0))
    assert isinstance(alone, Forecaster) and alone.sensors == task.series.sensors
    with pytest.raises(DataError):
        load_forecaster(saved.parent / "nowhere")


def test_exportable_members_take_the_weights_of_the_others(saved, task):
    ensemble = EnsembleForecaster(saved, exportable=True)
    assert len(ensemble.members) == 4
    np.testing.assert_allclose(sum(weights for weights, _ in ensemble.members), 1)
    full = EnsembleForecaster(saved)
    np.testing.assert_allclose(ensemble.intervals(80).widths, 2 * full.intervals(80).widths)
    assert full.config.coverage and not ensemble.config.coverage


@pytest.mark.slow
@pytest.mark.parametrize("form", ["savedmodel", "onnx"])
def test_an_export_forecasts_the_same_on_new_windows(saved, task, tmp_path, form):
    import tensorflow as tf

    from gman_search.ensemble.graph import EnsembleGraph
    from gman_search.forecasting.export import export_saved_model

    ensemble = EnsembleForecaster(saved, exportable=True)
    graph, target = EnsembleGraph(ensemble), tmp_path / "out.onnx"
    rows = np.array([7, 180, 400])
    readings = task.series.values[rows[:, None] + np.arange(4)].copy()
    readings[0, :, 1] = 0
    minute = task.series.times[rows + 3].astype("datetime64[m]").astype(np.int64)
    if form == "onnx":
        pytest.importorskip("tf2onnx")
        import onnxruntime

        from gman_search.forecasting.export_onnx import export_onnx

        assert export_onnx(ensemble, target, percent=80, graph=graph) < 1e-3
        session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        found = dict(zip(names, session.run(names, {"readings": readings, "last_minute": minute}), strict=True))
    else:
        assert export_saved_model(ensemble, target, percent=80, graph=graph) < 1e-3
        serve = tf.saved_model.load(str(target)).signatures["serving_default"]
        answer = serve(readings=tf.constant(readings), last_minute=tf.constant(minute))
        found = {name: array.numpy() for name, array in answer.items()}
    for case, row in enumerate(rows):
        series = TrafficSeries(readings[case], task.series.times[row : row + 4], task.series.sensors, 60)
        ours = ensemble.forecast(series, interval=80)
        np.testing.assert_allclose(found["forecast"][case], ours.values[0], atol=1e-3)
        np.testing.assert_allclose(found["upper"][case], ours.upper[0], atol=1e-2)


def broken(saved, folder, change):
    shutil.copytree(saved, folder)
    change(folder)
    with pytest.raises(DataError) as error:
        EnsembleForecaster(folder)
    assert "Traceback" not in str(error.value)
    return str(error.value)


def described(**changes):
    def change(folder):
        file = folder / "ensemble.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    return change


def test_what_is_damaged_missing_or_of_another_version_is_told(saved, tmp_path):
    def cut(folder):
        (folder / "ensemble.json").write_text('{"schema"')

    def bytes_lost(folder):
        file = folder / "ensemble.npz"
        file.write_bytes(file.read_bytes()[:-200])

    members = json.loads((saved / "ensemble.json").read_text())["members"]
    members[0]["weights"] = [9.0, 9.0, 9.0]
    assert "damaged" in broken(saved, tmp_path / "1", cut)
    assert "gman-search/ensemble/9" in broken(saved, tmp_path / "2", described(schema="gman-search/ensemble/9"))
    assert "add up to 1" in broken(saved, tmp_path / "3", described(members=members))
    assert "std" in broken(saved, tmp_path / "4", described(std=0))
    assert "quick/1" in broken(saved, tmp_path / "5", lambda folder: shutil.rmtree(member_folder(folder, 0)))
    assert broken(saved, tmp_path / "6", bytes_lost)
    assert broken(saved, tmp_path / "7", lambda folder: (member_folder(folder, 4) / "step-01.txt").write_text("tree"))
    assert "there is no ensemble.json" in broken(
        saved, tmp_path / "8", lambda folder: (folder / "ensemble.json").unlink()
    )


def test_it_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    target = tmp_path / "ensemble"
    with atomic_folder(target) as partial:
        (partial / "one").write_text("1")
    with pytest.raises(ValueError), atomic_folder(target) as partial:
        (partial / "two").write_text("2")
        raise ValueError
    assert [file.name for file in target.iterdir()] == ["one"]
    with atomic_folder(target) as partial:
        (partial / "three").write_text("3")
    assert [file.name for file in target.iterdir()] == ["three"] and list(tmp_path.iterdir()) == [target]
