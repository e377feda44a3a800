"""A study in other folders than the usual ones: each printed command is run as printed, from the same directory."""

import hashlib
import json
import shlex
import shutil

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def elsewhere(finished, command_line, tmp_path_factory):
    """(working folder, commands by name) of the tiny study in `my studies`, when `run` has found nothing to do."""
    folder = tmp_path_factory.mktemp("else where")
    shutil.copytree(finished[0] / "studies" / "tiny", folder / "my studies" / "tiny")
    place = ("--studies", "my studies", "--reports", "the reports")
    process = command_line("run", "--study", "tiny", "--trials", "4", *place, cwd=folder)
    assert process.returncode == 0, process.stderr
    assert (folder / "the reports" / "tiny" / "index.html").is_file()
    lines = [line.split(":", 1) for line in process.stdout.splitlines() if ": " in line and " gman-search " in line]
    commands = {name: shlex.split(command)[1:] for name, command in lines}
    assert set(commands) >= {"dashboard", "forecast", "go on"}
    return folder, commands


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_forecast(elsewhere, command_line):
    folder, commands = elsewhere
    process = command_line(*commands["forecast"], cwd=folder)
    assert process.returncode == 0, process.stderr
    header, *rows = process.stdout.splitlines()
    assert header == "time,s0,s1,s2,s3" and len(rows) == 4 and rows[0].startswith("2025-03-17T00:00,")


def test_dashboard_finds_the_study(elsewhere, command_line):
    folder, commands = elsewhere
    assert commands["dashboard"] == ["dashboard", "tiny", "--studies", "my studies"]
    assert command_line(*commands["dashboard"], "--help", cwd=folder).returncode == 0
    assert command_line("status", *commands["dashboard"][1:], cwd=folder).returncode == 0


def test_longer_and_compare_destroy_no_weights(elsewhere, command_line):
    folder, commands = elsewhere
    if "longer" not in commands:
        pytest.skip("the reference config has won this tiny study")
    process = command_line(*commands["longer"], cwd=folder)
    assert process.returncode == 0, process.stderr
    stage = commands["longer"][commands["longer"].index("--stage") + 1]
    weights = folder / "my studies" / "tiny" / "runs" / stage / "weights.npz"
    before = digest(weights)
    again = command_line(*commands["longer"], cwd=folder)
    assert again.returncode == 0 and "trained before with the same settings" in again.stdout, again.stderr
    forecast = next(line for line in again.stdout.splitlines() if line.startswith("forecast:"))
    shown = command_line(*shlex.split(forecast.split(":", 1)[1])[1:], cwd=folder)
    assert shown.returncode == 0 and len(shown.stdout.splitlines()) == 5, shown.stderr
    compare = [*commands["compare"]]
    compare[compare.index("--stage") + 1] = stage  # where the winner is of the first stage, they are at the same one
    other = command_line(*compare, "--json", cwd=folder)
    assert other.returncode == 0, other.stderr
    assert json.loads(other.stdout)["weights"].endswith(f"runs/{stage}-2")
    assert f"runs/{stage} has weights of other settings and stays" in other.stderr
    assert digest(weights) == before
    replaced = command_line(*compare, "--overwrite", "--json", cwd=folder)
    assert json.loads(replaced.stdout)["weights"].endswith(f"runs/{stage}") and digest(weights) != before


def test_go_on(elsewhere, command_line):
    folder, commands = elsewhere
    assert commands["go on"][:5] == ["run", "--study", "tiny", "--trials", "8"]
    process = command_line(*commands["go on"], "--json", cwd=folder)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["stages"][0]["complete"] == 8
    # Nothing was begun where studies usually lie.
    assert sorted(path.name for path in folder.iterdir()) == ["my studies", "the reports"]


def test_hours_that_are_over_before_anything_is_finished(network, command_line, tiny, tmp_path):
    data = ("--data", network / "speed.csv", "--study", "short", "--trials", "3", *tiny)
    process = command_line("run", *data, "--hours", "0.00001", "--studies", "there", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert "no evaluation is complete yet" in process.stdout and "forecast:" not in process.stdout
    (line,) = [line for line in process.stdout.splitlines() if line.startswith("go on:")]
    assert line.endswith("gman-search run --study short --trials 3 --studies there")


def test_predict_writes_what_the_name_says_and_never_over_its_input(elsewhere, network, command_line):
    folder, _ = elsewhere
    lines = (network / "speed.csv").read_text().splitlines()
    recent = folder / "the reports" / "recent.csv"
    recent.write_text("\n".join([lines[0], *lines[-8:]]) + "\n")
    place = ("--studies", "my studies")
    refusals = [(recent, "another file to write"), (network / "speed.csv", "another file"), ("f.xls", "ends in .csv")]
    for target, told in refusals:
        process = command_line("predict", "tiny", recent, "-o", target, *place, cwd=folder)
        assert process.returncode == 2 and told in process.stderr and process.stderr.count("\n") == 1, process.stderr
    assert len(recent.read_text().splitlines()) == 9
