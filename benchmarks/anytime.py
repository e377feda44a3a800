"""The test error of what is delivered, against wall time: a search, and what a careful user does without one.

    python benchmarks/anytime.py --network demo|week20|week207|us101|orange [--minutes 30] [--seeds 1] [--json]
    python benchmarks/anytime.py --summary [--json]

One after the other, each with all cores:
`product`, `gman-search run --hours`: each ensemble that it delivers on its way is copied, and scored when it has ended;
`careful`, the reference config trained alone, then again with other seeds, as the mean of what has finished;
`optuna` and `keras-tuner`, their own searches of the same model class at the quick stage (see `contender.py`), the
best in time by validation error alone; KerasTuner must be importable (see `head_to_head.py`);
`trees`, LightGBM by the plain recipe of `rivals_trees.py`.
Kept in results/anytime.jsonl, one line for each network, time, seed and name (courses: see deliveries.py). The searches
of `rivals.py` keep theirs in its own results, and stand in the summary, too.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import rivals_kept
from deliveries import Course, course_of, error_of, watched
from markdown_tables import markdown_table
from peer_searches import incumbents, their_endings
from results_io import RESULTS, described, keep_lines, kept_lines
from rivals_networks import NAMES, Network, named_network
from rivals_product import COMMAND, environment
from rivals_reference import SETTINGS
from rivals_trees import plain_trees

FILE = RESULTS / "anytime.jsonl"
KEY = ("network", "minutes", "seed", "name")
NAMED = ("product", "careful", "optuna", "keras-tuner", "trees")
BAR = ("network", "minutes", "seeds", "compared_with", "bar", "ratio", "limit", "met")
DATA = Path(__file__).parents[2] / "shared" / "data"
FROM, LATE = 10, 1.0  # minutes: the bars begin there, and the last delivery may come so much after the end
AT = (1, 2, 5, 10, 15, 20, 25, 30, 45, 60)  # minutes in the table


def product(network: Network, minutes: float, seed: int, folder: Path) -> Course:
    """Deliveries of a search, by the time at which each could be used."""
    (folder / "study.toml").write_text(network.study("anytime", seed), encoding="utf-8")
    words = ["run", "--spec", "study.toml", "--hours", f"{minutes / 60:.6g}", "--trials", "fit", "--quiet"]
    search = watched([*COMMAND, *words], folder, folder / "studies" / "anytime", environment())
    return course_of(search.deliveries, network.task())


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
        course.append((round(min(seconds, 60 * minutes), 1), error_of(truth, total / number)))
        began += time.monotonic() - began - seconds  # scoring is not the user's time
    return course


def peer(kind: str, data: Path) -> Callable[..., Course]:
    """Another search of the same model class."""

    def searched(network: Network, minutes: float, seed: int, folder: Path) -> Course:
        endings = their_endings(kind, folder, seed, minutes, "--data", str(data), "--network", network.name)
        return [(row["seconds"], row["test"]) for row in incumbents(endings, network.task())]

    return searched


def trees(network: Network, minutes: float, seed: int, folder: Path) -> Course:
    """One training; it is done when it is done."""
    part = plain_trees(network.task(), seed, validation_stride=1)
    return [(round(part.seconds, 1), part.rows[0]["test"]["mean"])]


def all_kept() -> list[dict[str, Any]]:
    """Kept courses; of the product's those that `rivals.py` saw, where it was not measured here."""
    own = kept_lines(FILE)
    there = {tuple(row[name] for name in KEY) for row in own}
    seen = [
        {**{name: one[name] for name in ("network", "minutes", "seed")}, "name": "product", "course": course}
        for one in rivals_kept.kept()
        if one["job"] == "hours" and (course := one["parts"].get("product", {}).get("course"))
    ]
    return [*own, *(row for row in seen if tuple(row[name] for name in KEY) not in there)]


def at(course: Course, seconds: float) -> float | None:
    """The error of what is there after so many seconds; None: nothing."""
    return next((error for when, error in reversed(course) if when <= seconds), None)


def bars(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The product compared with each other course of the same job, lost ones first; medians over the seeds both have.

    `ratio` is ours over theirs: at the worst minute from FROM on, where 1 % more is the most, and at the end, where 3 %
    less is the least.
    """
    found = []
    for network, minutes, name in sorted({(row["network"], row["minutes"], row["name"]) for row in rows}):
        if name == "product":
            continue
        courses = {
            who: {
                row["seed"]: row["course"]
                for row in rows
                if (row["network"], row["minutes"], row["name"]) == (network, minutes, who)
            }
            for who in ("product", name)
        }
        seeds = sorted(set(courses["product"]) & set(courses[name]))
        if not seeds:
            continue

        def median(who: str, minute: float, seeds: list[int] = seeds, courses: Any = courses) -> float | None:
            errors = [at(courses[who][seed], 60 * minute) for seed in seeds]
            return None if None in errors else statistics.median(errors)

        ratios = []
        for minute in range(FROM, int(minutes) + 1):
            ours, theirs = median("product", minute), median(name, minute)
            if theirs is not None:
                ratios.append((math.inf if ours is None else ours / theirs, minute))
        # What is under way at the end of the hours is delivered a few seconds after it.
        ours, theirs = median("product", minutes + LATE), median(name, minutes + LATE)
        told = {"network": network, "minutes": minutes, "seeds": len(seeds), "compared_with": name}
        if ratios:
            ratio, minute = max(ratios, key=lambda one: one[0])
            bar = f"from {FROM} minutes on, worst at {minute}"
            found.append({**told, "bar": bar, "ratio": round(ratio, 4), "limit": 1.01, "met": ratio <= 1.01})
        if ours is not None and theirs is not None:
            ratio = ours / theirs
            found.append({**told, "bar": "at the end", "ratio": round(ratio, 4), "limit": 0.97, "met": ratio <= 0.97})
    return sorted(found, key=lambda bar: bar["met"])


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
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", choices=NAMED, action="append")
    for name in ("json", "summary", "no-keep"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    if not chosen.summary:
        data = Path(chosen.data).resolve()
        network = named_network(chosen.network, data)
        makers: dict[str, Callable[..., Course]] = {
            "product": product,
            "careful": careful,
            "optuna": peer("optuna", data),
            "keras-tuner": peer("keras-tuner", data),
            "trees": trees,
        }
        for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
            for name in chosen.only or NAMED:
                with tempfile.TemporaryDirectory() as folder:
                    course = makers[name](network, chosen.minutes, seed, Path(folder))
                one = {"network": network.name, "minutes": chosen.minutes, "seed": seed, "name": name, "course": course}
                print(json.dumps(one), file=sys.stderr, flush=True)
                if not chosen.no_keep:
                    keep_lines(FILE, [{**described("anytime"), **one}], KEY)
    rows = all_kept()
    if chosen.json:
        print(json.dumps(described("anytime-summary", runs=rows, bars=bars(rows)), indent=2))
    else:
        print(table(rows), markdown_table(BAR, [[bar[key] for key in BAR] for bar in bars(rows)]), sep="\n\n")


if __name__ == "__main__":
    main()
