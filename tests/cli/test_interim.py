"""A search that is killed leaves a forecast; one that ends takes it away again."""

import os
import signal
import subprocess
import sys
import time

import pytest

from gman_search.data.task import load_task
from gman_search.halving import interim as halving_interim
from gman_search.halving.members import ensemble_evaluations
from gman_search.tuning import interim
from gman_search.tuning.factory import open_studies
from gman_search.tuning.folder import StudyFolder
from gman_search.tuning.interim import NEW_AT_ONCE, InterimDelivery
from gman_search.tuning.kept_baselines import fitted_baselines
from gman_search.tuning.study_loader import stored_spec

from .conftest import TINY


@pytest.fixture(scope="module")
def killed(tmp_path_factory, network):
    """A study whose `run` and workers were killed as soon as there was a first delivery."""
    folder = tmp_path_factory.mktemp("killed")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GMAN_SEARCH_")}
    words = ["run", "--data", network / "speed.csv", "--adjacency", network / "graph.csv", "--study", "tiny"]
    few = ["--set", "search.reference=false", "--set", "search.finals=1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gman_search", *map(str, words), "--trials", "4", "--quiet", *TINY, *few],
        cwd=folder, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(600):
            if (folder / "studies" / "tiny" / "interim" / "ensemble.json").is_file() or process.poll() is not None:
                break
            time.sleep(0.2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return folder


@pytest.mark.slow
def test_a_killed_search_forecasts_and_one_that_ended_is_tested(killed, network, command_line, new_process):
    assert not (killed / "studies" / "tiny" / "winner").exists()
    forecast = command_line("predict", "tiny", network / "speed.csv", cwd=killed)
    assert forecast.returncode == 0 and forecast.stdout.startswith("time,s0,s1")
    assert "the search of tiny has not ended; forecasts are made by" in forecast.stderr
    tested = command_line("evaluate", "tiny", cwd=killed)
    assert tested.returncode == 4 and "its test part is opened once, at the end" in tested.stderr
    validated = command_line("evaluate", "tiny", "--split", "val", "--json", cwd=killed)
    assert validated.returncode == 0, validated.stderr
    ended = new_process("run", "--study", "tiny", "--quiet", cwd=killed)
    assert ended.returncode == 0, ended.stderr
    assert not (killed / "studies" / "tiny" / "interim").exists()
    after = command_line("predict", "tiny", network / "speed.csv", cwd=killed)
    assert after.returncode == 0 and "has not ended" not in after.stderr
    looks = (killed / "studies" / "tiny" / "winner" / "tested.json").read_text()
    assert looks.count('"role": "winner"') == 1


@pytest.mark.slow
def test_trained_models_forecast_in_the_process_of_deliveries(finished, monkeypatch):
    """What the process does at each look, with a real study: its weights, forecast in numpy."""
    folder, _ = finished
    monkeypatch.chdir(folder)
    place = StudyFolder(folder / "studies" / "tiny")
    spec = stored_spec(place)
    task = load_task(spec.data, folder)
    studies = open_studies(place.storage_url, spec, task, joins=True)
    fitted = fitted_baselines(task, place.baselines, seed=spec.seed, say=print)
    delivery = InterimDelivery(task, spec.data, place, None)
    assert delivery.delivered is not None
    # What was chosen among some of them may look better than what was chosen among all: here nothing shall.
    monkeypatch.setattr(interim, "is_better", lambda found, delivered: False)
    monkeypatch.setattr(halving_interim, "PROMISING", 1e6)
    rows = studies.evaluations()
    evaluations = {row.key for row in ensemble_evaluations(rows, studies.schedule)}
    looks = -(-len(evaluations) // NEW_AT_ONCE)
    assert looks > 1 and not any(delivery.look(rows, studies.schedule, fitted) for _ in range(looks))
    forecast = {name.partition(" evaluations/")[0].strip() for name in delivery._forecasts}
    assert forecast == {*evaluations, *fitted}, "all, after as many looks as they need"
    assert not place.interim.exists(), "no better than what was tested"
