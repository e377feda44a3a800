"""Searches compared over recorded learning curves: what each must spend until it has a model within 1 % of the best.

    python benchmarks/replay.py [--task week] [--seeds 200] [--workers 1 4] [--method NAME] [--limit 80] [--keep]
    python benchmarks/replay.py --summary --json

The table is `curves/curves.parquet` (see `curves.py`), with a model of what lies between the recorded configs
(`replay_surface.py`); the searches are in `replay_methods.py`, candidates for our own rules in `replay_rules.py`, and
searches for which a package has to be installed in `replay_peers.py`. Time is simulated: an epoch's seconds are those
of its stage and batch size (`clock.py`). After every piece of training a search has an incumbent, by its own measure,
the validation MAE; what counts is the incumbent's test MAE, beside the least recorded one. `--keep` writes
results/replay-TASK.json, method by method; `--summary` prints what is kept.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from clock import read_clock
from replay_check import bend_to_recorded, drawn_like_recorded
from replay_fidelity import agreement, ladder_survival, noise
from replay_methods import METHODS, drawn_at_random
from replay_peers import PEERS
from replay_rules import RULES
from replay_surface import KINDS, Curves, Surface, read_curves
from replay_tables import goal, tables
from results_io import RESULTS, described, keep
from surrogate import Course, World, replayed

TABLE = Path(__file__).parent / "curves" / "curves.parquet"
TOLERANCES = (1, 3)
"""Percent above the best known; two seeds of one config differ by more."""
FEWEST_ROUNDS = 3
"""A search is given up when its workers have spent as much as `--limit` cold evaluations at full scale, but none before
the time of so many.
"""
EVERYTHING = {**METHODS, **RULES, **PEERS}
ONE_WORKER = ("KerasTuner Hyperband",)
"""With more, the real one opens its next bracket while it waits, which its schedule here does not."""


def surfaces_of(task: str) -> dict[str, Surface]:
    """The surfaces of a task, by kind."""
    return fitted(read_curves(TABLE, task, read_clock(task)))


def fitted(curves: Mapping[str, Curves]) -> dict[str, Surface]:
    """Surfaces that draw as was recorded of the configs drawn at random, by kind."""
    surfaces = {kind: Surface(rows) for kind, rows in curves.items()}
    bend_to_recorded(surfaces, at_random(curves))
    return surfaces


def at_random(curves: Mapping[str, Curves]) -> dict[str, Curves]:
    """Without the configs that searches went for, which are no sample of the space."""
    return {kind: rows.at_random() for kind, rows in curves.items()}


def best_known(curves: Mapping[str, Curves], kinds: tuple[str, ...]) -> float:
    """The least recorded test MAE, at the epoch of the least validation MAE."""
    return min(float(curves[kind].test_at_best.min()) for kind in kinds)


def course_of(name: str, surfaces: Mapping[str, Surface], workers: int, limit: float, seed: int) -> Course:
    """One search of a method, with a luck of its own."""
    method = EVERYTHING[name](seed, surfaces["full cold"].epochs)
    world = World(surfaces, np.random.default_rng([seed, workers]), grown=getattr(method, "grown", True))
    return replayed(method, world, workers=workers, limit=limit)


def measured(
    name: str,
    surfaces: Mapping[str, Surface],
    bests: Mapping[str, float],
    pool: Executor,
    *,
    seeds: int,
    workers: int,
    full_evaluations: int,
) -> dict[str, Any]:
    """One method's courses summarised; a cost is the seconds of all workers, busy or not."""
    whole = float(surfaces["full cold"].curve(drawn_at_random(1, 0)[0])[2].sum())
    limit = max(full_evaluations / workers, FEWEST_ROUNDS) * whole
    courses = list(pool.map(partial(course_of, name, surfaces, workers, limit), range(seeds), chunksize=5))
    row: dict[str, Any] = {"name": name, "workers": workers, "seeds": seeds, "limit_seconds": round(limit, 1)}
    for label, best in bests.items():
        row[f"best_known_{label}"] = round(best, 4)
        for percent in TOLERANCES:
            costs = [workers * course.until((1 + percent / 100) * best) for course in courses]
            row[f"cost_to_{percent}pct_{label}"] = _quantiles(costs)
            row[f"reached_{percent}pct_{label}"] = round(sum(math.isfinite(cost) for cost in costs) / seeds, 3)
    row["test_mae_at"] = {
        str(budget): _finite(statistics.median(course.at(budget * whole / workers) for course in courses))
        for budget in (2, 5, 10, 20, 40, 80)
    }
    if all(course.one_run for course in courses):
        runs = [course.one_run for course in courses if course.one_run]
        row["one_run"] = {
            "cost": _quantiles([workers * seconds for seconds, _ in runs]),
            "test_mae": round(statistics.mean(test for _, test in runs), 4),
            "standard_error": round(statistics.stdev(test for _, test in runs) / seeds**0.5, 4),
        }
    ends = [course.test[-1] for course in courses if course.test]
    row["test_mae_at_end"] = round(statistics.median(ends), 4) if ends else None
    row["full_started"] = round(statistics.mean(course.started_at_full for course in courses), 1)
    row["full_wasted"] = round(statistics.mean(course.wasted_at_full for course in courses), 1)
    return {**row, "seconds_of_a_full": round(whole, 1)}


def _quantiles(costs: list[float]) -> dict[str, float | None]:
    ordered = sorted(costs)
    low, high = (ordered[round(share * (len(ordered) - 1))] for share in (0.25, 0.75))
    return {"median": _finite(statistics.median(costs)), "low": _finite(low), "high": _finite(high)}


def _finite(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None


def kept_documents() -> list[dict[str, Any]]:
    """The kept result of every task."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(RESULTS.glob("replay-*.json"))]


def summary() -> dict[str, Any]:
    """What the kept results say of the real network, and under `tasks` of every task that is kept."""
    tasks = []
    for document in kept_documents():
        methods = [
            {
                "name": row["name"],
                "cost_to_1pct_median": row["cost_to_1pct_any"]["median"],
                "low": row["cost_to_1pct_any"]["low"],
                "high": row["cost_to_1pct_any"]["high"],
                "seeds": row["seeds"],
                "reached": row["reached_1pct_any"],
                "cost_to_1pct_of_best_full_cold": row["cost_to_1pct_cold"],
                "reached_of_best_full_cold": row["reached_1pct_cold"],
            }
            for row in document["methods"]
            if row["workers"] == 1
        ]
        tasks.append({"task": document["task"], "methods": methods, "rank_correlation": document["rank_correlation"]})
    first = next((told for told in tasks if told["task"] == "week"), tasks[0])
    return {**first, "tasks": tasks}


def facts(surfaces: Mapping[str, Surface], curves: Mapping[str, Curves]) -> dict[str, Any]:
    """What is known of the table itself: how well it foretells, and how far cheap stages agree with dear ones."""
    return {
        "surface": {
            kind: {
                "configs": surface.configs,
                "seed_noise_percent": round(100 * surface.noise, 2),
                "foretells": round(surface.foretells, 2),
                "left_out_error_mph": surface.errors,
            }
            for kind, surface in surfaces.items()
        },
        "drawn": drawn_like_recorded(surfaces, curves),
        "rank_correlation": agreement(curves),
        "noise": noise(curves),
        "survival_of_the_best": {str(eta): ladder_survival(curves, eta) for eta in (2, 3, 4, 8)},
    }


def planned(methods: list[str] | None, workers: list[int]) -> list[tuple[str, int]]:
    """What to replay: the named methods; else all, candidates for our rules with the first number of workers alone."""
    if methods:
        return list(product(methods, workers))
    every = [*product(METHODS, workers), *product(RULES, workers[:1])]
    return [(name, number) for name, number in every if number == 1 or name not in ONE_WORKER]


def main() -> None:
    """Replay and keep, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=["week", "demo"])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 4, 16, 64])
    parser.add_argument("--method", action="append", choices=list(EVERYTHING))
    parser.add_argument("--limit", type=int, default=80, help="cost of a search, in cold evaluations at full scale")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    for name in ("keep", "summary", "json"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    if chosen.summary:
        if chosen.json:
            print(json.dumps({"schema": "gman-search/replay/1", **summary()}, indent=2))
        else:
            pages = [f"{document['task']}\n\n{tables(document)}" for document in kept_documents()]
            print("\n\n".join([goal(kept_documents()), *pages]))
        return
    for task in chosen.task or ["week", "demo"]:
        surfaces, curves = surfaces_of(task), read_curves(TABLE, task)
        told = facts(surfaces, at_random(curves))
        file = RESULTS / f"replay-{task}.json"
        before = json.loads(file.read_text())["methods"] if chosen.keep and file.is_file() else []
        found = {(row["name"], row["workers"]): row for row in before if row["name"] in EVERYTHING}
        bests = {"any": best_known(curves, KINDS), "cold": best_known(curves, ("full cold",))}
        with ProcessPoolExecutor(chosen.processes) as pool:
            for name, workers in planned(chosen.method, chosen.workers):
                began = time.perf_counter()
                row = found[name, workers] = measured(
                    name, surfaces, bests, pool, seeds=chosen.seeds, workers=workers, full_evaluations=chosen.limit
                )
                shown = ("cost_to_1pct_any", "cost_to_1pct_cold", "reached_1pct_any", "test_mae_at", "one_run")
                print(f"{task}  {name}, {workers}: { {key: row.get(key) for key in shown} }", file=sys.stderr)
                print(f"    {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
                rows = sorted(found.values(), key=lambda row: (row["workers"], list(EVERYTHING).index(row["name"])))
                document = described("replay", task=task, **told, methods=rows)
                if chosen.keep:  # after every method: a replay of hours may be stopped
                    keep(f"replay-{task}", document)
        if chosen.json:
            print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
