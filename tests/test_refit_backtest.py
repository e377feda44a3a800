"""The benchmark of refits: what it keeps, and its table."""

import json
import sys

import pytest


@pytest.fixture
def benchmark(repository, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    sys.modules.pop("refit_backtest", None)
    import refit_backtest

    monkeypatch.setattr(refit_backtest, "FILE", tmp_path / "refit.jsonl")
    return refit_backtest


def document(rule, refitted, seed=0):
    period = {"period": "2017-03", "persistence": 40.0, "tested": {"winner": 30.0}, "refitted": {"winner": refitted}}
    return {"network": "us101", "seed": seed, "steps": 300, "rule": rule, "periods": [period]}


def test_a_rule_that_is_measured_again_replaces_itself_alone(benchmark):
    benchmark.keep([document("rate 0.1", 29.0), document("rate 0.3", 28.0)])
    benchmark.keep([document("rate 0.1", 27.0), document("rate 0.1", 26.0, seed=1)])
    found = {(one["rule"], one["seed"]): one["periods"][0]["refitted"]["winner"] for one in benchmark.kept()}
    assert found == {("rate 0.3", 0): 28.0, ("rate 0.1", 0): 27.0, ("rate 0.1", 1): 26.0}


def test_the_table_has_the_change_of_every_period(benchmark, capsys):
    benchmark.keep([document("rate 0.1", 27.0)])
    benchmark.main(["--summary"])
    assert capsys.readouterr().out.splitlines()[-1].endswith("| 2017-03 | 40.000 | 30.000 | 27.000 | -10.0% |")
    benchmark.main(["--summary", "--json"])
    assert json.loads(capsys.readouterr().out) == benchmark.kept()


def test_the_first_readings_are_parted_as_a_study_and_the_weeks_after_them_are_whole(benchmark, tmp_path):
    from rivals_networks import named_network

    task, series, periods = benchmark.first_task(named_network("demo", tmp_path))
    assert len(task.targets) == 21 * 288 and len(series.values) == 35 * 288
    assert [(period.first, period.end) for period in periods] == [(21 * 288, 28 * 288), (28 * 288, 35 * 288)]
