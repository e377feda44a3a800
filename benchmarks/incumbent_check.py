"""Where searches go: configs that searches over the model of the curves end with, to be trained for real.

    python benchmarks/incumbent_check.py --seek
    python benchmarks/incumbent_check.py --check [--keep]
    python benchmarks/incumbent_check.py --summary

A model fitted to configs drawn at random is tried by every search exactly where it promises most. So the configs that
Optuna's TPE ends with, at quick and at full scale, are written to curves/sought.json; `curves.py` trains them with the
others, grown from quick or cold at full; and `--check` sets what a model without them foretells beside what came. The
replay's model knows them.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from clock import read_clock
from markdown_tables import markdown_table
from recorder import RANDOM_CONFIGS, SOUGHT
from replay import TABLE, at_random, fitted
from replay_methods import SPACE, AtFull, Work
from replay_surface import Surface, read_curves
from replay_tables import STAGES
from results_io import RESULTS, described, keep
from surrogate import World, replayed

__all__ = ["foretold_beside_recorded", "sought"]

EACH, COST = 5, {"quick": 10, "full cold": 80}
"""Searches a scale, and how long each goes on, in cold full trainings."""
TASKS = ("week", "demo")
LUCKS = 60


def surfaces_without(task: str) -> dict[str, Surface]:
    """The surfaces of a task, fitted to the configs that were drawn at random alone."""
    return fitted(at_random(read_curves(TABLE, task, read_clock(task))))


def sought() -> list[dict[str, Any]]:
    """What TPE ends with, a row a search: task, number of the config, scale, parameters."""
    rows: list[dict[str, Any]] = []
    for task in TASKS:
        surfaces = surfaces_without(task)
        whole = float(surfaces["full cold"].curve(SPACE.preset())[2].sum())
        for kind, cost in COST.items():
            for seed in range(EACH):
                method = AtFull(1000 + seed, surfaces[kind].epochs, "tpe", kind=kind)
                params = _incumbent(method, surfaces, cost * whole, seed)
                number = RANDOM_CONFIGS + len(rows)
                rows.append({"number": number, "task": task, "kind": kind, "params": params})
    return rows


def _incumbent(method: AtFull, surfaces: dict[str, Surface], limit: float, seed: int) -> dict[str, Any]:
    """Parameters of the least validation error that a search came to."""
    world = World(surfaces, np.random.default_rng([seed, 6]))
    replayed(method, world, workers=1, limit=limit)
    best = min(method.best, key=method.best.__getitem__)
    return {**SPACE.preset(), **method.params[best]}


def foretold_beside_recorded() -> list[dict[str, Any]]:
    """By task and kind: means over luck foretold for the sought configs, and what was recorded (test MAE, mph).

    As the product ranks, a grown model's start counts.
    """
    wanted, found = json.loads(SOUGHT.read_text(encoding="utf-8")), []
    for task in TASKS:
        surfaces, recorded = surfaces_without(task), read_curves(TABLE, task)
        params = {row["number"]: row["params"] for row in wanted if row["task"] == task}
        told: dict[str, list[float]] = {kind: [] for kind in recorded}
        for luck in range(LUCKS):
            world = World(surfaces, np.random.default_rng([luck, 7]))
            for kind, rows in recorded.items():
                for number in params.keys() & set(rows.configs.tolist()):
                    work = Work(number, kind, 1, surfaces[kind].epochs)
                    world.train(work, params[number])
                    told[kind].append(world.standing(work)[1])
        for kind, rows in recorded.items():
            own = rows.test_at_best[np.isin(rows.configs, list(params))]
            everybody = rows.at_random().test_at_best
            if len(own):
                found.append(
                    {
                        "task": task,
                        "kind": kind,
                        "configs": len(own),
                        "foretold": round(float(np.mean(told[kind])), 4),
                        "recorded": round(float(own.mean()), 4),
                        "standard_error": round(float(own.std(ddof=1) / len(own) ** 0.5), 4),
                        "random_mean": round(float(everybody.mean()), 4),
                        "random_least": round(float(everybody.min()), 4),
                    }
                )
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """In Markdown."""
    head = ("task", "stage", "configs", "foretold", "recorded", "configs drawn at random: mean", "least")
    return markdown_table(
        head,
        [
            [
                row["task"],
                STAGES[row["kind"]],
                str(row["configs"]),
                f"{row['foretold']:.2f}",
                f"{row['recorded']:.2f} ± {row['standard_error']:.2f}",
                f"{row['random_mean']:.2f}",
                f"{row['random_least']:.2f}",
            ]
            for row in rows
        ],
    )


def main() -> None:
    """Seek, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seek", action="store_true", help="write curves/sought.json anew")
    for name in ("check", "keep", "summary"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    if chosen.seek:
        Path(SOUGHT).write_text(json.dumps(sought(), indent=1) + "\n", encoding="utf-8")
    if chosen.check:
        rows = foretold_beside_recorded()
        print(table(rows))
        if chosen.keep:
            keep("incumbent-check", described("incumbent-check", rows=rows))
    if chosen.summary:
        print(table(json.loads((RESULTS / "incumbent-check.json").read_text(encoding="utf-8"))["rows"]))


if __name__ == "__main__":
    main()
