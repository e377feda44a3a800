"""`data check`, `run`, `run --dry-run` and `train` say the same of the same data, for inputs of all kinds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gman_search.api.stage_times import stage_times
from gman_search.cli.train import train
from gman_search.data.checks.check import check_data
from gman_search.specification import resolve_spec
from gman_search.tuning import run as search_run
from gman_search.tuning.folder import StudyFolder
from gman_search.tuning.run import run_search


class FarEnough(Exception):
    """What follows would train."""


def table(days=14, sensors=4, step=60):
    random, rows = np.random.default_rng(0), days * 1440 // step
    wave = 45 + 10 * np.sin(np.arange(rows) * step / 1440 * 2 * np.pi)[:, None]
    values = (wave + random.normal(0, 3, (rows, sensors))).round(1)
    index = pd.date_range("2025-03-03", periods=rows, freq=f"{step}min", name="time")
    return pd.DataFrame(values, index=index, columns=[f"s{i}" for i in range(sensors)])


def plain(folder):
    table().to_csv(folder / "speed.csv")
    (folder / "graph.csv").write_text("from,to,cost\ns0,s1,300\ns1,s2,500\ns2,s3,900\n")
    return {"data.adjacency": str(folder / "graph.csv")}, {"nothing-missing", "graph-note"}


def no_graph(folder):
    table().to_csv(folder / "speed.csv")
    return {}, {"no-graph", "nothing-missing"}


def code(folder):
    frame = table()
    frame.iloc[5:9, 1] = 99999
    frame.to_csv(folder / "speed.csv")
    return {}, {"suspected-code", "no-graph"}


def gaps(folder):
    table().drop(table().index[50:60]).to_csv(folder / "speed.csv")
    return {}, {"file-note", "no-graph"}


def stuck(folder):
    frame = table(step=15)
    frame.iloc[-40:, 2] = 61.5
    frame.to_csv(folder / "speed.csv")
    return {"data.history": 4}, {"stuck-sensors"}


def cleaned(folder):
    return {**stuck(folder)[0], "data.clean": True}, {"left-out"}


def other_unit(folder):
    (table() * 1.6).to_csv(folder / "speed.csv")
    return {}, {"other-unit"}


def copies(folder):
    frame = table()
    frame["s3"] = frame["s0"]
    frame.to_csv(folder / "speed.csv")
    return {}, {"equal-sensors"}


def empty_graph(folder):
    table().to_csv(folder / "speed.csv")
    np.savetxt(folder / "graph.csv", np.eye(4), delimiter=",")
    return {"data.adjacency": str(folder / "graph.csv")}, {"no-neighbours"}


def short(folder):
    table(days=5).to_csv(folder / "speed.csv")
    return {"data.history": 4, "data.horizon": 4}, {"short-series", "unseen-weekdays"}


def some_sensors_of_a_long_table(folder):
    frame = table(sensors=6)
    frame.iloc[:250, 2] = 0
    frame.iloc[:, 5] = 1e4
    frame.stack().rename("speed").rename_axis(["time", "sensor"]).reset_index().to_csv(
        folder / "speed.csv", index=False
    )
    return {"data.sensors": ["s0", "s2", "s3"]}, {"silent-sensors", "mostly-missing"}


def half_hours_of_counts(folder):
    frame = (table(step=30) * 10).round()
    frame[frame.index.hour < 4] = 0
    frame.to_csv(folder / "speed.csv")
    return {"data.unit": "vehicles"}, {"night-zeros"}


def groups(folder):
    table(sensors=8).to_csv(folder / "speed.csv")
    return {"data.spatial_groups": 2, "search.workers": 3000}, {"little-memory"}


KINDS = (
    plain, no_graph, code, gaps, stuck, cleaned, other_unit, copies, empty_graph, short, some_sensors_of_a_long_table,
    half_hours_of_counts, groups,
)  # fmt: skip


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_all_say_the_same(make, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    flags, expected = make(tmp_path)
    flags = {"data.readings": str(tmp_path / "speed.csv"), **flags}
    spec = resolve_spec(
        spec_file=None, study=None, studies_folder=Path("studies"), flags=flags, settings=[], environment={}
    )
    checked = check_data(spec, tmp_path).findings
    assert expected <= {finding.code for finding in checked}, checked

    def stop(*_, **__):
        raise FarEnough

    told = []
    monkeypatch.setattr(search_run, "open_studies", stop)
    with pytest.raises(FarEnough):
        run_search(spec, StudyFolder(tmp_path / "studies" / "x"), on_findings=told.append)
    assert told == [checked]
    assert stage_times(spec, measure=False, cluster=False, say=print).findings == checked

    monkeypatch.setattr("gman_search.tf_logging.start_tensorflow_quietly", stop)
    capsys.readouterr()
    (tmp_path / "mine.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in flags.items()))
    with pytest.raises(FarEnough):
        train(spec=tmp_path / "mine.toml", studies=Path("studies"), **dict.fromkeys(("init_from", "config", "settings", "study", "max_epochs", "storage")))  # fmt: skip
    lines = [
        f"warning: {finding.text}" if finding.severity == "warning" else f"note: {finding.message}"
        for finding in checked
    ]
    assert capsys.readouterr().err.splitlines() == lines


def test_documents_of_the_commands_agree(command_line, tmp_path):
    stuck(tmp_path)
    check = json.loads(command_line("data", "check", "speed.csv", "--json", cwd=tmp_path).stdout)
    process = command_line("run", "--data", "speed.csv", "--dry-run", "--json", cwd=tmp_path)
    assert json.loads(process.stdout)["findings"] == check["findings"]
    assert check["findings"][0].keys() == {"code", "severity", "message", "advice"}
    assert check["left_out"] == [
        {"sensor": "s2", "from": "2025-03-16 16:45", "to": "2025-03-16 23:45", "rule": "stuck", "readings": 29}
    ]
    shown = command_line("run", "--data", "speed.csv", "--dry-run", cwd=tmp_path)
    assert "warning: no graph: the model does not know which sensors are near; give a graph" in shown.stdout
    text = command_line("data", "check", "speed.csv", cwd=tmp_path).stdout
    assert "data.clean = true would leave out 29 readings of 1 sensor (29 stuck)" in text
    assert "  s2: 2025-03-16 16:45 to 2025-03-16 23:45, stuck" in text and "[no-graph]" in text
    clean = command_line("data", "check", "speed.csv", "--set", "data.clean=true", cwd=tmp_path).stdout
    assert "data.clean leaves out 29 readings" in clean and "[stuck-sensors]" not in clean
