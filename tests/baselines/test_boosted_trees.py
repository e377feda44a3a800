"""What boosted trees gain, and what is special about their files."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from gman_search.baselines import boosted_trees
from gman_search.baselines.base import baseline_scores
from gman_search.baselines.boosted_trees import BoostedTrees
from gman_search.baselines.cheap import LinearRegression
from gman_search.baselines.tree_features import TreeFeatures
from gman_search.errors import DataError, UsageError

from .conftest import readings_of, task_of


def jams(hours=24 * 120):
    """Free traffic, and jams that begin by chance and last six hours: when one ends is no linear matter."""
    random, values, left = np.random.default_rng(4), np.empty((hours, 2)), np.array([0, 0])
    for row in range(hours):
        begins = (left == 0) & (random.random(2) < 0.08)
        left = np.where(begins, 6, np.maximum(left - 1, 0))
        values[row] = np.where(left > 0, 20.0, 60.0) + random.normal(0, 1, 2)
    return values


def test_they_beat_regression_where_traffic_is_not_linear():
    task, maes = task_of(jams(), history=6, horizon=3), []
    for kind in (BoostedTrees, LinearRegression):
        baseline = kind()
        baseline.fit(task)
        maes.append([score.mae for score in baseline_scores(baseline, task.windows("test")).values()])
    assert all(trees < 0.7 * linear for trees, linear in zip(*maes, strict=True))


def test_features_are_those_of_the_recipe():
    task = task_of(readings_of(sensors=4), history=12, horizon=2)
    windows = task.windows("val")
    regression = np.arange(len(windows) * 8, dtype=np.float32).reshape(-1, 2, 4)
    features = TreeFeatures(windows, regression)
    (row,) = features.at(np.array([5]), np.array([3]), 1)
    start = windows.starts[5]
    inputs, now, target = task.targets[start : start + 12], start + 11, start + 13
    usual = task.usual_rows
    expected = [
        *(inputs[-lag, 3] for lag in (1, 2, 3, 4, 6, 9, 12)),
        *(inputs[:, 3].mean(), inputs[:, 3].std(), inputs[:, 3].min()),
        *(usual[now, 3], inputs[-1, 3] - usual[now, 3]),
        *(inputs[-1, 1], inputs[-1, 2], inputs[-1, 3], inputs[-1, 3]),  # beside it, or itself at the end
        *(inputs[-1].mean(), 3),
        *(inputs[:, 3] - usual[start : start + 12, 3]),
        *(usual[target, 3], task.time_of_day[target], task.day_of_week[target], regression[5, 1, 3] - inputs[-1, 3]),
    ]
    np.testing.assert_allclose(row, expected, rtol=1e-5)


def test_rows_that_are_drawn_are_as_many_as_said_and_of_observed_targets(monkeypatch):
    monkeypatch.setattr(boosted_trees, "MAX_ROWS", 300)
    values = readings_of()
    values[::3] = 0
    task = task_of(values, history=4, horizon=2)
    lightgbm, seen = pytest.importorskip("lightgbm"), []

    def train(settings, data, rounds, real=lightgbm.train):
        seen.append((data.data.shape, np.asarray(data.label)))
        return real(settings, data, rounds)

    monkeypatch.setattr(lightgbm, "train", train)
    BoostedTrees().fit(task)
    assert [shape[0] for shape, _ in seen] == [300, 300]
    assert all((np.abs(change) < 45).all() for _, change in seen)  # a missing target would be about 50 below


def test_threads_do_not_change_forecasts_and_the_seed_does():
    task = task_of(readings_of(), history=4, horizon=2)
    forecasts = []
    for settings in ({}, {"threads": 2}, {"seed": 1}):
        baseline = BoostedTrees()
        baseline.fit(task, **settings)
        forecasts.append(baseline.forecast(task.windows("test")))
    np.testing.assert_array_equal(forecasts[0], forecasts[1])
    assert (forecasts[0] != forecasts[2]).any()


def test_files_are_lightgbms_own_text(tmp_path):
    task = task_of(readings_of(), history=4, horizon=2)
    baseline = BoostedTrees()
    baseline.fit(task)
    baseline.save(tmp_path)
    texts = ["step-01.txt", "step-02.txt"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["baseline.json", "regression.npz", *texts]
    assert (tmp_path / texts[0]).read_text().startswith("tree\nversion=")
    config = json.loads((tmp_path / "baseline.json").read_text())
    for broken in ({**config, "sizes": [1]}, {**config, "steps": 3}, [], {**config, "steps": [*config["steps"], "x"]}):
        (tmp_path / "baseline.json").write_text(json.dumps(broken))
        with pytest.raises(DataError, match="boosted trees in"):
            BoostedTrees.load(tmp_path)


def test_trees_of_an_earlier_version_are_refused_with_what_to_do(tmp_path):
    config = {"schema": "gman-search/baseline/1", "name": "boosted trees", "sizes": [12, 12, 3], "steps": ["x"]}
    (tmp_path / "baseline.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match="of this version; received those of another one: remove the folders"):
        BoostedTrees.load(tmp_path)


def test_without_lightgbm_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(UsageError, match="expected LightGBM .*libgomp1"):
        BoostedTrees().fit(task_of(readings_of()))


def test_a_silent_window_is_forecast_from_usual_values():
    task = task_of(readings_of(days=42), history=3, horizon=2)
    baseline = BoostedTrees()
    baseline.fit(task)
    windows = task.windows("test").take(slice(10, 11))
    values = windows.readings.copy()
    values[windows.past[0], 0] = 0
    forecast = baseline.forecast(replace(windows, readings=values))
    assert np.abs(forecast[0, :, 0] - windows.usual[windows.future[0], 0]).max() < 20
