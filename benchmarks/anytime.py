"""The test error of what is delivered, against wall time: a search, and what a careful user does without one.

    python benchmarks/anytime.py --network demo|week20|week207|us101|orange [--minutes 30] [--seeds 1] [--json]
    python benchmarks/anytime.py --summary [--json]

One after the other, each with all cores:
`product`, `gman-search run --hours`: each ensemble that it delivers on its way is copied, and scored when it has ended;
`careful`, the reference config trained alone, then again with other seeds, as the mean of what has finished;
`trees`, LightGBM by the plain recipe of `rivals_trees.py`.
A course is a list of [seconds since the start, MAE on the test part as the mean of all steps]. Nothing is chosen by it.
Kept in results/anytime.jsonl, one line for each network, time, seed and name.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from markdown_tables import markdown_table
from results_io import RESULTS, described, keep_lines, kept_lines
from rivals_networks import NAMES, Network, named_network
from rivals_product import COMMAND, environment
from rivals_reference import SETTINGS
from rivals_trees import plain_trees

from gman_search.data.task import ForecastDataset
from gman_search.metrics import mean_of_steps, scores_by_step

FILE = RESULTS / "anytime.jsonl"
KEY = ("network", "minutes", "seed", "name")
NAMED = ("product", "careful", "trees")
DATA = Path(__file__).parents[2] / "shared" / "data"
AT = (1, 2, 5, 10, 15, 20, 25, 30, 45, 60)  # minutes in the table
Course = list[tuple[float, float]]


def product(network: Network, minutes: float, seed: int, folder: Path) -> Course:
    """Deliveries of a search, by the time at which each could be used."""
    (folder / "study.toml").write_text(network.study("anytime", seed), encoding="utf-8")
    words = ["run", "--spec", "study.toml", "--hours", f"{minutes / 60:.6g}", "--trials", "fit", "--quiet"]
    study, copies, began = folder / "studies" / "anytime", [], time.monotonic()
    with (folder / "run.log").open("wb") as log:
        process = subprocess.Popen([*COMMAND, *words], cwd=folder, env=environment(), stdout=log, stderr=log)
        while process.poll() is None:
            copies += _copied(study / "interim", folder, len(copies), began)
            time.sleep(0.5)
    if process.returncode:
        raise SystemExit(f"the search ended with {process.returncode}: see {folder}/run.log")
    ended = time.monotonic() - began
    return _scored([*copies, (ended, study / "ensemble")], network.task())


def _copied(source: Path, folder: Path, number: int, began: float) -> list[tuple[float, Path]]:
    """The delivery in `source`, if it is another one than the last copy."""
    file, target = source / "ensemble.json", folder / f"delivered-{number}"
    last = folder / f"delivered-{number - 1}" / "ensemble.json"
    try:
        if not file.is_file() or (last.is_file() and last.read_bytes() == file.read_bytes()):
            return []
        shutil.copytree(source, target)
    except OSError:  # it was being replaced
        shutil.rmtree(target, ignore_errors=True)
        return []
    return [(time.monotonic() - began, target)]


def _scored(deliveries: list[tuple[float, Path]], task: ForecastDataset) -> Course:
    from gman_search.ensemble.forecaster import EnsembleForecaster

    truth, course = task.windows("test").targets, []
    for seconds, folder in deliveries:
        model = EnsembleForecaster(folder)
        forecast = model.windows(model.known(task.series), task.starts["test"])
        course.append((round(seconds, 1), _error(truth, forecast)))
    return course


def _error(truth: np.ndarray, forecast: np.ndarray) -> float:
    return round(mean_of_steps(scores_by_step(truth, forecast)).mae, 4)


def careful(network: Network, minutes: float, seed: int, folder: Path) -> Course:
    """The reference config again and again with other seeds; the mean of the forecasts of all that have finished.

    What is under way when the time is up counts with the weights of its best epoch.
    """
    from gman_search.cli.run_locator import find_run

    task, began, total, course = network.task(), time.monotonic(), None, []
    truth, number = task.windows("test").targets, 0
    while (left := 60 * minutes - (time.monotonic() - began)) > 5:
        name = f"seed{number}"
        (folder / f"{name}.toml").write_text(network.study(name, seed + 1000 * number), encoding="utf-8")
        words = ["train", "--spec", f"{name}.toml", "--stage", "quick", *SETTINGS, "--json"]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [*COMMAND, *words], cwd=folder, env=environment(), capture_output=True, check=True, timeout=left
            )
        seconds, run = time.monotonic() - began, folder / "studies" / name / "runs" / "quick"
        if not (run / "weights.npz").is_file():
            break
        model = find_run(str(run), folder / "studies").forecaster()
        forecast = model.windows(model.known(task.series), task.starts["test"])
        number += 1
        total = forecast if total is None else total + forecast
        course.append((round(min(seconds, 60 * minutes), 1), _error(truth, total / number)))
        began += time.monotonic() - began - seconds  # scoring is not the user's time
    return course


def trees(network: Network, minutes: float, seed: int, folder: Path) -> Course:
    """One training; it is done when it is done."""
    part = plain_trees(network.task(), seed, validation_stride=1)
    return [(round(part.seconds, 1), part.rows[0]["test"]["mean"])]


def at(course: Course, seconds: float) -> float | None:
    """The error of what is there after so many seconds; None: nothing."""
    return next((error for when, error in reversed(course) if when <= seconds), None)


def table(rows: list[dict[str, Any]]) -> str:
    """One row a contender, one column a minute, in Markdown."""
    most = max((row["minutes"] for row in rows), default=0)
    shown = [minute for minute in AT if minute <= most]
    body = [
        [row["network"], f"{row['minutes']:g}", row["seed"], row["name"]]
        + ["-" if (error := at(row["course"], 60 * minute)) is None else f"{error:.3f}" for minute in shown]
        for row in sorted(rows, key=lambda row: [str(row[name]) for name in KEY])
    ]
    return markdown_table(["network", "minutes", "seed", "forecast", *(f"{minute} min" for minute in shown)], body)


def main() -> None:
    """Measure, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NAMES, default="demo")
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA") or DATA)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", choices=NAMED, action="append")
    for name in ("json", "summary", "no-keep"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    if not chosen.summary:
        network = named_network(chosen.network, Path(chosen.data))
        makers: dict[str, Callable[..., Course]] = {"product": product, "careful": careful, "trees": trees}
        for seed in range(chosen.seeds):
            for name in chosen.only or NAMED:
                with tempfile.TemporaryDirectory() as folder:
                    course = makers[name](network, chosen.minutes, seed, Path(folder))
                one = {"network": network.name, "minutes": chosen.minutes, "seed": seed, "name": name, "course": course}
                print(json.dumps(one), file=sys.stderr, flush=True)
                if not chosen.no_keep:
                    keep_lines(FILE, [described("anytime", **one)], KEY)
    rows = kept_lines(FILE)
    print(json.dumps(described("anytime-summary", runs=rows), indent=2) if chosen.json else table(rows))


if __name__ == "__main__":
    main()
