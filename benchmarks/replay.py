"""Searches compared over recorded learning curves: what each must spend until it has a model within 1 % of the best.

    python benchmarks/replay.py [--task week] [--seeds 200] [--workers 1 4] [--method NAME] [--keep]
    python benchmarks/replay.py --summary --json

The table is `curves/curves.parquet` (see `curves.py`), with a model of what lies between the recorded configs
(`replay_surface.py`); the searches are in `replay_methods.py`, candidates for our own rules in `replay_rules.py`, and
searches for which a package has to be installed in `replay_peers.py`. Time is simulated: an epoch's seconds are those
of its stage and batch size (`clock.py`). After every piece of training a search has an incumbent, by its own measure,
the validation MAE; what counts is the incumbent's expected test MAE. `--keep` writes results/replay-TASK.json, method
by method; `--summary` prints what is kept.
"""

import argparse
import heapq
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from clock import read_clock
from kept import RESULTS, described, keep
from replay_fidelity import agreement, ladder_survival, noise
from replay_methods import METHODS, STAGES, Method, Work, drawn_at_random
from replay_peers import PEERS
from replay_rules import RULES
from replay_surface import KINDS, Surface, read_curves

TABLE = Path(__file__).parent / "curves" / "curves.parquet"
WITHIN = 1.01
FULL_EVALUATIONS = 40
"""A search is given up when it has spent as much as this many cold evaluations at full scale."""
EVERYTHING = {**METHODS, **RULES, **PEERS}


class World:
    """What training would give: expected curves of any config, and the luck of every single evaluation.

    Args:
        surfaces: by kind of evaluation.
        random: draws the luck.
    """

    def __init__(self, surfaces: Mapping[str, Surface], random: np.random.Generator) -> None:
        self._surfaces, self._random = surfaces, random
        self._curves: dict[tuple[int, str], tuple[Any, Any, Any]] = {}
        self._ends: dict[tuple[int, str], tuple[float, float]] = {}

    def train(self, work: Work, params: Mapping[str, Any]) -> tuple[list[float], float]:
        """Validation MAE after every epoch of `work`, as measured, and the seconds of all."""
        key = work.config, work.kind
        if key not in self._curves:
            surface = self._surfaces[work.kind]
            val, test, seconds = surface.curve(params)
            self._curves[key] = val * math.exp(self._random.normal(0, surface.noise)), test, seconds
        val, _, seconds = self._curves[key]
        return list(val[work.first - 1 : work.last]), float(seconds[work.first - 1 : work.last].sum())

    def standing(self, work: Work) -> tuple[float, float]:
        """Least validation MAE of a model trained so far, as measured, and its expected test MAE."""
        key = work.config, work.kind
        val, test, _ = self._curves[key]
        best = int(np.argmin(val[: work.last]))
        found = float(val[best]), float(test[best])
        if work.kind in STAGES[1:]:  # grown: it starts as its parent ended
            found = min(found, self._ends[work.config, STAGES[STAGES.index(work.kind) - 1]])
        self._ends[key] = found
        return found


@dataclass
class Course:
    """How one search went: seconds, cost of all workers and test MAE whenever its incumbent changed."""

    seconds: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)
    started_at_full: int = 0
    wasted_at_full: float = 0.0

    def until(self, target: float) -> float:
        """Seconds after which the incumbent's test MAE stays at or below `target`; infinite where it never does."""
        beyond = [index for index, value in enumerate(self.test) if value > target]
        first = beyond[-1] + 1 if beyond else 0
        return self.seconds[first] if first < len(self.seconds) else math.inf

    def at(self, cost: float) -> float:
        """Test MAE of the incumbent after that cost; infinite before there is one."""
        known = [value for spent, value in zip(self.cost, self.test, strict=True) if spent <= cost]
        return known[-1] if known else math.inf


def replayed(method: Method, world: World, *, workers: int, limit: float) -> Course:
    """One search, until `limit` seconds of simulated time have passed."""
    course, incumbent = Course(), (-1, math.inf)
    under_way: list[tuple[float, int, Work, list[float]]] = []
    now, cost, started = 0.0, 0.0, 0
    while now < limit:
        work = method.ask() if len(under_way) < workers else None
        if work is not None:
            val, seconds = world.train(work, method.params[work.config])
            heapq.heappush(under_way, (now + seconds, started, work, val))
            started, cost = started + 1, cost + seconds
            course.started_at_full += work.kind.startswith("full") and work.first == 1
            continue
        if not under_way:
            break
        now, _, work, val = heapq.heappop(under_way)
        method.tell(work, val)
        found, test = world.standing(work)
        if (place := (method.standing(work), -found)) > (incumbent[0], -incumbent[1]):
            incumbent = place[0], found
            course.seconds.append(now)
            course.cost.append(cost)
            course.test.append(test)
        elif work.kind.startswith("full"):
            course.wasted_at_full += (work.last - work.first + 1) / 10
    return course


def surfaces_of(task: str) -> dict[str, Surface]:
    """The surfaces of a task, by kind."""
    return {kind: Surface(curves) for kind, curves in read_curves(TABLE, task, read_clock(task)).items()}


def best_known(surfaces: Mapping[str, Surface], kinds: tuple[str, ...], task: str) -> float:
    """The least expected test MAE of recorded and of 2,000 random configs, at the epoch of the least validation MAE."""
    configs = drawn_at_random(2000, 0) + [
        params for curves in read_curves(TABLE, task).values() for params in curves.params
    ]
    return min(float(test[np.argmin(val)]) for kind in kinds for val, test, _ in surfaces[kind].curves(configs))


def course_of(name: str, surfaces: Mapping[str, Surface], workers: int, limit: float, seed: int) -> Course:
    """One search of a method, with a luck of its own."""
    world = World(surfaces, np.random.default_rng([seed, workers]))
    return replayed(EVERYTHING[name](seed, surfaces["full cold"].epochs), world, workers=workers, limit=limit)


def measured(
    name: str, surfaces: Mapping[str, Surface], bests: Mapping[str, float], seeds: int, workers: int, pool: Executor
) -> dict[str, Any]:
    """One method's courses summarised."""
    whole = float(surfaces["full cold"].curve(drawn_at_random(1, 0)[0])[2].sum())
    one = partial(course_of, name, surfaces, workers, FULL_EVALUATIONS * whole / workers)
    courses = list(pool.map(one, range(seeds), chunksize=5))
    row: dict[str, Any] = {"name": name, "workers": workers, "seeds": seeds}
    for label, best in bests.items():
        costs = [course.until(WITHIN * best) for course in courses]
        row[f"best_known_{label}"] = round(best, 4)
        row[f"cost_to_1pct_{label}"] = _quantiles(costs)
        row[f"reached_{label}"] = round(sum(math.isfinite(cost) for cost in costs) / seeds, 3)
    row["regret_percent_at"] = {
        str(budget): _finite(
            statistics.median(100 * (course.at(budget * whole) / bests["any"] - 1) for course in courses)
        )
        for budget in (2, 5, 10, 20, 40)
    }
    row["full_started"] = round(statistics.mean(course.started_at_full for course in courses), 1)
    row["full_wasted"] = round(statistics.mean(course.wasted_at_full for course in courses), 1)
    return {**row, "seconds_of_a_full": round(whole, 1)}


def _quantiles(costs: list[float]) -> dict[str, float | None]:
    ordered = sorted(costs)
    low, high = (ordered[round(share * (len(ordered) - 1))] for share in (0.25, 0.75))
    return {"median": _finite(statistics.median(costs)), "low": _finite(low), "high": _finite(high)}


def _finite(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None


def summary() -> dict[str, Any]:
    """What the kept results say, in one document for all tasks."""
    documents = [json.loads(file.read_text()) for file in sorted(RESULTS.glob("replay-*.json"))]
    tasks = []
    for document in documents:
        methods = [
            {
                "name": row["name"],
                "cost_to_1pct_median": row["cost_to_1pct_any"]["median"],
                "low": row["cost_to_1pct_any"]["low"],
                "high": row["cost_to_1pct_any"]["high"],
                "seeds": row["seeds"],
            }
            for row in document["methods"]
            if row["workers"] == 1
        ]
        tasks.append({"task": document["task"], "methods": methods, "rank_correlation": document["rank_correlation"]})
    return tasks[0] if len(tasks) == 1 else {"task": " and ".join(t["task"] for t in tasks), "tasks": tasks}


def planned(methods: list[str] | None, workers: list[int]) -> list[tuple[str, int]]:
    """What to replay: the named methods; else all, candidates for our rules with the first number of workers alone."""
    if methods:
        return list(product(methods, workers))
    return [*product(METHODS, workers), *product(RULES, workers[:1])]


def main() -> None:
    """Replay and keep, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=["week", "demo"])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 4, 16, 64])
    parser.add_argument("--method", action="append", choices=list(EVERYTHING))
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    for name in ("keep", "summary", "json"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    if chosen.summary:
        print(json.dumps({"schema": "gman-search/replay/1", **summary()}, indent=2))
        return
    for task in chosen.task or ["week", "demo"]:
        surfaces = surfaces_of(task)
        facts = {
            kind: {
                "configs": surface.configs,
                "seed_noise_percent": round(100 * surface.noise, 2),
                "left_out_error_mph": round(surface.leave_one_out, 4),
                "error_of_the_mean_mph": round(surface.spread, 4),
            }
            for kind, surface in surfaces.items()
        }
        file = RESULTS / f"replay-{task}.json"
        before = json.loads(file.read_text())["methods"] if chosen.keep and file.is_file() else []
        found = {(row["name"], row["workers"]): row for row in before}
        bests = {"any": best_known(surfaces, KINDS, task), "cold": best_known(surfaces, ("full cold",), task)}
        with ProcessPoolExecutor(chosen.processes) as pool:
            for name, workers in planned(chosen.method, chosen.workers):
                began = time.perf_counter()
                row = found[name, workers] = measured(name, surfaces, bests, chosen.seeds, workers, pool)
                told = ("cost_to_1pct_any", "cost_to_1pct_cold", "reached_any", "full_started")
                print(f"{task}  {name}, {workers}: { {key: row[key] for key in told} }", file=sys.stderr)
                print(f"    {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        rows = sorted(found.values(), key=lambda row: (row["workers"], list(EVERYTHING).index(row["name"])))
        curves = read_curves(TABLE, task)
        fidelity = {"rank_correlation": agreement(curves), "noise": noise(curves)}
        fidelity["survival_of_the_best"] = {str(eta): ladder_survival(curves, eta) for eta in (2, 3, 4, 8)}
        document = described("replay", task=task, surface=facts, **fidelity, methods=rows)
        if chosen.keep:
            keep(f"replay-{task}", document)
        if chosen.json:
            print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
