"""`refit` on a tiny study, what `predict` and `evaluate` say of its result, and what is refused.

The study is made without a search, and the commands run in this process: TensorFlow starts once.
"""

import contextlib
import hashlib
import io
import json
import shutil
import sys
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gman_search.cli.main import main
from gman_search.config import Hyperparameters
from gman_search.data.task import load_task
from gman_search.data_spec import DataSpec
from gman_search.ensemble.store import read_ensemble
from gman_search.forecasting.model_io import read_saved_model, write_saved_model
from gman_search.halving.evaluations import Evaluation, State
from gman_search.record_json import test_from_json as from_json
from gman_search.record_json import test_to_json as to_json
from gman_search.spec import StudySpec
from gman_search.tuning.folder import StudyFolder
from gman_search.tuning.run import _note_provenance

from .conftest import write_network

DAY, WEEK = 24, 24 * 7
ROWS = 5 * WEEK
SETTINGS = Hyperparameters(
    L=1, K=2, d=3, learning_rate=0.01, decay_epoch=20, decay_rate=0.7, batch_size=32, dropout=0.0, weight_decay=0.0,
    clip_norm=0.0, causal=True, bn_momentum=0.99, max_epochs=2, windows_per_epoch=None, patience=10, warmup_steps=5,
    shortcuts=True,
)  # fmt: skip


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Working folder with the tested study `tiny`: a winner, and an ensemble of it and baselines."""

    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer
    from gman_search.training.test_evaluator import TestEvaluator
    from gman_search.tuning.deliver import Delivery, candidates_of, opened_for_test
    from gman_search.tuning.kept_baselines import fitted_baselines

    place = write_network(tmp_path_factory.mktemp("place"), rows=ROWS)
    data = DataSpec(readings=str(place / "speed.csv"), adjacency=str(place / "graph.csv"), history=4, horizon=4)
    spec = StudySpec(name="tiny", data=data)
    task, folder = load_task(data, place), StudyFolder(place / "studies" / "tiny")
    run = folder.path / "run"
    outcome = GmanTrainer(task).train(Job(0, "quick", SETTINGS, seed=1, folder=run), lambda epoch: None)
    (folder.path / "spec.json").write_text(spec.model_dump_json())
    _note_provenance(folder, spec, task, (), ())
    bench = TestEvaluator(task, data)
    saved, result = bench.winner(run, config_id=0, stage="quick")
    write_saved_model(saved, folder.winner, coverage=result.coverage)
    row = Evaluation(0, "quick", state=State.COMPLETE, val_mae=outcome.val_mae)
    fitted = fitted_baselines(task, folder.baselines, seed=0, say=lambda text: None)
    fitted = {name: fitted[name] for name in ("persistence", "historical average", "linear regression")}
    opened = partial(opened_for_test, bench)
    candidates = candidates_of([row], row, {row.key: row}, fitted, task, opened, lambda _: run)
    result = Delivery(task, data, folder.ensemble, lambda text: None).test(result, candidates, [row.key])
    (folder.winner / "test.json").write_text(json.dumps(to_json(result)))
    return place


@pytest.fixture(scope="module")
def call(study):
    """call(*words, cwd=the study's) -> code, out and err of the command line."""

    def called(*words, cwd=study):
        out, err, argv = io.StringIO(), io.StringIO(), sys.argv
        sys.argv, code = ["gman-search", *map(str, words)], 0
        try:
            with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
        except SystemExit as error:
            code = error.code or 0
        finally:
            sys.argv = argv
        return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue())

    return called


@pytest.fixture(scope="module")
def newer(study):
    """Two weeks of the same kind after the study's five, and its last day once more."""
    known = pd.read_csv(study / "speed.csv")
    table = known.iloc[: 2 * WEEK].copy()
    table.iloc[:, 1:] = (table.iloc[:, 1:] + np.random.default_rng(7).normal(0, 0.2, (2 * WEEK, 4))).round(1)
    table["time"] = pd.date_range("2025-04-07", periods=2 * WEEK, freq="h").astype(str)
    path = study / "newer.csv"
    pd.concat([known.iloc[-DAY:], table]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def refitted(study, newer, call):
    """(folder of the study, what `refit --json` printed, digests of the tested deliverable before it)."""
    folder = study / "studies" / "tiny"
    before = {name: digests(folder / name) for name in ("winner", "ensemble", "baselines")}
    done = call("refit", "tiny", "--data", newer, "--json")
    assert done.code == 0, done.err
    return folder, json.loads(done.out), before


def test_the_tested_model_stays_and_the_refitted_one_says_what_it_is(refitted):
    folder, told, before = refitted
    assert {name: digests(folder / name) for name in before} == before
    result = from_json(json.loads((folder / "winner" / "test.json").read_text()))
    windows = 7 * WEEK - 7
    assert (told["windows"], told["until"]) == (windows, "2025-04-20 23:00")
    assert told["new_windows"] == windows - (round(0.7 * ROWS) - 7)
    assert told["tested_mae"] == pytest.approx(result.ensemble.mean.mae)
    old, new = read_ensemble(folder / "ensemble"), read_ensemble(folder / "refit" / "ensemble")
    assert np.array_equal(new.config.weights, old.config.weights)
    assert np.array_equal(new.intervals.widths, old.intervals.widths) and not np.array_equal(new.usual, old.usual)
    assert new.config.refit.until == "2025-04-20 23:00" and new.config.coverage == {}
    assert json.loads((folder / "refit" / "winner" / "model.json").read_text())["refit"]["until"] == "2025-04-20 23:00"
    tested, moved = (read_saved_model(place / "winner") for place in (folder, folder / "refit"))
    (steps,) = told["steps"].values()
    assert 0 < steps <= 2 * tested.config.steps
    assert any(not np.array_equal(array, moved.weights[name]) for name, array in tested.weights.items())


def test_predict_uses_it_where_asked_and_says_what_is_not_measured(refitted, newer, call):
    forecasts = {}
    words = {"tested": ["tiny"], "refit": ["tiny", "--refit"], "path": ["studies/tiny/refit"]}
    for name, (source, *more) in words.items():
        done = call("predict", source, newer, *more, "--json")
        assert done.code == 0, done.err
        forecasts[name] = json.loads(done.out)["forecast"]
        assert json.loads(done.out).get("refit", {}).get("until") == (None if name == "tested" else "2025-04-20 23:00")
        said = "note: refitted: trained on all readings up to 2025-04-20 23:00; its error is not measured; the tested"
        assert (said in done.err) == (name != "tested")
    assert forecasts["refit"] == forecasts["path"] != forecasts["tested"]
    from gman_search.ensemble.forecaster import load_forecaster

    values = load_forecaster(refitted[0] / "refit", traced=False).forecast(newer).values[0]
    assert np.allclose(values[:, 0], forecasts["refit"]["s0"], atol=0.006)
    # Alone it is the winner's own refit.
    alone = json.loads(call("predict", "tiny", newer, "--refit", "--single", "--json").out)["forecast"]
    values = load_forecaster(refitted[0] / "refit" / "winner", traced=False).forecast(newer).values[0]
    assert np.allclose(values[:, 0], alone["s0"], atol=0.006)


def test_evaluate_by_week_compares_it_with_the_error_of_the_tested_model(refitted, newer, call):
    done = call("evaluate", "tiny", newer, "--by", "week", "--refit", "--json")
    assert done.code == 0 and "its error is not measured" in done.err, done.err
    told = json.loads(done.out)
    assert [week["first"] for week in told["weeks"]] == ["2025-04-07", "2025-04-14"]  # the rows before are the study's
    on_test = json.loads(call("evaluate", "tiny", "--by", "week", "--json").out)
    weeks = [week["mae"] for week in on_test["weeks"]]
    assert min(weeks) <= told["test"]["mae"] <= max(weeks) and on_test["verdict"] == "" and on_test["drift"] is None
    on_split = call("evaluate", "tiny", "--refit")
    assert on_split.code == 0 and "was trained on this part, too" in on_split.err


def test_errors_by_week_are_those_of_the_table(study, newer, call, tmp_path):
    table = pd.read_csv(newer)
    table[table["time"] >= "2025-04-14"].to_csv(tmp_path / "week.csv", index=False)
    by_week = json.loads(call("evaluate", "tiny", tmp_path / "week.csv", "--by", "week", "--json").out)
    by_step = json.loads(call("evaluate", "tiny", tmp_path / "week.csv", "--json").out)
    (week,) = by_week["weeks"]
    # No reading is missing, so the mean of the steps is the mean of all.
    assert week["mae"] == pytest.approx(by_step["mean"]["mae"], rel=1e-5)
    assert week["persistence"] == pytest.approx(by_step["baselines"]["persistence"]["mean"]["mae"], rel=1e-5)


def test_drift_ends_with_its_own_code_where_it_is_asked_for(newer, call, tmp_path):
    same = call("evaluate", "tiny", newer, "--by", "week", "--fail-on-drift")
    assert same.code == 0, same.err
    assert same.out.splitlines()[-1] == "as good as tested"
    # Sensor s2 is replaced by one that reads the traffic of other hours.
    table = pd.read_csv(newer)
    table["s2"] = np.roll(table["s2"].to_numpy(), 9)
    table.to_csv(tmp_path / "other.csv", index=False)
    words = "evaluate", "tiny", tmp_path / "other.csv", "--by", "week"
    without, failing = call(*words), call(*words, "--fail-on-drift")
    line = without.out.splitlines()[-1]
    assert without.code == 0 and line.startswith("drifted since 2025-04-07: 1 sensor, worst s2: ")
    now, tested = (float(text) for text in line.removesuffix(" mph").split(": ")[-1].split(" instead of "))
    assert now > 1.15 * tested
    assert failing.code == 6 and failing.out.splitlines()[-1] == line and line in failing.err.splitlines()[-1]
    usage = call("evaluate", "tiny", newer, "--fail-on-drift")
    assert usage.code == 2 and "--by week" in usage.err


def test_what_cannot_be_refitted_is_refused_in_one_line(study, newer, call, tmp_path):
    copy = tmp_path / "studies" / "tiny"
    shutil.copytree(study / "studies" / "tiny", copy, ignore=shutil.ignore_patterns("refit"))
    spec = StudySpec.model_validate_json((copy / "spec.json").read_text())

    def refused(code, *words):
        done = call(*words, cwd=tmp_path)
        assert done.code == code, done.err
        (line,) = done.err.splitlines()
        return line

    assert refused(4, "predict", "tiny", newer, "--refit").endswith("there is none: gman-search refit tiny")
    assert "there is no 'other'" in refused(4, "refit", "other")
    pd.read_csv(newer).iloc[30:].to_csv(tmp_path / "later.csv", index=False)
    assert "it begins at 2025-04-07T06:00: give the rows between" in refused(3, "refit", "tiny", "--data", "later.csv")
    assert "is something else" in refused(2, "refit", "tiny", "-o", tmp_path)
    data = pd.read_csv(spec.data.readings)
    data.iloc[5, 1] += 1
    data.to_csv(tmp_path / "changed.csv", index=False)
    changed = spec.model_copy(update={"data": spec.data.model_copy(update={"readings": "changed.csv"})})
    (copy / "spec.json").write_text(changed.model_dump_json())
    line = refused(3, "refit", "tiny")
    assert "expected the readings that study tiny was trained on in changed.csv, 2025-03-03T00:00" in line
    # Without them there are errors by week and no verdict, which a script must hear of.
    done = call("evaluate", "tiny", newer, "--by", "week", cwd=tmp_path)
    assert done.code == 0 and done.out.splitlines()[-1].startswith("no verdict: expected the readings that")
    assert call("evaluate", "tiny", newer, "--by", "week", "--fail-on-drift", cwd=tmp_path).code == 3


def test_rows_appended_to_the_studys_own_file_are_newer_readings(study, newer, tmp_path):
    from gman_search.tuning.stored_readings import stored_readings

    folder = StudyFolder(study / "studies" / "tiny")
    data = StudySpec.model_validate_json((folder.path / "spec.json").read_text()).data
    before = stored_readings(folder, data, tmp_path)
    assert len(before.series.values) == len(before.task.targets) == ROWS
    both = pd.concat([pd.read_csv(data.readings), pd.read_csv(newer).iloc[DAY:]])
    both.to_csv(tmp_path / "grown.csv", index=False)
    after = stored_readings(folder, data.model_copy(update={"readings": str(tmp_path / "grown.csv")}), tmp_path)
    assert len(after.series.values) == ROWS + 2 * WEEK
    assert after.task.fingerprint == before.task.fingerprint and len(after.task.targets) == ROWS


def test_a_study_with_another_model_by_now_says_that_its_refit_is_of_the_old_one(refitted):
    from gman_search.cli.refitted import refit_notes
    from gman_search.tuning.refit import read_facts

    folder = refitted[0]
    facts = read_facts(folder / "refit")
    config = SimpleNamespace(refit=facts, unit="mph")
    assert len(refit_notes(config, folder)) == 1
    config.refit = facts.model_copy(update={"tested_mae": facts.tested_mae + 0.1})
    assert "has delivered another model since" in refit_notes(config, folder)[1]


def test_a_backtest_scores_both_on_what_follows_and_learns_nothing_from_it(study, newer, tmp_path):
    from gman_search.data.all_readings import continued
    from gman_search.data.read import read_series
    from gman_search.ensemble.check import mean_error
    from gman_search.ensemble.forecaster import load_forecaster
    from gman_search.tuning.refit_backtest import periods_of, refit_backtest

    folder = study / "studies" / "tiny"
    data = StudySpec.model_validate_json((folder / "spec.json").read_text()).data
    task = load_task(data, study)
    series = continued(task.series, read_series(newer), "newer.csv")
    (period,) = periods_of(series, ROWS + WEEK, 7)
    (found,) = refit_backtest(folder, task, series, [period], data, tmp_path / "one")
    starts = np.arange(ROWS + WEEK - 4, ROWS + 2 * WEEK - 7)  # all whose targets are in the last week
    truth = series.values[starts[:, None] + 4 + np.arange(4)]
    forecast = load_forecaster(folder, traced=False).windows(series, starts)
    assert found.windows == len(starts) == WEEK - 3
    assert found.tested["ensemble"] == pytest.approx(mean_error(truth, forecast), rel=1e-5)
    new = load_forecaster(tmp_path / "one" / period.name / "winner", traced=False).windows(series, starts)
    assert found.refitted["winner"] == pytest.approx(mean_error(truth, new), rel=1e-5)
    assert found.new_share == pytest.approx(1 - (round(0.7 * ROWS) - 7) / (ROWS + WEEK - 7))
    later = replace(series, values=series.values.copy())
    later.values[period.first :] *= 2
    refit_backtest(folder, task, later, [period], data, tmp_path / "two")
    one, two = (read_saved_model(tmp_path / name / period.name / "winner") for name in ("one", "two"))
    assert all(np.array_equal(array, two.weights[name]) for name, array in one.weights.items())
    assert np.array_equal(one.usual, two.usual)
