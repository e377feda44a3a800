"""How long forecasts take: one `gman-search predict` from a fresh process, and a call of the Python API when warm.

    python benchmarks/predict.py [--network demo] [--network 207] [--runs 5] [--calls 20] [--json] [--keep]

Time does not depend on what the weights are: the models are untrained ones of the stages' sizes, on the bundled demo
network and on 207 simulated sensors. `ensemble` is what a search delivers: a GMAN of every stage, boosted trees, linear
regression, historical average and persistence. Each is timed as it is (the GMANs in numpy) and with all GMANs in
TensorFlow, in turn. The readings are the network's last 12 rows. Goals: from a fresh process 2 s on the demo and 3 s
with 207 sensors.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results_io import described, keep

if TYPE_CHECKING:
    from gman_search.data.task import ForecastDataset

GOALS = {"fresh_process_s": {"demo": 2, "207": 3}}
STAGES = ("quick", "medium", "full")
MODELS = ("quick", "full", "ensemble")
SENSORS, DAYS, STEPS_A_DAY = 207, 3, 288
# What `predict` does where TensorFlow pays, asked for where it does not.
IN_TENSORFLOW = """
from functools import partialmethod
from gman_search.cli.main import main
from gman_search.cli.run_locator import SavedRun
SavedRun.forecaster = partialmethod(SavedRun.forecaster, backend="tensorflow")
main()
"""


def network_task(network: str) -> "ForecastDataset":
    """The demo, or 207 simulated sensors for a few days: trees grow to their full size on them."""
    import numpy as np

    from gman_search.data.series import TrafficSeries
    from gman_search.data.task import load_task, make_task
    from gman_search.data_spec import DataSpec

    if network == "demo":
        return load_task(DataSpec(validation_stride=1), Path())
    random, rows = np.random.default_rng(0), np.arange(DAYS * STEPS_A_DAY)
    wave = 55 + 8 * np.sin(rows / STEPS_A_DAY * 2 * np.pi)[:, np.newaxis]
    values = (wave + random.normal(0, 3, (len(rows), SENSORS))).clip(5).round(1).astype(np.float32)
    times = np.datetime64("2025-03-03T00:00", "m") + rows * 5
    series = TrafficSeries(values, times, tuple(f"s{number}" for number in range(SENSORS)), 5)
    return make_task(DataSpec(validation_stride=1), series, random.normal(size=(SENSORS, 64)))


def save_model(task: "ForecastDataset", stage: str, folder: Path) -> None:
    """Leave an untrained model of a stage's size in `folder`."""
    from gman_search.config import at_stage
    from gman_search.data_spec import DataSpec
    from gman_search.io.arrays import write_arrays
    from gman_search.space import SearchSpace
    from gman_search.stages import PRESETS
    from gman_search.training.finalize import complete_run
    from gman_search.training.step import CompiledModel

    settings = at_stage(SearchSpace().preset(), PRESETS[stage])
    model = CompiledModel(task, settings.shape, shortcuts=True)
    description = {
        "shape": settings.shape,
        "hyperparameters": {**settings.to_dict(), "shortcuts": True},
        "best_val": 0.0,
        "seed": 0,
    }
    write_arrays(folder / "weights.npz", model.fresh_weights(0), description)
    complete_run(task, folder, model, DataSpec())


def save_ensemble(task: "ForecastDataset", models: Path, folder: Path) -> None:
    """Leave an ensemble of the models in `models` and of all baselines in `folder`, with equal weights."""
    import shutil

    from gman_search.baselines.registry import baselines
    from gman_search.data_spec import DataSpec
    from gman_search.ensemble.store import EnsembleConfig, SavedEnsemble, SavedMember, member_folder, write_ensemble
    from gman_search.forecasting.model_io import data_facts, read_saved_model

    names = [*(f"{stage}/0" for stage in STAGES), *baselines()]
    for number, name in enumerate(names):
        if "/" in name:
            shutil.copytree(models / name.partition("/")[0], member_folder(folder, number))
            continue
        baseline = baselines()[name]()
        baseline.fit(task, threads=os.cpu_count() or 1)
        baseline.save(member_folder(folder, number))
    shares = (1.0 / len(names),) * task.Q
    members = tuple(
        SavedMember(name=name, kind="evaluation" if "/" in name else "baseline", weights=shares) for name in names
    )
    facts = data_facts(task, DataSpec())
    config = EnsembleConfig(**facts, members=members, val_mae=0.0, check={"used": True}, forecast_ms=0.0)
    intervals = read_saved_model(models / "full").intervals
    write_ensemble(SavedEnsemble(folder, config, intervals, task.usual.table))


def last_rows(task: "ForecastDataset", target: Path, rows: int = 12) -> None:
    """Write the last rows of the network as CSV."""
    import pandas as pd

    series = task.series
    frame = pd.DataFrame(
        series.values[-rows:], columns=list(series.sensors), index=pd.DatetimeIndex(series.times[-rows:])
    )
    frame.rename_axis("time").to_csv(target)


def prepare(network: str, studies: Path) -> None:
    """Studies `quick`, `full` and `ensemble` with their winners in `studies`, and `recent.csv`."""
    import shutil

    from gman_search.spec import StudySpec

    task, models = network_task(network), studies / "models"
    for stage in STAGES:
        save_model(task, stage, models / stage)
    for name in MODELS:
        shutil.copytree(models / ("full" if name == "ensemble" else name), studies / name / "winner")
        (studies / name / "spec.json").write_text(StudySpec(name=name).model_dump_json(), encoding="utf-8")
    save_ensemble(task, models, studies / "ensemble" / "ensemble")
    last_rows(task, studies / "recent.csv")


def measure(network: str, runs: int, calls: int) -> list[dict[str, Any]]:
    """Rows of one network."""
    with tempfile.TemporaryDirectory() as name:
        studies = Path(name)
        # In a process of its own: this one stays without TensorFlow until the fresh ones have been timed.
        subprocess.run([sys.executable, __file__, "--prepare", name, "--network", network], check=True)
        fresh = [fresh_processes(studies, model, runs) for model in MODELS]
        return [
            {"network": network, "model": model, **times, **warm_calls(studies, model, calls)}
            for model, times in zip(MODELS, fresh, strict=True)
        ]


def fresh_processes(studies: Path, model: str, runs: int) -> dict[str, Any]:
    """Seconds of `runs` processes in numpy and in TensorFlow, in turn, after one that nobody times."""
    arguments = ["predict", model, str(studies / "recent.csv"), "--studies", str(studies), "--interval", "90"]
    ways = {"": ["-m", "gman_search"], "_tensorflow": ["-c", IN_TENSORFLOW]}
    wall: dict[str, list[float]] = {way: [] for way in ways}
    processor: dict[str, list[float]] = {way: [] for way in ways}
    for run in range(runs + 1):
        for way, how in ways.items():
            began, used = time.perf_counter(), processor_seconds()
            subprocess.run([sys.executable, *how, *arguments], capture_output=True, check=True)
            if run:
                wall[way].append(time.perf_counter() - began)
                processor[way].append(processor_seconds() - used)
    told: dict[str, Any] = {}
    for way, times in wall.items():
        told[f"fresh_process{way}_s"] = {"median": round(statistics.median(times), 2), "worst": round(max(times), 2)}
        told[f"fresh_process{way}_cpu_s"] = round(statistics.median(processor[way]), 2)
    return {**told, "runs": runs, "load": [round(load, 1) for load in os.getloadavg()]}


def warm_calls(studies: Path, model: str, calls: int) -> dict[str, Any]:
    """Milliseconds of a call of the Python API, of what `load_forecaster` gives."""
    from gman_search import load_forecaster
    from gman_search.data.read import read_series

    forecaster = load_forecaster(studies / model)
    recent = read_series(studies / "recent.csv")
    forecaster.forecast(recent, interval=90)
    warm, from_file = [], []
    for _ in range(calls):
        began = time.perf_counter()
        forecaster.forecast(recent, interval=90)
        middle = time.perf_counter()
        forecaster.forecast(studies / "recent.csv", interval=90).frame()
        warm.append(middle - began)
        from_file.append(time.perf_counter() - middle)
    return {
        "sensors": len(forecaster.sensors),
        "warm_call_ms": quantiles(warm),
        "warm_call_from_csv_to_table_ms": quantiles(from_file),
    }


def processor_seconds() -> float:
    """Of the processes that have ended so far: other work on the machine does not lengthen it much."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20)
    return {"median": round(1000 * statistics.median(seconds), 1), "p95": round(1000 * cuts[-1], 1)}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=["demo", "207"], action="append")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    networks = chosen.network or ["demo", "207"]
    if chosen.prepare:
        os.nice(10)
        prepare(networks[0], chosen.prepare)
        return
    # As the command does; see gman_search.cli.run_locator.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    rows = [row for network in networks for row in measure(network, chosen.runs, chosen.calls)]
    document = described("predict-benchmark", goals=GOALS, rows=rows)
    print(json.dumps(document if chosen.json else rows, indent=2))
    if chosen.keep:
        keep("predict", document)


if __name__ == "__main__":
    main()
