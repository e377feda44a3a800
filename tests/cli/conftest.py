"""A tiny network on disk, and the command line as a process would see it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

TINY = [
    "--set", "data.history=4", "--set", "data.horizon=4",
    "--set", "stages.quick.max_epochs=2", "--set", "stages.quick.steps_per_epoch=3",
    "--set", "stages.medium.L=2", "--set", "stages.medium.K=4", "--set", "stages.medium.d=5",
    "--set", "stages.medium.max_epochs=2", "--set", "stages.medium.steps_per_epoch=3",
    "--set", "stages.full.L=3", "--set", "stages.full.K=5", "--set", "stages.full.d=5",
    "--set", "stages.full.max_epochs=2", "--set", "stages.full.steps_per_epoch=3",
    "--set", "halving.eta=2", "--workers", "1",
]  # fmt: skip


def write_network(folder: Path, *, rows: int = 24 * 14, sensors: int = 4) -> Path:
    random = np.random.default_rng(0)
    hours = np.arange(rows)
    wave = 50 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + random.normal(0, 2, (rows, sensors))
    table = pd.DataFrame(wave.round(1), columns=[f"s{i}" for i in range(sensors)])
    table.insert(0, "time", pd.date_range("2025-03-03", periods=rows, freq="h"))
    table.to_csv(folder / "speed.csv", index=False)
    links = "from,to,cost\n" + "".join(f"s{i},s{i + 1},{900 + i}\n" for i in range(sensors - 1))
    (folder / "graph.csv").write_text(links)
    return folder


@pytest.fixture(scope="session")
def network(tmp_path_factory) -> Path:
    """Folder with speed.csv and graph.csv: four sensors, hourly, two weeks."""
    return write_network(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="session")
def command_line():
    """command_line(*arguments, cwd=..., env=...) -> finished process."""

    def call(*arguments: object, cwd: Path, timeout: float = 300, **variables: str) -> subprocess.CompletedProcess:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GMAN_SEARCH_")}
        return subprocess.run(
            [sys.executable, "-m", "gman_search", *map(str, arguments)],
            cwd=cwd, env={**environment, **variables}, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    return call


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """Flags that make every stage take a second."""
    return TINY


@pytest.fixture(scope="session")
def finished(tmp_path_factory, network, command_line):
    """A finished tiny study: (working folder, the run's process)."""
    folder = tmp_path_factory.mktemp("finished")
    run = command_line(
        "run", "--data", network / "speed.csv", "--adjacency", network / "graph.csv", "--study", "tiny",
        "--trials", "4", "--json", *TINY, cwd=folder,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return folder, run
