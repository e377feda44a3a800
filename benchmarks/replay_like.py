"""What `run --like` gains: searches that know one on another network, over recorded learning curves.

    python benchmarks/replay_like.py [--task week] [--trials 20] [--seeds 100] [--keep]
    python benchmarks/replay_like.py --summary

For each seed the product searches one network with 50 configs. Then it searches the other one, with and without what
the first search found. `quick_after` is the least quick validation MAE after so many configs; `configs_to_2_percent` is
how many configs that error takes to come within 2 % of what the search without ends with (a search that never does
counts as all of its configs). Errors are means of the seeds, the number of configs is a median. `--keep` writes
results/like.json, `--summary` prints it.
"""

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np
import optuna
from markdown_tables import markdown_table
from replay import surfaces_of
from replay_methods import DRAWN, PRESET, STAGES
from replay_starts import OneRun
from results_io import RESULTS, described, keep
from surrogate import World, replayed

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.prior import PriorConfig, prior_configs, tried_first
from gman_search.tuning.sampling import ConfigSampler

TASKS = {"week": "demo", "demo": "week"}
"""Which network is searched before each."""
WAYS = ("without", "tried first", "tried first, and known to the sampler")
AFTER = (3, 5, 10, 20)
STARTUP = 10


class Like(OneRun):
    """The product's search of so many configs, with what an earlier one knows."""

    def __init__(self, seed: int, epochs: int, trials: int, prior: Sequence[PriorConfig], way: str) -> None:
        super().__init__(seed, epochs, trials, "10 at random")
        known = prior if way == WAYS[2] else ()
        self._sampler = ConfigSampler(DRAWN, STARTUP, seed, known)
        self._first = [] if way == WAYS[0] else tried_first(prior, DRAWN, PRESET, trials)

    def _draw(self, config: int) -> dict[str, Any]:
        if 1 <= config <= len(self._first):
            return dict(self._first[config - 1].params)
        return super()._draw(config)

    def known(self) -> list[PriorConfig]:
        """What its quick stage shows."""
        rows = [
            Evaluation(config, STAGES[0], state=State.COMPLETE, val_mae=self._best[config, STAGES[0]], params=params)
            for config, params in self.params.items()
            if (config, STAGES[0]) in self._best
        ]
        return prior_configs("earlier", rows, STAGES[0])


surfaces_once = cache(surfaces_of)


def one_search(task: str, seed: int, trials: int, prior: Sequence[PriorConfig] = (), way: str = WAYS[0]) -> Any:
    """The search, and the test MAE of the model that it ends with."""
    surfaces = surfaces_once(task)
    method = Like(seed, surfaces["full cold"].epochs, trials, prior, way)
    course = replayed(method, World(surfaces, np.random.default_rng([seed, 2])), workers=2, limit=1e9)
    return method, course.test[-1]


def measured(task: str, trials: int, seeds: int) -> list[dict[str, Any]]:
    """A row for each way."""
    best: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    test: dict[str, list[float]] = {way: [] for way in WAYS}
    for seed in range(seeds):
        earlier, _ = one_search(TASKS[task], 1000 + seed, 50)
        for way in WAYS:
            search, error = one_search(task, seed, trials, earlier.known(), way)
            best[way].append(np.minimum.accumulate(search.quick()))
            test[way].append(error)
    goals = [1.02 * curve[-1] for curve in best["without"]]
    rows = []
    for way in WAYS:
        needed = [
            int(np.argmax(curve <= goal)) + 1 if (curve <= goal).any() else len(curve)
            for curve, goal in zip(best[way], goals, strict=True)
        ]
        rows.append(
            {
                "task": task,
                "earlier": TASKS[task],
                "way": way,
                "trials": trials,
                "seeds": seeds,
                "quick_after": {str(n): round(float(np.mean([curve[n - 1] for curve in best[way]])), 4) for n in AFTER},
                "configs_to_2_percent": float(np.median(needed)),
                "test_mae": round(float(np.mean(test[way])), 4),
                "standard_error": round(float(np.std(test[way], ddof=1) / seeds**0.5), 4),
            }
        )
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """In Markdown."""
    heads = ["network", "way", *(f"after {n}" for n in AFTER), "configs to within 2 %", "test MAE at the end"]
    lines = [
        [
            f"{row['task']} after {row['earlier']}",
            row["way"],
            *(f"{row['quick_after'][str(n)]:.3f}" for n in AFTER),
            f"{row['configs_to_2_percent']:g}",
            f"{row['test_mae']:.3f} ± {row['standard_error']:.3f}",
        ]
        for row in rows
    ]
    return markdown_table(heads, lines)


def main() -> None:
    """Replay, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=TASKS)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--summary", action="store_true")
    chosen = parser.parse_args()
    if chosen.summary:
        print(table(json.loads((RESULTS / "like.json").read_text(encoding="utf-8"))["rows"]))
        return
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tasks = list(chosen.task or TASKS)
    with ProcessPoolExecutor(len(tasks)) as pool:
        found = pool.map(measured, tasks, repeat(chosen.trials), repeat(chosen.seeds))
        rows = [row for of_task in found for row in of_task]
    print(table(rows))
    if chosen.keep:
        keep("like", described("like", rows=rows))


if __name__ == "__main__":
    main()
