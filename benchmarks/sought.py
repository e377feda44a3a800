"""Where searches go: configs that searches over the model of the curves end with, to be trained for real.

    python benchmarks/sought.py --seek
    python benchmarks/sought.py --check

A model fitted to configs drawn at random is tried by every search exactly where it promises most. So the configs that
Optuna's TPE ends with, at quick and at full scale, are written to curves/sought.json; `curves.py` trains them with the
others, grown from quick or cold at full; and `--check` sets what a model without them foretells beside what came. The
replay's model knows them.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
from clock import read_clock
from markdown_tables import markdown_table
from recorder import RANDOM_CONFIGS, SOUGHT
from replay import TABLE, at_random
from replay_check import bend_to_recorded
from replay_methods import SPACE, AtFull
from replay_surface import Surface, read_curves
from replay_world import World, replayed

__all__ = ["foretold_beside_recorded", "sought"]

EACH, COST = 5, {"quick": 10, "full cold": 80}
"""Searches a scale, and how long each goes on, in cold full trainings."""
TASKS = ("week", "demo")
LUCKS = 200


def surfaces_without(task: str) -> dict[str, Surface]:
    """The surfaces of a task, fitted to the configs that were drawn at random alone."""
    curves = at_random(read_curves(TABLE, task, read_clock(task)))
    surfaces = {kind: Surface(rows) for kind, rows in curves.items()}
    bend_to_recorded(surfaces, curves)
    return surfaces


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
    """By task and kind: medians over luck foretold for the sought configs, and what was recorded (test MAE, mph)."""
    wanted, found = json.loads(SOUGHT.read_text(encoding="utf-8")), []
    for task in TASKS:
        surfaces, recorded = surfaces_without(task), read_curves(TABLE, task)
        for kind, rows in recorded.items():
            numbers = [row["number"] for row in wanted if row["task"] == task]
            places = [place for place, number in enumerate(rows.configs) if number in numbers]
            told = []
            for place in places:
                surface = surfaces[kind]
                lucks = np.random.default_rng(7).integers(len(surface.left_over), size=LUCKS)
                drawn = [surface.curve(rows.params[place], surface.left_over[luck])[:2] for luck in lucks]
                told.append(statistics.mean(test[val.argmin()] for val, test in drawn))
            if places:
                own = rows.test[places, rows.val[places].argmin(axis=1)]
                everybody = rows.at_random()
                others = everybody.test[np.arange(len(everybody.test)), everybody.val.argmin(axis=1)]
                found.append(
                    {
                        "task": task,
                        "kind": kind,
                        "configs": len(places),
                        "foretold": round(float(np.mean(told)), 4),
                        "recorded": round(float(own.mean()), 4),
                        "standard_error": round(float(own.std(ddof=1) / len(own) ** 0.5), 4),
                        "random_mean": round(float(others.mean()), 4),
                        "random_least": round(float(others.min()), 4),
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
                row["kind"],
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
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    if chosen.seek:
        Path(SOUGHT).write_text(json.dumps(sought(), indent=1) + "\n", encoding="utf-8")
    if chosen.check:
        print(table(foretold_beside_recorded()))


if __name__ == "__main__":
    main()
