"""A study that was searched from Python."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

import gman_search
from gman_search.api.notebook import in_one_line, study_html
from gman_search.api.tables import evaluations_table, leaderboard_table, stages_table
from gman_search.errors import StudyError

from ..report.study_record import delivered_record, study_record
from .conftest import readings


def test_the_evaluations_are_a_table_as_optunas():
    record = study_record()
    table = evaluations_table(record)
    assert len(table) == len(record.evaluations)
    assert {"value", "datetime_start", "datetime_complete", "duration", "state"} <= set(table.columns)
    assert set(table["state"]) == {"COMPLETE", "PRUNED", "FAILED"}
    one = next(row for row in record.evaluations if row.key == "quick/3")
    row = table[(table["config_id"] == 3) & (table["stage"] == "quick")].iloc[0]
    assert row["value"] == one.val_mae and row["duration"] == pd.Timedelta(seconds=one.seconds)
    assert row["params_learning_rate"] == one.params["learning_rate"]
    assert (row["datetime_complete"] - row["datetime_start"]).total_seconds() >= 0
    assert table.dtypes["datetime_start"].kind == "M" and table.dtypes["value"].kind == "f"


def test_the_leaderboard_has_the_lowest_validation_error_first():
    record = delivered_record()
    board = leaderboard_table(record)
    assert board["mae_val"].dropna().is_monotonic_increasing and math.isnan(board["mae_val"].iloc[-1])
    ensemble = board[board["kind"] == "ensemble"].iloc[0]
    assert ensemble["delivered"] and board["delivered"].sum() == 1
    assert ensemble["mae_test"] == record.test.ensemble.mean.mae
    assert ensemble["mae_test_60min"] == record.test.ensemble.steps[12].mae
    assert ensemble["pred_time"] == pytest.approx(record.test.ensemble.forecast_ms / 1000)
    assert leaderboard_table(replace(record, test=None)).empty


def test_stages_are_counted():
    table = stages_table(study_record()).set_index("stage")
    assert table.loc["quick", ["planned", "complete", "pruned", "failed", "promoted"]].tolist() == [50, 45, 2, 3, 12]


def test_a_notebook_shows_tables_without_scripts_and_everything_escaped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = delivered_record(study_record(name="<script>alert(1)</script>"))
    page = tmp_path / "reports" / "a&b" / "index.html"
    html = study_html(record, page)
    assert "<script" not in html and "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert 'href="reports/a%26b/index.html"' in html and "<td>full</td>" in html
    assert html.count("<table>") == 2 and "boosted trees" in html
    assert "nan" not in html and "None" not in html
    assert study_html(replace(record, test=None), None).count("<table>") == 1
    assert in_one_line(study_record()) == "50 of 50 configs evaluated, best validation MAE 2.829 mph (full/3)"


@pytest.mark.slow
def test_a_search_leaves_what_the_command_line_finds(here):
    study = gman_search.load_study("speed")
    table, best = study.evaluations_dataframe(), study.best
    assert best.val_mae == table.loc[table["state"] == "COMPLETE", "value"].min()
    assert len(table[table["stage"].eq("quick") & table["role"].eq("")]) == 4
    assert repr(study).startswith("<Study 'speed': 4 of 4 configs evaluated, best validation MAE")
    assert study.report_path.is_file() and "speed" in study._repr_html_() and study.test.windows > 0
    assert sorted(study.scores()["step"].unique()) == list(range(1, 13))
    run = ["run", "--data", "speed.csv", "--adjacency", "distances.csv", "--trials", "4", "--json"]
    done = subprocess.run([sys.executable, "-m", "gman_search", *run], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["best"]
    assert (told["config_id"], told["stage"], told["val_mae"]) == (best.config_id, best.stage, best.val_mae)
    pd.testing.assert_frame_equal(study.evaluations_dataframe(), table)  # nothing was left to do


@pytest.mark.slow
def test_the_ensemble_or_the_winner_forecasts(here):
    study = gman_search.load_study("speed")
    ensemble, winner = study.forecaster(), study.forecaster(single=True)
    assert isinstance(winner, gman_search.Forecaster)
    for model in (ensemble, winner):
        forecast = model.forecast("recent.csv")
        assert forecast.values.shape == (1, 12, 4) and 20 < forecast.values.mean() < 80
    assert study.report(here / "elsewhere") == here / "elsewhere" / "index.html"


@pytest.mark.slow
def test_an_interrupted_search_raises_as_optuna_does_and_goes_on(tmp_path, monkeypatch, cut_budget):
    monkeypatch.chdir(tmp_path)
    seen: list[int] = []

    def stop_after_one(study: gman_search.Study) -> None:
        seen.append(int((study.evaluations_dataframe()["state"] == "COMPLETE").sum()))
        if seen[-1]:
            raise KeyboardInterrupt  # what Ctrl-C raises, wherever the program is

    with pytest.raises(KeyboardInterrupt, match="the same call goes on"):
        gman_search.search(readings(), name="stopped", trials=3, progress=stop_after_one)
    left = gman_search.load_study("stopped")
    kept = left.evaluations_dataframe().query("state == 'COMPLETE'").set_index(["config_id", "stage"])["value"]
    assert len(kept) >= 1 and seen[0] == 0
    with pytest.raises(StudyError, match="no winner yet"):
        left.forecaster(single=True)
    so_far = left.forecaster().forecast(readings())  # what there is, not tested yet
    assert so_far.values.shape == (1, 12, 4)
    study = gman_search.search(readings(), name="stopped", trials=3, progress=False, reports=None)
    after = study.evaluations_dataframe().query("state == 'COMPLETE'").set_index(["config_id", "stage"])["value"]
    assert all(math.isclose(after[key], value) for key, value in kept.items())
    assert len(after) == 3 + 1 + 1 + 1 and study.report_path is None  # quick, medium, full, and a final training
    assert study.test is not None


def test_a_study_without_a_complete_evaluation_has_no_best():
    studies = SimpleNamespace(spec=SimpleNamespace(name="new"))
    study = gman_search.Study(studies, None, None)
    empty = replace(study_record(), evaluations=())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gman_search.Study, "record", property(lambda self: empty))
        with pytest.raises(StudyError, match="study new; there is none yet"):
            _ = study.best
        with pytest.raises(StudyError, match="has none yet"):
            study.report()
