"""Errors of the baselines on four networks, and what fitting and forecasting them takes of one core.

python benchmarks/baselines.py [--network demo] [--data DIR]: MAE at 15, 30 and 60 minutes and the mean of all steps, on
the validation and the test part; kept as results/baselines.json. Times are seconds of the processor, which other
programs on the machine hardly change.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from results_io import described, keep

from gman_search.baselines.registry import baselines
from gman_search.data.task import load_task
from gman_search.data.window_set import WindowSet
from gman_search.data_spec import DataSpec
from gman_search.metrics import mean_of_steps, scores_by_step
from gman_search.record import Scores

NETWORKS = {
    "demo": DataSpec(train_share=0.6),
    "week20": DataSpec(
        readings="metr-la-week/los_speed.csv",
        adjacency="metr-la-week/los_adj.csv",
        start="2012-03-01",
        step="5min",
        sensors=20,
    ),
    "us101": DataSpec(
        readings="pems-us101-flow/flow.csv.gz", adjacency="pems-us101-flow/distances.csv", unit="vehicles"
    ),
    "orange": DataSpec(readings="pems-orange/speed.csv.gz", adjacency="pems-orange/distances.csv"),
    "orange-holidays": DataSpec(
        readings="pems-orange/speed.csv.gz", adjacency="pems-orange/distances.csv", holidays="US-CA"
    ),
}
STEPS = (3, 6, 12)


def errors(steps: dict[int, Scores]) -> dict[str, float]:
    """MAE at the shown steps, and the mean of all."""
    return {**{str(step): round(steps[step].mae, 3) for step in STEPS}, "mean": round(mean_of_steps(steps).mae, 3)}


def one_window_ms(forecast: Any, windows: WindowSet) -> float:
    """Median milliseconds of a forecast from one window."""
    taken = []
    for index in range(10):
        began = time.process_time()
        forecast(windows.take(slice(index, index + 1)))
        taken.append(1000 * (time.process_time() - began))
    return round(float(np.median(taken)), 2)


def rows(network: str, base: Path) -> Iterator[dict[str, Any]]:
    """One row for each baseline."""
    task = load_task(NETWORKS[network], base)
    for name, kind in baselines().items():
        baseline = kind()
        began = time.process_time()
        baseline.fit(task, threads=1, seed=0)
        seconds = time.process_time() - began
        row: dict[str, Any] = {"network": network, "name": name}
        for part in ("val", "test"):
            windows = task.windows(part)
            row[part] = errors(scores_by_step(windows.targets, baseline.forecast(windows)))
        yield {**row, "fit_seconds": round(seconds, 2), "forecast_ms": one_window_ms(baseline.forecast, windows)}


def main() -> None:
    """Measure, print a line for each row, and keep them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, action="append", help="default: all")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the real networks")
    chosen = parser.parse_args()
    found = []
    for network in chosen.network or NETWORKS:
        for row in rows(network, chosen.data):
            found.append(row)
            errors_shown = (" / ".join(f"{value:6.2f}" for value in row[part].values()) for part in ("val", "test"))
            print(f"{network:16}{row['name']:20}{'   test '.join(errors_shown)}   {row['fit_seconds']} s", flush=True)
        if not chosen.network:
            keep("baselines", described("baselines", rows=found))


if __name__ == "__main__":
    main()
