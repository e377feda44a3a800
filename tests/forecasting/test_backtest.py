"""A run scored again gives what its test gave."""

import dataclasses

import numpy as np
import pytest

from gman_search import Forecaster
from gman_search.baselines.naive import persistence
from gman_search.errors import DataError
from gman_search.forecasting.backtest import Windows, backtest, file_windows, split_windows
from gman_search.metrics import scores_by_step
from gman_search.training.test_evaluator import test_forecast as forecast_of_test
from gman_search.training.test_evaluator import test_winner as result_of_test

from .conftest import saved_run, small_task


def of_winner(task, model, saved, **facts):
    return result_of_test(task, forecast_of_test(task, model, saved), saved, **facts)


def test_the_test_part_scores_as_when_the_winner_was_tested(task, run):
    model = Forecaster(run[0])
    found = backtest(model, split_windows(task, "test"), 90)
    tested = of_winner(task, run[1], model.model, config_id=0, stage="quick")
    windows = task.windows("test")
    for step, scores in tested.steps.items():
        assert found.model.steps[step].mae == pytest.approx(scores.mae, rel=1e-5)
        assert found.baselines["persistence"].steps[step] == scores_by_step(windows.targets, persistence(windows))[step]
    assert found.model.sensors["c"].mae == pytest.approx(tested.sensor_mae["c"], rel=1e-5)
    assert found.coverage.held == pytest.approx(tested.coverage[90].held, abs=0.2)
    assert set(found.model.hours) == set(range(24))
    assert set(tested.attention) == {sample.sensor for sample in tested.samples}
    for sensor, shares in tested.attention.items():
        assert shares[0][0] == sensor and {name for name, _ in shares} == set("abcde")  # all five of this network
        assert sum(share for _, share in shares) == pytest.approx(1, rel=1e-5)
        assert [share for _, share in shares[1:]] == sorted((share for _, share in shares[1:]), reverse=True)


def test_with_groups_no_attention_to_single_sensors_is_told(tmp_path):
    task = small_task(groups=3, sensors=8)
    model = saved_run(tmp_path, task)
    tested = of_winner(task, model, Forecaster(tmp_path).model, config_id=0, stage="quick")
    assert tested.attention == {} and len(tested.samples) == 3


def test_hours_are_those_of_the_forecast_moment(task, run):
    model = Forecaster(run[0])
    begin = int(np.flatnonzero(task.time_of_day == 5)[3])  # readings of 5 to 8 o'clock, forecasts for 9, 10 and 11
    found = backtest(model, Windows(task.series, np.array([begin])))
    assert set(found.model.hours) == {9, 10, 11}


def test_a_file_is_scored_at_every_window(task, run):
    model = Forecaster(run[0])
    part = dataclasses.replace(task.series, values=task.series.values[-40:], times=task.series.times[-40:])
    windows = file_windows(model, part)
    assert windows.starts.tolist() == list(range(40 - 7 + 1))
    assert backtest(model, windows).model.windows == 34
    with pytest.raises(DataError, match="P \\+ Q = 7"):
        file_windows(model, dataclasses.replace(part, values=part.values[:6], times=part.times[:6]))
    with pytest.raises(DataError, match="all of them are missing"):
        backtest(model, Windows(dataclasses.replace(part, values=part.values * 0), windows.starts))
