"""Every printed command is parsed by the command line as it was meant, from the same directory."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import typer.main

from gman_search.cli.main import app
from gman_search.cli.summary import print_summary
from gman_search.halving.evaluations import State
from gman_search.tuning.commands import TAKEN, Place, readings_words

from ..report.study_record import delivered_record, study_record

COMMANDS = typer.main.get_command(app).commands
ELSEWHERE = Place(Path("my studies"), Path("it's here"), "sqlite:///a b/study.db", "ray", "ray://host:10001")


def parsed(command: str) -> tuple[str, dict]:
    """Name and parameters of a command line as the real parser sees it."""
    program, name, *words = shlex.split(command)
    assert program == "gman-search"
    return name, COMMANDS[name].make_context(name, words).params


def printed(capsys, record, place) -> dict[str, str]:
    capsys.readouterr()
    print_summary(record, Path("index.html"), place)
    lines = capsys.readouterr().out.splitlines()
    return dict(line.split(":", 1) for line in lines if ": " in line and " gman-search " in line)


@pytest.mark.parametrize("name", TAKEN)
def test_flags_are_those_of_the_command(name):
    flags = {flag for parameter in COMMANDS[name].params for flag in parameter.opts}
    places = {"--studies", "--reports", "--storage", "--engine", "--ray-address"}
    assert set(TAKEN[name]) == flags & places


def test_defaults_are_those_of_the_commands_and_are_not_printed():
    assert Place().command("run", "--study", "x") == "gman-search run --study x"
    params = parsed("gman-search run")[1]
    assert Path(params["studies"]) == Place.studies and Path(params["reports"]) == Place.reports
    assert (params["engine"], params["storage"], params["ray_address"]) == (Place.engine, None, None)


@pytest.mark.parametrize("name, words", [
    ("run", ("--study", "x")), ("report", ("x",)), ("predict", ("x", "new readings.csv")), ("evaluate", ("x",)),
    ("train", ("--study", "x")), ("dashboard", ("x",)), ("evaluations", ("x",)),
])  # fmt: skip
def test_a_command_finds_the_study_again(name, words):
    found, params = parsed(ELSEWHERE.command(name, *words))
    assert found == name and Path(params["studies"]) == Path("my studies")
    assert params["storage"] == "sqlite:///a b/study.db"
    if name in ("run", "report"):
        assert Path(params["reports"]) == Path("it's here")
    if name == "run":
        assert (params["engine"], params["ray_address"]) == ("ray", "ray://host:10001")


def test_a_password_is_not_printed():
    command = Place(storage="postgresql://me:secret@host/db").command("status", "x")
    assert "secret" not in command and "me" in command and "@host/db" in command


def test_the_end_of_a_run_prints_commands_that_find_it(capsys):
    commands = printed(capsys, delivered_record(), ELSEWHERE)
    assert set(commands) == {"dashboard", "forecast", "go on", "longer", "compare"}
    for command in commands.values():
        _, params = parsed(command)
        assert Path(params["studies"]) == Path("my studies") and params["storage"] == "sqlite:///a b/study.db"
    trials = delivered_record().schedule.trials
    name, params = parsed(commands["go on"])
    assert (name, params["study"], params["trials"]) == ("run", "synthetic", str(2 * trials))
    assert parsed(commands["longer"])[1]["init_from"] == "winner"


def test_a_search_that_is_not_done_goes_on_to_the_same_total_and_forecasts_nothing_yet(capsys):
    record = study_record(tested=False)
    under_way = tuple(row for row in record.evaluations if row.stage == "quick")[:5]
    commands = printed(capsys, replace(record, evaluations=under_way), Place())
    assert "forecast" not in commands
    assert parsed(commands["go on"])[1]["trials"] == str(record.schedule.trials)
    waiting = (*record.evaluations[:-1], replace(record.evaluations[-1], state=State.RUNNING))
    commands = printed(capsys, replace(record, evaluations=waiting), Place())
    assert parsed(commands["go on"])[1]["trials"] == str(record.schedule.trials)
    nothing = printed(capsys, replace(record, evaluations=()), Place())
    assert set(nothing) == {"dashboard", "go on"}


def test_the_forecast_is_from_the_studys_own_readings(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    data = {"readings": str(tmp_path / "my data" / "flow.npz"), "start": "2018-01-01", "step": "5min", "channel": 0}
    assert readings_words(data) == ["my data/flow.npz", "--start", "2018-01-01", "--step", "5min"]
    assert readings_words({"readings": "demo"}) == ["demo"] and readings_words({"readings": "/a/b.csv"}) == ["/a/b.csv"]
    record = delivered_record()
    record = replace(record, spec={**record.spec, "data": {**record.spec["data"], **data}})
    name, params = parsed(printed(capsys, record, Place())["forecast"])
    assert name == "predict" and (Path(params["recent"]), params["start"]) == (Path("my data/flow.npz"), "2018-01-01")
