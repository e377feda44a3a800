"""The main job from the command line, on a tiny network."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

pytestmark = pytest.mark.slow
ALONE = ("--set", "search.reference=false", "--set", "search.finals=0")
"""Nothing outside the stages."""


def test_run_json_keeps_its_contract(finished):
    _, run = finished
    document = json.loads(run.stdout)
    assert document["schema"] == "gman-search/run/1"
    stages = {stage["name"]: stage for stage in document["stages"]}
    assert [stages[name]["complete"] for name in ("quick", "medium", "full")] == [4, 2, 1]
    assert {"evaluations", "complete", "pruned", "failed", "promoted", "epochs", "seconds"} <= stages["quick"].keys()
    # The winner is one of those that were trained to their end.
    keys = [step["key"] for step in document["best"]["lineage"]]
    assert keys[0].startswith("quick/") and keys[-1] == f"{keys[-2]} final" and document["best"]["control"] == "final"
    trees = {"boosted trees", "boosted trees on deviations"}
    baselines = {"persistence", "historical average", "linear regression", *trees}
    assert set(document["test"]["baselines"]) == baselines
    assert baselines < {row["name"] for row in document["leaderboard"]}
    assert {"ensemble", "reference", "baseline", "winner"} <= {row["kind"] for row in document["leaderboard"]}
    assert document["ensemble"]["mean"]["mae"] > 0 and document["ensemble"]["members"]
    assert set(document["test"]["steps"]["3"]) == {"mae", "rmse", "mape"}


def test_everything_promised_is_left_behind(finished):
    folder, run = finished
    document = json.loads(run.stdout)
    study = folder / "studies" / "tiny"
    assert "tiny" in (folder / document["report"]).read_text()
    assert (study / "study.db").exists() and (study / "winner" / "weights.npz").exists()
    for stage in ("fit_quick", "fit_medium", "fit"):
        assert list((study / "logs" / stage).glob("*/events.*"))
    assert "Traceback" not in (study / "logs" / "worker-0.log").read_text()


def test_running_again_adds_nothing(finished, network, command_line):
    folder, first = finished
    again = command_line("run", "--study", "tiny", "--trials", "4", "--json", cwd=folder)
    assert again.returncode == 0, again.stderr
    ours, theirs = json.loads(first.stdout), json.loads(again.stdout)
    assert ours["stages"] == theirs["stages"] and ours["test"] == theirs["test"]
    looks = json.loads((folder / "studies/tiny/winner/tested.json").read_text())
    assert [look["role"] for look in looks].count("winner") == 1
    if ours["best"]["config_id"] != 0:
        (compared, *_) = [look for look in reversed(looks) if look["role"] == "comparison"]
        assert compared["key"].split("/")[1] == "0" and ours["test"]["preset"]["config_id"] == 0
        assert ours["test"]["preset"]["mean"]["mae"] > 0


def test_what_fits_is_reckoned_when_a_study_begins_and_not_again(finished, command_line):
    folder, first = finished
    again = command_line("run", "--study", "tiny", "--trials", "fit", "--hours", "2", "--json", cwd=folder)
    assert again.returncode == 0 and "has begun and goes on to its 4 configs" in again.stderr, again.stderr
    assert json.loads(again.stdout)["stages"] == json.loads(first.stdout)["stages"]


def test_a_study_may_have_as_many_configs_as_fit(tmp_path, network, new_process, tiny):
    data = ("--data", network / "speed.csv", "--adjacency", network / "graph.csv")
    # Planned with 200 epochs, of which nearly all are saved by stopping early.
    long = ("--set", "stages.quick.max_epochs=200", "--set", "stages.quick.patience=1", *ALONE)
    process = new_process(
        "run", *data, "--study", "night", *tiny, *long, "--trials", "fit", "--hours", "0.03", "--json", cwd=tmp_path
    )
    assert process.returncode == 0 and "configs fit into 0.03 hours" in process.stderr, process.stderr
    document = json.loads(process.stdout)
    assert document["trials"] == json.loads((tmp_path / "studies/night/spec.json").read_text())["trials"]
    assert 1 <= document["stages"][0]["complete"] <= document["trials"] < 50


@pytest.mark.parametrize("damage", ["", "{", '{"trials": "x"}', "[]"])
def test_a_damaged_specification_is_told(tmp_path, command_line, damage):
    (tmp_path / "studies" / "tiny").mkdir(parents=True)
    (tmp_path / "studies" / "tiny" / "spec.json").write_text(damage)
    for arguments in (("status", "tiny"), ("run", "--study", "tiny", "--trials", "fit", "--hours", "1")):
        process = command_line(*arguments, cwd=tmp_path)
        assert process.returncode in (2, 4) and process.stderr.count("\n") == 1, process.stderr
        assert "spec.json" in process.stderr


def test_same_seed_gives_identical_configs_and_values(finished, tmp_path, network, command_line, new_process, tiny):
    folder, _ = finished
    repeated = new_process(
        "run", "--data", network / "speed.csv", "--adjacency", network / "graph.csv", "--study", "tiny",
        "--trials", "4", "-q", *tiny, cwd=tmp_path,
    )  # fmt: skip
    assert repeated.returncode == 0, repeated.stderr
    tables = []
    for cwd in (folder, tmp_path):
        document = json.loads(command_line("evaluations", "tiny", "--json", cwd=cwd).stdout)
        tables.append(
            [(row["config_id"], row["stage"], row["learning_rate"], row["val_mae"]) for row in document["evaluations"]]
        )
    assert len(tables[0]) == 7 + 1 + 4  # the stages, the reference, final trainings
    assert tables[0] == tables[1]


def test_grown_evaluations_begin_where_their_parents_ended(finished):
    folder, _ = finished
    from gman_search.tuning.study_loader import open_record

    record, _ = open_record("tiny", folder / "studies")
    best = {row.key: row.val_mae for row in record.evaluations}
    grown = [row for row in record.evaluations if row.parent]
    assert len(grown) == 3 + 4  # final trainings go on from themselves
    for row in grown:
        start = record.curves[row.key][0]
        assert start.epoch == 0
        assert start.val_mae == pytest.approx(best[row.parent], rel=1e-5)


def test_looking_at_a_study(finished, command_line):
    folder, run = finished
    status = command_line("status", "tiny", cwd=folder)
    assert status.returncode == 0 and max(map(len, status.stdout.splitlines())) <= 80
    assert (
        json.loads(command_line("best", "tiny", "--json", cwd=folder).stdout)["best"] == json.loads(run.stdout)["best"]
    )
    rows = list(csv.DictReader(io.StringIO(command_line("evaluations", "tiny", "--csv", cwd=folder).stdout)))
    assert len(rows) == 12 and {row["state"] for row in rows} == {"complete"}
    story = command_line("explain", "0", "--study", "tiny", cwd=folder).stdout
    assert "config 0" in story and "rank" in story
    report = command_line("report", "tiny", "--assets", "directory", cwd=folder)
    assert (folder / report.stdout.strip()).parent.joinpath("plotly.min.js").exists()


def test_the_winner_can_be_trained_on(finished, command_line):
    folder, run = finished
    best = json.loads(run.stdout)["best"]
    longer = ("train", "--study", "tiny", "--config-id", "winner", "--init-from", "winner", "--stage", best["stage"])
    trained = command_line(*longer, "--max-epochs", "1", "--json", cwd=folder)
    assert trained.returncode == 0, trained.stderr
    told = json.loads(trained.stdout)
    assert told["inherited"] == 1.0 and told["val_mae"] <= best["val_mae"] * 1.00001
    stored = json.loads((folder / "studies" / "tiny" / "runs" / best["stage"] / "spec.json").read_text())
    assert stored["space"]["learning_rate"]["default"] == best["params"]["learning_rate"]
    assert json.loads((folder / "studies" / "tiny" / "spec.json").read_text())["space"] != stored["space"]
    database = "sqlite:///studies/tiny/study.db"
    wrong = command_line(*longer[:4], "99", "--storage", database, cwd=folder)
    assert wrong.returncode == 2 and "99" in wrong.stderr and "Traceback" not in wrong.stderr


def test_predict_from_recent_readings(finished, network, command_line):
    folder, _ = finished
    lines = (network / "speed.csv").read_text().splitlines()
    recent = folder / "recent.csv"
    recent.write_text("\n".join([lines[0], *lines[-6:]]) + "\n")
    forecast = command_line("predict", "tiny", recent, cwd=folder)
    assert forecast.returncode == 0, forecast.stderr
    rows = list(csv.DictReader(io.StringIO(forecast.stdout)))
    assert [row["time"] for row in rows] == [f"2025-03-17T0{hour}:00" for hour in range(4)]
    assert all(20 < float(row[name]) < 80 for row in rows for name in ("s0", "s1", "s2", "s3"))


def test_predict_agrees_with_the_tested_forecast(finished, network):
    import numpy as np

    from gman_search import Forecaster
    from gman_search.data.read import read_series
    from gman_search.data.task import load_task
    from gman_search.spec import StudySpec
    from gman_search.training.step import CompiledModel

    folder, _ = finished
    study = folder / "studies" / "tiny"
    model = Forecaster(study / "winner")
    spec = StudySpec.model_validate_json((study / "spec.json").read_text())
    task = load_task(spec.data, folder)
    compiled = CompiledModel(task, tuple(model.config.shape), shortcuts=model.config.hyperparameters.shortcuts)
    compiled.state.load_weights(model.model.weights)
    start = len(task.series.values) - task.P - task.Q
    expected = compiled.forecast(np.array([start]), causal=model.config.hyperparameters.causal)[0]
    import dataclasses

    series = read_series(network / "speed.csv")
    cut = start + task.P
    recent = dataclasses.replace(series, values=series.values[:cut], times=series.times[:cut])
    np.testing.assert_allclose(model.forecast(recent).values[0], expected, rtol=1e-4)


def test_the_dashboard_answers_on_loopback(finished):
    folder, _ = finished
    server = subprocess.Popen(
        [sys.executable, "-m", "gman_search", "dashboard", "tiny", "--port", "18321"],
        cwd=folder,
        stderr=subprocess.PIPE,
    )
    try:
        for _ in range(60):
            try:
                with urllib.request.urlopen("http://127.0.0.1:18321/api/studies", timeout=5) as answer:
                    names = {study["study_name"] for study in json.load(answer)["study_summaries"]}
                with urllib.request.urlopen("http://127.0.0.1:18321/api/studies/1", timeout=5) as answer:
                    (report,) = json.load(answer)["artifacts"]
                page = f"http://127.0.0.1:18321/artifacts/1/{report['artifact_id']}"
                with urllib.request.urlopen(page, timeout=5) as answer:
                    assert (
                        answer.headers["Content-Type"] == "text/html" and b"is the best of 4 configs" in answer.read()
                    )
                break
            except OSError:
                time.sleep(0.5)
        assert names == {"tiny/quick", "tiny/medium", "tiny/full", "tiny/final"}
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)


def test_ctrl_c_keeps_everything_and_the_same_command_goes_on(tmp_path, network, command_line, new_process, tiny):
    arguments = ["run", "--data", str(network / "speed.csv"), "--study", "stopped", "--trials", "2", *tiny, *ALONE]
    process = subprocess.Popen(
        [sys.executable, "-m", "gman_search", *arguments, "--set", "stages.quick.max_epochs=12"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    log = tmp_path / "studies/stopped/logs/worker-0.log"
    deadline = time.monotonic() + 120
    while not (log.exists() and "quick/1" in log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "gman-search run" in told.splitlines()[-1]
    kept = json.loads(command_line("evaluations", "stopped", "--json", cwd=tmp_path).stdout)["evaluations"]
    complete = [row for row in kept if row["state"] == "complete"]
    assert complete
    again = new_process(*arguments, "--set", "stages.quick.max_epochs=12", "--json", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    after = json.loads(command_line("evaluations", "stopped", "--json", cwd=tmp_path).stdout)["evaluations"]
    assert all(row in after for row in complete)
    schedule = [row for row in after if row["stage"] == "quick" and row["state"] == "complete" and not row["control"]]
    assert len(schedule) == 2


def test_train_stage_by_stage(tmp_path, network, command_line, tiny):
    settings = [flag for flag in tiny if flag not in ("--workers", "1")]
    toml = tmp_path / "one.toml"
    toml.write_text(f'name = "guide"\n[data]\nreadings = "{network / "speed.csv"}"\n')
    first = command_line(
        "train", "--stage", "quick", "--spec", toml, *settings, "--set", "learning_rate=0.003", cwd=tmp_path
    )
    assert first.returncode == 0, first.stderr
    second = command_line(
        "train", "--stage", "medium", "--init-from", "quick", "--spec", toml, *settings, "--json", cwd=tmp_path
    )
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout)["inherited"] > 0.1
    assert "epoch   0" in second.stderr
    program = f"""
from pathlib import Path
from gman_search.data.task import load_task
from gman_search.model.gman import GMAN
from gman_search.spec import DataSpec
from gman_search.training.step import model_shape
task = load_task(DataSpec(readings="{network / "speed.csv"}"), Path.cwd())
GMAN(model_shape(task, (1, 2, 3)), task.embedding).save_weights("small.weights.h5")"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    third = command_line(
        "train", "--stage", "full", "--init-from", "small.weights.h5", "--spec", toml, *settings, "--json", cwd=tmp_path
    )
    assert third.returncode == 0, third.stderr
    assert json.loads(third.stdout)["inherited"] > 0.1
