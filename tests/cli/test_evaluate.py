"""What `evaluate` says beside its numbers: how they were parted from training, and what they do not mean."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from gman_search.cli.evaluate import _caveats, evaluate


@pytest.mark.parametrize("split, interval, winner, told", [
    ("val", 80, True, "calibrated on this part"), ("test", 80, False, "choose between runs by --split val"),
])  # fmt: skip
def test_what_numbers_do_not_mean_is_told(split, interval, winner, told):
    (note,) = _caveats(split, interval, is_winner=winner)
    assert told in note


@pytest.mark.parametrize("split, interval", [("val", None), ("test", 80), ("train", None), ("new", 80), (None, 80)])
def test_of_what_is_as_it_seems_nothing_is_told(split, interval):
    assert _caveats(split, interval, is_winner=True) == []


@pytest.mark.parametrize("rule", ["gman", "dcrnn"])
def test_the_split_rule_stands_beside_the_numbers(monkeypatch, capsys, rule):
    from gman_search.forecasting import backtest
    from gman_search.forecasting.accuracy import accuracy

    values = np.full((2, 3, 1), 50.0, np.float32)
    moments = np.zeros((2, 3), int)
    errors = accuracy(values, values + 1, moments, moments, ("a",))
    run = SimpleNamespace(
        source="here",
        is_winner=True,
        interim=False,
        forecaster=lambda: SimpleNamespace(unit="mph", step_minutes=5, P=1, Q=1, config=SimpleNamespace(refit=None)),
        study=None,
        study_data=lambda: SimpleNamespace(task=SimpleNamespace(split=rule), added="3 days (72 rows)", grown=None),
        ensemble_config=lambda: None,
        baselines=lambda _, *, as_tested: SimpleNamespace(baselines={}, usual=None),
    )
    monkeypatch.setattr("gman_search.cli.run_locator.find_run", lambda *_, single: run)
    windows = SimpleNamespace(
        starts=np.array([0]), series=SimpleNamespace(left_out=(), times=np.zeros(3, "datetime64[m]"), step_minutes=5)
    )
    monkeypatch.setattr(backtest, "split_windows", lambda *_: windows)
    monkeypatch.setattr(backtest, "backtest", lambda *_: backtest.Backtest(errors, {"persistence": errors}, None))
    name = {"gman": "GMAN", "dcrnn": "DCRNN"}[rule]
    evaluate(source="demo")
    captured = capsys.readouterr()
    assert f"({name}'s rule)" in captured.out.splitlines()[0]
    assert "note: new readings since the study: 3 days (72 rows)" in captured.err
    assert "gman-search evaluate demo --split new" in captured.err
    evaluate(source="demo", json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["split"]["rule"] == rule and f"({name}'s rule)" in document["split"]["text"]


def test_errors_by_hour_and_weekday_are_those_of_the_moments_forecast():
    from gman_search.forecasting.accuracy import accuracy

    truth = np.full((2, 3, 1), 50.0, np.float32)
    truth[1, 2] = 0  # missing
    forecast = truth + np.arange(1, 7, dtype=np.float32).reshape(2, 3, 1)
    hours, days = np.array([[22, 23, 0], [23, 0, 1]]), np.array([[6, 6, 0], [6, 0, 0]])  # over a midnight
    errors = accuracy(truth, forecast, hours, days, ("a",))
    assert {hour: scores.mae for hour, scores in errors.hours.items() if hour != 1} == {22: 1, 23: 3, 0: 4}
    assert np.isnan(errors.hours[1].mae)
    assert {day: round(scores.mae, 6) for day, scores in errors.days.items()} == {6: round(7 / 3, 6), 0: 4}
