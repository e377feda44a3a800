"""A tiny network on disk, and the command line as a process would see it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

TINY = [
    "--set", "data.history=4", "--set", "data.horizon=4",
    "--set", "stages.quick.L=1", "--set", "stages.quick.K=2", "--set", "stages.quick.d=3",
    "--set", "stages.quick.max_epochs=2", "--set", "stages.quick.steps_per_epoch=3",
    "--set", "stages.medium.L=1", "--set", "stages.medium.K=3", "--set", "stages.medium.d=4",
    "--set", "stages.medium.max_epochs=2", "--set", "stages.medium.steps_per_epoch=3",
    "--set", "stages.full.L=2", "--set", "stages.full.K=3", "--set", "stages.full.d=5",
    "--set", "stages.full.max_epochs=2", "--set", "stages.full.steps_per_epoch=3",
    "--set", "halving.reduction_factor=2", "--workers", "1",
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
def network(made_once) -> Path:
    """Folder with speed.csv and graph.csv: four sensors, hourly, two weeks. To be read only."""
    return made_once("network", write_network)


@pytest.fixture(scope="session")
def new_process():
    """new_process(*arguments, cwd=..., VARIABLE=...) -> finished process: for what starts workers."""

    def call(*arguments: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GMAN_SEARCH_")}
        return subprocess.run(
            [sys.executable, "-m", "gman_search", *map(str, arguments)],
            cwd=cwd, env={**environment, **variables}, capture_output=True, text=True, timeout=1500, check=False,
        )  # fmt: skip

    return call


@pytest.fixture(scope="session")
def tiny() -> list[str]:
    """Flags that make every stage take a second."""
    return TINY


@pytest.fixture(scope="session")
def finished(tmp_path_factory, made_once, network, new_process):
    """A finished tiny study: (working folder, the run's process). One search for all processes, a copy for each."""

    def search(folder: Path) -> None:
        run = new_process(
            "run", "--data", network / "speed.csv", "--adjacency", network / "graph.csv", "--study", "tiny",
            "--trials", "4", "--json", *TINY, cwd=folder,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        (folder / "run.json").write_text(json.dumps({"stdout": run.stdout, "stderr": run.stderr}))

    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(made_once("finished-search", search), folder, dirs_exist_ok=True)
    run = json.loads((folder / "run.json").read_text())
    (folder / "run.json").unlink()
    return folder, SimpleNamespace(returncode=0, **run)
