"""predict, evaluate and export from the command line, on the winner, on an evaluation and on a stage trained by itself."""

import csv
import io
import json

import pandas as pd
import pytest

from gman_search.baselines.registry import baselines

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recent(finished, network):
    """Path of the last eight rows, as CSV."""
    folder, _ = finished
    lines = (network / "speed.csv").read_text().splitlines()
    (folder / "eight.csv").write_text("\n".join([lines[0], *lines[-8:]]) + "\n")
    return folder / "eight.csv"


@pytest.fixture(scope="module")
def trained(finished, network, command_line, tiny):
    """Name of a stage that `train` left beside the study."""
    folder, _ = finished
    settings = [flag for flag in tiny if flag not in ("--workers", "1")]
    (folder / "one.toml").write_text(f'name = "guide"\n[data]\nreadings = "{network / "speed.csv"}"\n')
    process = command_line("train", "--stage", "quick", "--spec", "one.toml", *settings, cwd=folder)
    assert process.returncode == 0, process.stderr
    assert f"gman-search predict guide/quick {network / 'speed.csv'}" in process.stdout
    return "guide/quick"


def refused(process, code: int, *words: str) -> None:
    assert process.returncode == code, process.stderr
    assert "Traceback" not in process.stderr and process.stdout == ""
    for word in words:
        assert word in process.stderr.splitlines()[-1]


def test_the_winner_tells_how_often_its_intervals_held(finished):
    folder, run = finished
    test = json.loads((folder / "studies/tiny/winner/test.json").read_text())
    model = json.loads((folder / "studies/tiny/winner/model.json").read_text())
    assert set(test["coverage"]) >= {"50", "80"} and test["coverage"] == model["coverage"]
    found = test["coverage"]["80"]
    assert 0 < found["held"] <= 100 and len(found["by_step"]) == 4 and found["width"] > 0


def test_predict_with_intervals_wide_long_and_at_every_origin(finished, recent, command_line):
    folder, _ = finished
    latest = command_line("predict", "tiny", recent, "--interval", "80", cwd=folder)
    assert latest.returncode == 0, latest.stderr
    assert "note: forecasts are made by" in latest.stderr and "--single takes the winner" in latest.stderr
    assert "intervals of 80 % held" in latest.stderr and "of the test part" in latest.stderr
    rows = list(csv.DictReader(io.StringIO(latest.stdout)))
    assert len(rows) == 4
    for row in rows:
        assert float(row["s1_lower"]) < float(row["s1"]) < float(row["s1_upper"])
    every = command_line("predict", "tiny", recent, "--all-origins", "--long", "-o", "all.parquet", cwd=folder)
    assert every.returncode == 0 and every.stdout == "", every.stderr
    table = pd.read_parquet(folder / "all.parquet")
    assert list(table.columns) == ["origin", "time", "sensor", "forecast"] and len(table) == (8 - 4 + 1) * 4 * 4
    last = table[(table["origin"] == table["origin"].max()) & (table["sensor"] == "s1")]
    assert last["forecast"].round(2).tolist() == pytest.approx([float(row["s1"]) for row in rows], abs=0.011)


def test_single_takes_the_winner_and_the_default_the_ensemble(finished, recent, command_line):
    from gman_search import Forecaster
    from gman_search.ensemble.forecaster import EnsembleForecaster

    folder, _ = finished
    study = folder / "studies" / "tiny"
    for flags, model in (([], EnsembleForecaster(study / "ensemble")), (["--single"], Forecaster(study / "winner"))):
        process = command_line("predict", "tiny", recent, "--json", *flags, cwd=folder)
        assert process.returncode == 0, process.stderr
        assert ("forecasts are made by" in process.stderr) == (not flags)
        expected = model.forecast(recent).values[0]
        found = json.loads(process.stdout)["forecast"]
        for column, name in enumerate(model.sensors):
            assert found[name] == pytest.approx(expected[:, column].tolist(), abs=0.011)


def test_predict_from_parquet_as_json(finished, recent, command_line):
    folder, _ = finished
    frame = pd.read_csv(recent, parse_dates=["time"], index_col="time").assign(s9=50.0)
    frame["s2"] = None  # a dead detector, as databases tell it
    frame.to_parquet(folder / "eight.parquet")
    process = command_line(
        "predict", "tiny", "eight.parquet", "--all-origins", "--interval", "80", "--json", cwd=folder
    )
    assert process.returncode == 0, process.stderr
    assert "s9" in process.stderr and "such as s2: their forecasts rest on" in process.stderr
    document = json.loads(process.stdout)
    assert document["schema"] == "gman-search/predict/1" and len(document["origins"]) == 5
    assert document["origins"][-1]["forecast"] == document["forecast"]
    assert set(document["lower"]) == {"s0", "s1", "s2", "s3"} and document["coverage"]["held"] > 0


def test_predict_with_a_trained_stage_and_with_an_evaluation(finished, recent, trained, command_line):
    folder, _ = finished
    for run in ("studies/guide/runs/quick", "tiny/quick/1"):
        process = command_line("predict", run, recent, cwd=folder)
        assert process.returncode == 0, process.stderr
        assert len(process.stdout.splitlines()) == 5
    process = command_line("predict", trained, recent, "--interval", "80", cwd=folder)
    assert process.returncode == 0 and "was not measured" in process.stderr


def test_what_is_not_there_is_refused(finished, recent, command_line):
    folder, _ = finished
    refused(command_line("predict", "nobody", recent, cwd=folder), 4, "nobody", "tiny")
    refused(command_line("predict", "tiny/quick", recent, cwd=folder), 4, "gman-search train")
    refused(command_line("predict", "tiny/quick/77", recent, cwd=folder), 4, "quick/77 has no weights")
    refused(command_line("predict", "../tiny/..", recent, cwd=folder), 2, "not a path")
    refused(command_line("predict", "tiny", recent, "-o", "nowhere/f.csv", cwd=folder), 3, "nowhere")
    refused(command_line("predict", "tiny", recent, "-o", "f.csv", "--json", cwd=folder), 2, "--json or --output")
    refused(command_line("predict", "tiny/quick/1", recent, "--interval", "90", cwd=folder), 3, "this one has none")
    assert not (folder / "f.csv").exists()


def test_evaluate_agrees_with_the_ensembles_test(finished, command_line):
    folder, _ = finished
    process = command_line("evaluate", "tiny", "--interval", "80", "--json", cwd=folder)
    assert process.returncode == 0, process.stderr
    document = json.loads(process.stdout)
    test = json.loads((folder / "studies/tiny/winner/test.json").read_text())
    for step, scores in test["ensemble"]["steps"].items():
        assert document["steps"][step]["mae"] == pytest.approx(scores["mae"], rel=1e-4)
    assert document["coverage"]["held"] == pytest.approx(test["ensemble"]["coverage"]["80"]["held"], abs=0.2)
    assert list(document["baselines"]) == list(baselines())
    for name, errors in test["baselines"].items():
        for step, scores in errors["steps"].items():
            assert document["baselines"][name]["steps"][step]["mae"] == pytest.approx(scores["mae"], rel=1e-4), name
    shown = command_line("evaluate", "tiny", cwd=folder)
    assert shown.returncode == 0 and "boosted" in shown.stdout and "regression" in shown.stdout, shown.stderr


def test_on_the_validation_part_nothing_is_scored_that_was_trained_on_it(finished, command_line):
    folder, _ = finished
    process = command_line("evaluate", "tiny", "--split", "val", "--json", cwd=folder)
    assert process.returncode == 0 and "the choice was made among" in process.stderr, process.stderr
    document, rows = json.loads(process.stdout), json.loads((folder / "studies/tiny/winner/test.json").read_text())
    val = {row["name"]: row["val_mae"] for row in rows["leaderboard"]}
    assert document["mean"]["mae"] == pytest.approx(val["ensemble"], rel=1e-3)
    for name, errors in document["baselines"].items():
        assert errors["mean"]["mae"] == pytest.approx(val[name], rel=1e-3), name


def test_evaluate_agrees_with_the_winners_test(finished, command_line):
    folder, run = finished
    process = command_line("evaluate", "tiny", "--single", "--interval", "80", "--json", cwd=folder)
    assert process.returncode == 0, process.stderr
    document, told = json.loads(process.stdout), json.loads(run.stdout)["test"]
    assert document["split"]["rule"] == "gman" and "GMAN's rule" in document["split"]["text"]
    test = json.loads((folder / "studies/tiny/winner/test.json").read_text())
    for step, scores in test["steps"].items():
        assert document["steps"][step]["mae"] == pytest.approx(scores["mae"], rel=1e-5)
    assert document["mean"]["rmse"] == pytest.approx(told["mean"]["rmse"], rel=1e-5)
    assert document["baselines"]["persistence"]["mean"]["mae"] == told["baselines"]["persistence"]["mean"]["mae"]
    assert document["coverage"]["held"] == pytest.approx(test["coverage"]["80"]["held"], abs=0.2)
    assert set(document["sensors"]) == {"s0", "s1", "s2", "s3"} and len(document["hours"]) == 24


def test_evaluate_runs_splits_files_and_cuts(finished, network, trained, command_line):
    folder, _ = finished
    hours = command_line("evaluate", trained, "--split", "val", "--by", "hour", cwd=folder)
    assert hours.returncode == 0, hours.stderr
    assert hours.stdout.startswith("val part, split by time") and "23:00" in hours.stdout
    days = command_line("evaluate", trained, "--split", "val", "--by", "day", cwd=folder)
    assert days.returncode == 0 and "Thursday" in days.stdout, days.stdout
    sensors = command_line("evaluate", "tiny/quick/1", "--by", "sensor", cwd=folder)
    assert sensors.returncode == 0 and "s3" in sensors.stdout
    assert "choose between runs by --split val" in sensors.stderr
    on_file = command_line("evaluate", "tiny", network / "speed.csv", "--interval", "80", cwd=folder)
    # Of the file that the study was made with, only the test part's rows can be scored.
    assert on_file.returncode == 0 and f"{67 - 4 + 1} windows" in on_file.stdout, on_file.stderr
    assert "intervals of 80 % held" in on_file.stdout and "no row is newer than the study" in on_file.stderr
    assert "at 240 min" in on_file.stdout
    refused(command_line("evaluate", "tiny", folder / "eight.csv", "--split", "all", cwd=folder), 2)


def test_export_of_the_ensemble_or_why_not(finished, command_line):
    from gman_search.ensemble.store import read_ensemble

    folder, _ = finished
    config = read_ensemble(folder / "studies/tiny/ensemble").config
    process = command_line("export", "tiny", "out/ensemble", cwd=folder)
    if len(config.left_out_of_exports) == len(config.members):
        refused(process, 3, "no member of this one can: use --single")
        return
    assert process.returncode == 0, process.stderr
    assert (folder / "out/ensemble/saved_model.pb").exists()
    assert ("cannot be exported: mean MAE on the test part" in process.stderr) == bool(config.left_out_of_exports)


def test_export_and_what_it_refuses(finished, recent, command_line):
    folder, _ = finished
    process = command_line("export", "tiny", "out/model", "--single", "--interval", "80", "--json", cwd=folder)
    assert process.returncode == 0, process.stderr
    document = json.loads(process.stdout)
    assert document["format"] == "savedmodel" and document["largest_difference"] < 1e-3
    assert (folder / "out/model/saved_model.pb").exists()
    refused(command_line("export", "tiny", "out/model", cwd=folder), 2, "out/model exists")
    refused(
        command_line("export", "tiny", folder / "eight.csv" / "model", cwd=folder), 2, "a place that can be written"
    )
