"""What every baseline must do, whichever it is."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from gman_search.baselines.base import baseline_scores, shared_regression
from gman_search.baselines.registry import CHEAP, baselines
from gman_search.errors import DataError, DiskFull
from gman_search.report.figures.ensemble_weights import PATTERNS
from gman_search.report.style import BASELINE_LOOKS

from .conftest import readings_of, task_of

every_baseline = pytest.mark.parametrize("kind", baselines().values(), ids=lambda kind: kind.name)


def fitted(kind, task, **settings):
    baseline = kind()
    baseline.fit(task, **settings)
    return baseline


def test_none_of_them_loads_tensorflow_and_lightgbm_only_when_it_is_needed():
    code = "import sys, gman_search.baselines.registry; print({'tensorflow', 'lightgbm', 'optuna'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@every_baseline
def test_a_full_disk_is_told(kind, small_disk):
    baseline = fitted(kind, task_of(readings_of(), history=2, horizon=1))
    (small_disk / "rest").write_bytes(b"0" * 2**19)
    with pytest.raises(DiskFull, match="disk is full"):
        baseline.save(small_disk / "it")


def forecast_of(kind, task, part="test"):
    return fitted(kind, task).forecast(task.windows(part))


@every_baseline
def test_a_regression_that_is_shared_gives_the_same_forecasts(kind):
    task = task_of(readings_of(sensors=3), history=4, horizon=2)
    shared = shared_regression(task)
    assert shared() is shared(), "it is fitted once"
    for _ in range(2):  # whoever used it before has left it as it was
        found = fitted(kind, task, regression=shared).forecast(task.windows("test"))
        assert np.array_equal(found, forecast_of(kind, task))
    assert kind.builds_on is None or kind.builds_on in baselines()


def test_the_names_are_those_that_are_printed():
    trees = ["boosted trees", "boosted trees on deviations"]
    assert list(baselines()) == ["persistence", "historical average", "linear regression", *trees]
    assert [kind.name for kind in CHEAP] == list(baselines())[:3]
    assert len(baselines()) <= min(len(BASELINE_LOOKS), len(PATTERNS)), "two would look alike in the report"


@every_baseline
@pytest.mark.parametrize(
    "P, Q, sensors, level",
    [(12, 12, 3, 50.0), (3, 5, 2, 50.0), (1, 1, 1, 50.0), (14, 2, 1, 900.0), (12, 3, 3, 0.002)],
    ids=["usual", "short", "least", "flow", "occupancy"],
)
def test_forecasts_are_finite_and_as_good_as_a_guess(kind, P, Q, sensors, level):
    task = task_of(readings_of(sensors=sensors, level=level), history=P, horizon=Q)
    forecast = forecast_of(kind, task)
    assert forecast.shape == (len(task.starts["test"]), Q, sensors) and forecast.dtype == np.float32
    assert np.isfinite(forecast).all()
    errors = np.abs(forecast - task.windows("test").targets)
    assert errors[:, 0].mean() < np.abs(task.mean - task.windows("test").targets[:, 0]).mean()


@every_baseline
def test_equal_data_give_equal_forecasts(kind):
    task = task_of(readings_of())
    np.testing.assert_array_equal(forecast_of(kind, task), forecast_of(kind, task))


@every_baseline
def test_some_windows_are_forecast_as_all_are(kind, monkeypatch):
    task = task_of(readings_of())
    baseline, windows = fitted(kind, task), task.windows("test")
    whole = baseline.forecast(windows)
    for module in ("boosted_trees", "linear_regression"):
        monkeypatch.setattr(f"gman_search.baselines.{module}.ROWS_AT_ONCE", 7)
    monkeypatch.setattr("gman_search.baselines.tree_features.WINDOWS_AT_ONCE", 2)
    np.testing.assert_allclose(baseline.forecast(windows), whole, rtol=1e-6)
    np.testing.assert_allclose(baseline.forecast(windows.take(slice(4, 5))), whole[4:5], rtol=1e-6)
    assert baseline.forecast(windows.take(slice(0, 0))).shape == (0, 12, 3)


@every_baseline
def test_readings_after_a_window_change_nothing(kind):
    task = task_of(readings_of())
    baseline, windows = fitted(kind, task), task.windows("test").take(slice(0, 1))
    changed = windows.readings.copy()
    changed[windows.starts[0] + windows.P :] = 1.0
    expected = baseline.forecast(windows)
    np.testing.assert_array_equal(baseline.forecast(replace(windows, readings=changed)), expected)
    ending = replace(windows, readings=windows.readings[: windows.starts[0] + windows.P])
    np.testing.assert_array_equal(baseline.forecast(ending), expected)


@every_baseline
def test_readings_before_a_window_change_nothing(kind):
    """A forecast from a file of P rows is then the forecast that was tested."""
    task = task_of(readings_of())
    baseline, windows = fitted(kind, task), task.windows("test").take(slice(5, 6))
    changed = windows.readings.copy()
    changed[: windows.starts[0]] = 1.0
    expected = baseline.forecast(windows)
    np.testing.assert_array_equal(baseline.forecast(replace(windows, readings=changed)), expected)


@every_baseline
def test_validation_and_test_part_do_not_change_what_is_fitted(kind):
    values = readings_of()
    task = task_of(values)
    other = values.copy()
    other[task.train_rows[1] :] = 5.0
    other[-1] = 6.0
    baselines = [fitted(kind, task), fitted(kind, task_of(other))]
    first, second = (baseline.forecast(task.windows("test")) for baseline in baselines)
    np.testing.assert_array_equal(first, second)


@every_baseline
def test_what_follows_a_training_window_does_not_reach_its_inputs(kind):
    """Where a training window's usual value held its own target, a fit would trust it too much: noise must not help."""
    values = np.random.default_rng(1).uniform(40, 60, (24 * 21, 2)).astype(np.float32)
    task = task_of(values)
    baseline = fitted(kind, task)
    seen, unseen = (baseline_scores(baseline, task.windows(part))[1].mae for part in ("train", "test"))
    guess = np.abs(values - 50).mean()
    if kind.name in ("linear regression", "historical average"):
        assert seen > 0.97 * guess  # with its own day in it, the usual value would be half-way to the target
    assert unseen < 1.5 * guess


@every_baseline
def test_missing_readings(kind):
    values = readings_of(sensors=4)
    random = np.random.default_rng(3)
    values[random.random(values.shape) < 0.2] = 0
    values[:, 1] = 0  # dead throughout
    values[-150:, 2] = 0  # silent in whole windows
    values[300:330] = 0  # a gap of all
    task = task_of(values)
    forecast = forecast_of(kind, task)
    assert np.isfinite(forecast).all()
    assert (forecast[:, :, [0, 3]] > 10).all() and (forecast < 120).all()


@every_baseline
def test_missing_targets_are_no_readings_of_nothing(kind):
    """Of which half the readings are missing: a fit that took them as 0 would forecast half."""
    values = readings_of()
    whole = forecast_of(kind, task_of(values))
    values[:400:2] = 0
    assert np.abs(forecast_of(kind, task_of(values)) / whole - 1).mean() < 0.2


@every_baseline
def test_a_step_whose_targets_are_never_observed(kind):
    values = readings_of(days=20)
    values[1::2] = 0
    task = task_of(values, history=2, horizon=1, test_share=0.25, train_share=0.5)
    starts = {"train": task.starts["train"][1::2], "val": task.starts["val"], "test": task.starts["test"]}
    assert np.isfinite(forecast_of(kind, replace(task, starts=starts))).all()


@every_baseline
def test_a_weekday_that_training_never_saw(kind):
    task = task_of(readings_of(days=7), history=3, horizon=3)  # the test part has a Saturday, training has not
    assert not task.seen_days[5] and (task.windows("test").day[task.windows("test").future] == 5).any()
    assert np.isfinite(forecast_of(kind, task)).all()


@every_baseline
def test_saved_and_loaded_it_forecasts_the_same(kind, tmp_path):
    task = task_of(readings_of(), history=6, horizon=3)
    baseline = fitted(kind, task)
    baseline.save(tmp_path / "new" / "folder")
    loaded = kind.load(tmp_path / "new" / "folder")
    assert type(loaded) is kind
    np.testing.assert_array_equal(loaded.forecast(task.windows("test")), baseline.forecast(task.windows("test")))


@every_baseline
def test_a_folder_without_it_is_refused(kind, tmp_path, refused):
    other = next(found for found in baselines().values() if found is not kind)
    fitted(other, task_of(readings_of(), history=2, horizon=1)).save(tmp_path / "other")
    assert str(tmp_path) in refused(lambda: kind.load(tmp_path / "none"))
    refused(lambda: kind.load(tmp_path / "other"))


@every_baseline
def test_a_damaged_file_is_refused(kind, tmp_path, refused):
    fitted(kind, task_of(readings_of(), history=2, horizon=1)).save(tmp_path / "it")
    for file in (tmp_path / "it").iterdir():
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        assert "damaged" in refused(lambda: kind.load(tmp_path / "it"))
        file.write_bytes(content)
    kind.load(tmp_path / "it")


@every_baseline
def test_windows_of_other_sizes_are_refused(kind):
    baseline = fitted(kind, task_of(readings_of(), history=6, horizon=3))
    if kind.name in ("persistence", "historical average"):
        pytest.skip("has no sizes")
    for other in (task_of(readings_of(), history=5, horizon=3), task_of(readings_of(sensors=2), history=6, horizon=3)):
        with pytest.raises(DataError, match="expected windows of P = 6, Q = 3 and 3 sensors, as in training; received"):
            baseline.forecast(other.windows("test"))


@every_baseline
def test_scores_are_by_step(kind):
    task = task_of(readings_of(), history=6, horizon=3)
    baseline, windows = fitted(kind, task), task.windows("val")
    scores = baseline_scores(baseline, windows)
    expected = np.abs(baseline.forecast(windows)[:, 2] - windows.targets[:, 2]).mean()
    assert list(scores) == [1, 2, 3] and scores[3].mae == pytest.approx(expected, rel=1e-5)
