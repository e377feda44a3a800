"""docs/own-data.md, typed as it stands, with a budget of seconds."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

# `--study mynet` takes its settings from here; what is typed stays as it stands.
BUDGET = """
[halving]
reduction_factor = 2
[search]
workers = 1
finals = 1
""" + "".join(
    f"[stages.{stage}]\nL = {L}\nK = 2\nd = {d}\nmax_epochs = 1\nsteps_per_epoch = 2\n"
    for stage, L, d in (("quick", 1, 2), ("medium", 1, 3), ("full", 2, 3))
)


def watched(command, folder, environment):
    """What a command says that forecasts until Ctrl-C, which comes after its first forecast."""
    target = folder / command[command.index("--output") + 1]
    process = subprocess.Popen(
        [sys.executable, "-m", "gman_search", *command[1:]], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while not target.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and target.exists(), told
    return told


@pytest.mark.slow
def test_the_how_to_works_line_by_line(repository, tmp_path, command_line):
    page = (repository / "docs" / "own-data.md").read_text()
    hours = np.arange(24 * 14)
    wave = 50 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + np.random.default_rng(0).normal(0, 2, (len(hours), 4))
    table = pd.DataFrame(wave.round(1), columns=[f"s{i}" for i in range(4)])
    table.insert(0, "time", pd.date_range("2025-03-03", periods=len(hours), freq="h"))
    table.to_csv(tmp_path / "speed.csv", index=False)
    newer = table.assign(time=table["time"] + pd.Timedelta(days=14))
    newer.to_csv(tmp_path / "newer.csv", index=False)
    assert table.columns.tolist() == re.search(r"```text\n(.*)", page)[1].split(",")
    (tmp_path / "distances.csv").write_text(re.findall(r"```text\n(.*?)```", page, re.S)[1] + "s2,s3,902\n")

    kept = {key: value for key, value in os.environ.items() if not key.startswith("GMAN_SEARCH_")}
    kept["PY"] = sys.executable
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "mynet.toml").write_text(BUDGET)
    told = ""
    for language, block in re.findall(r"```(bash|python)\n(.*?)```", page, re.S):
        if "--watch" in block:
            told += watched(shlex.split(block), tmp_path, kept)
            continue
        lines = block.strip().splitlines()
        if all(line.startswith("gman-search ") for line in lines) and "gman-search run" not in block:
            for line in lines:  # in this process: TensorFlow is started once for all
                here = command_line(*shlex.split(line)[1:], cwd=tmp_path)
                assert here.returncode == 0, f"{line}\n{here.stderr}"
                told += here.stdout + here.stderr
            continue
        command = ["bash", "-euo", "pipefail", "-c", 'gman-search() { "$PY" -m gman_search "$@"; }\n' + block]
        if language == "python":
            command = [sys.executable, "-c", block]
        done = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        told += done.stdout + done.stderr

    forecast = pd.read_csv(tmp_path / "forecast.csv", parse_dates=["time"])
    assert len(forecast) == 12 and forecast["time"].iloc[0] == pd.Timestamp("2025-03-17")
    assert {"s0", "s0_lower", "s0_upper", "s3_upper"} <= set(forecast.columns)
    every = pd.read_csv(tmp_path / "every.csv")
    assert len(every) == (24 * 14 - 11) * 12 * 4
    assert "persistence" in told and "intervals of 90 % held" in told and "(1, 12, 4)" in told
    assert "trained on all readings up to 2025-03-30 23:00; its error is not measured" in told
    assert "as good as tested" in told or "drifted since" in told or "no verdict" in told
