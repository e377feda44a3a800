"""Time and memory of one training step (forward, backward, Adam, BN statistics), case by case.

    python benchmarks/step.py [--case N20-quick] [--steps 15] [--json] [--keep]

Each case runs in a process of its own, so that its peak memory is its own. Readings are random: a step's cost does not
depend on them. `later_trial_first_step_s` is a fresh start of weights and optimizer on the same trace plus its first
step. `--keep` writes the result with date and machine to benchmarks/results/step.json.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

CASES = {
    "N20-quick": (20, (2, 4, 4), 32),
    "N20-medium": (20, (3, 6, 6), 24),
    "N20-full": (20, (5, 8, 8), 12),
    "N207-quick": (207, (2, 4, 4), 32),
    "N207-full": (207, (5, 8, 8), 12),
}
RESULTS = Path(__file__).parent / "results" / "step.json"


def measure(case: str, steps: int) -> dict[str, float | str]:
    """Time one case in this process."""
    import numpy as np

    from gman_search.data.series import TrafficSeries
    from gman_search.data.task import make_task
    from gman_search.spec import DataSpec
    from gman_search.training.step import CompiledModel, StepValues

    sensors, shape, batch = CASES[case]
    random = np.random.default_rng(0)
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(2016) * 5
    values = random.uniform(20, 65, (len(times), sensors)).astype(np.float32)
    series = TrafficSeries(values, times, tuple(map(str, range(sensors))), 5)
    task = make_task(DataSpec(), series, random.normal(size=(sensors, 64)))

    def one_step(model: CompiledModel, step: int) -> float:
        began = time.perf_counter()
        starts = random.choice(task.starts["train"], batch)
        error, _ = model.train_step(starts, StepValues(1e-3, 0.0, 0.0, 0.1, 0.9, True, step, 1))
        float(error)
        return time.perf_counter() - began

    began = time.perf_counter()
    model = CompiledModel(task, shape)
    model.state.load_weights(model.fresh_weights(0))
    one_step(model, 0)
    first = time.perf_counter() - began
    durations = [one_step(model, step) for step in range(1, steps + 1)]
    began = time.perf_counter()
    model.state.load_weights(model.fresh_weights(1))
    one_step(model, 0)
    later = time.perf_counter() - began
    return {
        "case": case,
        "ms": round(statistics.median(durations) * 1000, 1),
        "min_ms": round(min(durations) * 1000, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "first_step_s": round(first, 2),
        "later_trial_first_step_s": round(later, 3),
    }


def main() -> None:
    """Run the cases, each in its own process, and print or keep what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(measure(chosen.case[0], chosen.steps)))
        return
    rows = []
    for case in chosen.case or CASES:
        command = [sys.executable, __file__, "--here", "--case", case, "--steps", str(chosen.steps)]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        rows.append(json.loads(told.stdout))
        if not chosen.json:
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    document = {"schema": "gman-search/step/1", "date": str(date.today()), "machine": machine, "cases": rows}
    if chosen.json:
        print(json.dumps(document, indent=2))
    if chosen.keep:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps({"command": " ".join(sys.argv), **document}, indent=2) + "\n")


if __name__ == "__main__":
    main()
