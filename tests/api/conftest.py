"""A small network and a study of it that takes seconds, as the examples in the documentation name them."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

STAGES = {"QUICK": (1, 2), "MEDIUM": (1, 3), "FULL": (2, 3)}
BUDGET = {
    **{
        f"GMAN_SEARCH_STAGES__{stage}": f"{{L = {L}, K = 2, d = {d}, max_epochs = 1, steps_per_epoch = 2}}"
        for stage, (L, d) in STAGES.items()
    },
    "GMAN_SEARCH_HALVING__REDUCTION_FACTOR": "2",
    "GMAN_SEARCH_SEARCH__WORKERS": "1",
    "GMAN_SEARCH_SEARCH__FINALS": "1",
    "GMAN_SEARCH_SEARCH__REFERENCE": "false",
}
"""Cuts every study of a process to seconds: examples stay as they stand in the documentation."""


def readings(sensors: int = 4, days: int = 14) -> pd.DataFrame:
    """Hourly speeds of some sensors, with times in the index."""
    hours = np.arange(24 * days)
    noise = np.random.default_rng(0).normal(0, 2, (len(hours), sensors))
    values = (50 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + noise).round(1)
    times = pd.date_range("2025-03-03", periods=len(hours), freq="h", name="time")
    return pd.DataFrame(values, index=times, columns=[f"s{number}" for number in range(sensors)])


def write_files(folder: Path) -> Path:
    """speed.csv and distances.csv, and recent.csv with the last day."""
    table = readings()
    table.to_csv(folder / "speed.csv")
    table.tail(24).to_csv(folder / "recent.csv")
    links = "".join(f"s{number},s{number + 1},{900 + number}\n" for number in range(3))
    (folder / "distances.csv").write_text("from,to,cost\n" + links)
    return folder


def cut_searches(patch: pytest.MonkeyPatch) -> None:
    """Every search takes seconds from here on, and sees no settings of the person who runs the tests."""
    for name in [key for key in os.environ if key.startswith("GMAN_SEARCH_")]:
        patch.delenv(name)
    for name, value in BUDGET.items():
        patch.setenv(name, value)


@pytest.fixture
def cut_budget(monkeypatch):
    """For one test: kept for the whole process it would cut the searches of other files' tests, too."""
    cut_searches(monkeypatch)


@pytest.fixture(scope="session")
def searched(tmp_path_factory, made_once):
    """A folder with the files and the finished study `speed`. One search for all processes, a copy for each."""
    import gman_search

    def search(folder: Path) -> None:
        write_files(folder)
        with pytest.MonkeyPatch.context() as patch:
            cut_searches(patch)
            patch.chdir(folder)
            gman_search.search("speed.csv", graph="distances.csv", trials=4, progress=False)

    folder = tmp_path_factory.mktemp("searched")
    shutil.copytree(made_once("searched-from-python", search), folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def here(searched, cut_budget, monkeypatch):
    """The same, as the working folder."""
    monkeypatch.chdir(searched)
    return searched
