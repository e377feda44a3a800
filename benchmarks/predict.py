"""How long forecasts take: one `gman-search predict` from a fresh process, and a call of the Python API when warm.

    python benchmarks/predict.py [--stage full] [--runs 3] [--calls 100] [--json] [--keep]

The model is an untrained one of the stage's size on the bundled demo network: time does not depend on the weights. The
readings are the network's last 12 rows. Goals: 15 s from a fresh process, 50 ms a warm call.
"""

import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path
from typing import Any

from kept import described, keep

GOALS = {"fresh_process_s": 15, "warm_call_ms": 50}


def saved_model(stage: str, folder: Path) -> None:
    """Leave an untrained model of the demo network in `folder`."""
    from gman_search.config import at_stage
    from gman_search.data.task import load_task
    from gman_search.space import SearchSpace
    from gman_search.spec import DataSpec
    from gman_search.stages import PRESETS
    from gman_search.training.checkpoints import write_arrays
    from gman_search.training.step import CompiledModel
    from gman_search.training.winner import complete_run

    task = load_task(DataSpec(validation_stride=1), Path())
    settings = at_stage(SearchSpace().preset(), PRESETS[stage])
    model = CompiledModel(task, settings.shape)
    description = {"shape": settings.shape, "hyperparameters": settings.to_dict(), "best_val": 0.0, "seed": 0}
    write_arrays(folder / "weights.npz", model.fresh_weights(0), description)
    complete_run(task, folder, model, DataSpec())


def last_rows(target: Path, rows: int = 12) -> None:
    """Write the last rows of the demo network as CSV."""
    packed = (resources.files("gman_search.data") / "demo" / "speed.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()
    target.write_text("\n".join([lines[0], *lines[-rows:]]) + "\n")


def measure(stage: str, runs: int, calls: int) -> dict[str, Any]:
    """Seconds and milliseconds for a model of one stage."""
    from gman_search import Forecaster
    from gman_search.data.read import read_series

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        saved_model(stage, folder)
        last_rows(folder / "recent.csv")
        command = [sys.executable, "-m", "gman_search", "predict", str(folder), str(folder / "recent.csv")]
        fresh, processor = [], []
        for _ in range(runs):
            began, used = time.perf_counter(), processor_seconds()
            subprocess.run([*command, "--interval", "90"], capture_output=True, check=True)
            fresh.append(time.perf_counter() - began)
            processor.append(processor_seconds() - used)
        model = Forecaster(folder)
        recent = read_series(folder / "recent.csv")
        model.forecast(recent, interval=90)
        warm, from_file = [], []
        for _ in range(calls):
            began = time.perf_counter()
            model.forecast(recent, interval=90)
            middle = time.perf_counter()
            model.forecast(folder / "recent.csv", interval=90).frame()
            warm.append(middle - began)
            from_file.append(time.perf_counter() - middle)
    return {
        "stage": stage,
        "sensors": len(model.sensors),
        "fresh_process_s": {"median": round(statistics.median(fresh), 2), "worst": round(max(fresh), 2)},
        "fresh_process_cpu_s": round(statistics.median(processor), 2),
        "load": [round(load, 1) for load in os.getloadavg()],
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
    parser.add_argument("--stage", choices=["quick", "medium", "full"], action="append")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    rows = [measure(stage, chosen.runs, chosen.calls) for stage in chosen.stage or ["quick", "full"]]
    document = described("predict-benchmark", goals=GOALS, stages=rows)
    print(json.dumps(document if chosen.json else rows, indent=2))
    if chosen.keep:
        keep("predict", document)


if __name__ == "__main__":
    main()
