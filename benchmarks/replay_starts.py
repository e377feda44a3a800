"""How a search begins: the first draws of the product's sampler varied, over recorded learning curves.

    python benchmarks/replay_starts.py [--task week] [--trials 20] [--start NAME] [--seeds 400] [--keep]
    python benchmarks/replay_starts.py --summary

One run of the product's search as in `replay.py`, of 20 and of 50 configs. `test_mae` is of the model that it ends
with; `later_percent` is by how much the median quick validation MAE of the second half of the draws lies below that of
the first half. `--keep` writes results/starts.json row by row, `--summary` prints it.
"""

import argparse
import json
import statistics
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import optuna
from markdown_tables import markdown_table
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState
from replay import surfaces_of
from replay_methods import DRAWN, PRESET, STAGES, Halving, Work
from replay_surface import Surface
from results_io import RESULTS, described, keep
from surrogate import World, replayed

from gman_search.tuning.sampling import ConfigSampler

TASKS = ("week", "demo")
TRIALS = (20, 50)
NEVER = 10_000


class Unordered(ConfigSampler):
    """Numbers among which one is chosen are names without an order."""

    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self._values, self._drawn = dict.fromkeys(self._stored), dict(self._stored)


class BeginsNear(ConfigSampler):
    """Until the sampler learns, every second draw is around the reference config.

    Numbers are moved by a normal draw of `WIDTH` of their range, cut off at its ends; choices stay two times in three.
    """

    WIDTH = 0.2

    def draw(self, number: int, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        ended = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        if given or number % 2 == 0 or len(ended) >= self._startup:
            return super().draw(number, given)
        random = np.random.default_rng([self._seed, number])
        return {name: self._near(name, random) for name in DRAWN}

    def _near(self, name: str, random: np.random.Generator) -> Any:
        own, centre = DRAWN[name], PRESET[name]
        if isinstance(own, CategoricalDistribution):
            return own.choices[int(random.integers(len(own.choices)))] if random.random() < 1 / 3 else centre
        scale = np.log if own.log else float
        low, high = float(scale(own.low)), float(scale(own.high))
        moved = float(scale(centre))
        while not low <= (drawn := random.normal(moved, self.WIDTH * (high - low))) <= high:
            pass
        value = float(np.clip(np.exp(drawn) if own.log else drawn, own.low, own.high))
        return value if isinstance(own, optuna.distributions.FloatDistribution) else round(value)


STARTS: dict[str, tuple[type[ConfigSampler], int]] = {
    "random for ever": (ConfigSampler, NEVER),
    "10 at random, unordered": (Unordered, 10),
    "10 at random": (ConfigSampler, 10),
    "8 at random": (ConfigSampler, 8),
    "6 at random": (ConfigSampler, 6),
    "5 at random": (ConfigSampler, 5),
    "4 at random": (ConfigSampler, 4),
    "2 at random": (ConfigSampler, 2),
    "10, every second near the reference": (BeginsNear, 10),
    "6, every second near the reference": (BeginsNear, 6),
    "4, every second near the reference": (BeginsNear, 4),
    "6 at random, unordered": (Unordered, 6),
}


class OneRun(Halving):
    """The product's search of so many configs, which then ends."""

    def __init__(self, seed: int, epochs: int, trials: int, start: str) -> None:
        super().__init__(seed, epochs, trials=trials)
        kind, startup = STARTS[start]
        self._sampler = kind(DRAWN, startup, seed)

    def ask(self) -> Work | None:
        work = None if self.rounds else super().ask()
        return None if self.rounds else work

    def quick(self) -> list[float]:
        """Validation MAE of the quick models, in the order of the draws."""
        return [self._best[config, STAGES[0]] for config in sorted(self.params) if (config, STAGES[0]) in self._best]


def one_run(start: str, trials: int, surfaces: Mapping[str, Surface], workers: int, seed: int) -> tuple[float, ...]:
    """Test MAE at the end, the least quick validation MAE, and the medians of the two halves of the draws."""
    method = OneRun(seed, surfaces["full cold"].epochs, trials, start)
    course = replayed(method, World(surfaces, np.random.default_rng([seed, workers])), workers=workers, limit=1e9)
    quick = method.quick()
    half = len(quick) // 2
    return course.test[-1], min(quick), statistics.median(quick[:half]), statistics.median(quick[half:])


def measured(
    start: str, trials: int, surfaces: Mapping[str, Surface], workers: int, seeds: int, pool: Executor
) -> dict[str, Any]:
    """A row: one start, one number of configs."""
    runs = np.array(list(pool.map(partial(one_run, start, trials, surfaces, workers), range(seeds), chunksize=10)))
    test, best, first, second = runs.T
    return {
        "start": start,
        "trials": trials,
        "seeds": seeds,
        "workers": workers,
        "test_mae": round(float(test.mean()), 4),
        "standard_error": round(float(test.std(ddof=1) / seeds**0.5), 4),
        "least_quick_val": round(float(best.mean()), 4),
        "least_quick_val_error": round(float(best.std(ddof=1) / seeds**0.5), 4),
        "later_percent": round(100 * (1 - float(np.median(second / first))), 1),
    }


def kept_rows() -> dict[tuple[str, int, str], dict[str, Any]]:
    """What is kept, by task, number of configs and start."""
    file = RESULTS / "starts.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.is_file() else []
    return {(row["task"], row["trials"], row["start"]): row for row in rows}


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """In Markdown: a row for each start, columns for each task and number of configs."""
    found = {(row["task"], row["trials"], row["start"]): row for row in rows}
    columns = [(task, trials) for task in TASKS for trials in TRIALS]
    lines = []
    for start in STARTS:
        cells = [found.get((*column, start)) for column in columns]
        if any(cells):
            shown = ["-" if row is None else f"{row['test_mae']:.3f} ± {row['standard_error']:.3f}" for row in cells]
            later = ["-" if row is None else f"{row['later_percent']:.1f} %" for row in cells]
            lines.append([start, *shown, *later])
    heads = [f"{task}, {trials}" for task, trials in columns]
    return markdown_table(["start", *heads, *(f"second half, {head}" for head in heads)], lines)


def main() -> None:
    """Replay the starts, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", action="append", choices=TASKS)
    parser.add_argument("--trials", type=int, action="append", choices=TRIALS)
    parser.add_argument("--start", action="append", choices=list(STARTS))
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2, help="of the search that is replayed")
    parser.add_argument("--processes", type=int, default=1, help="of this benchmark")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--summary", action="store_true")
    chosen = parser.parse_args()
    if chosen.summary:
        print(table(kept_rows().values()))
        return
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for task in chosen.task or TASKS:
        surfaces = surfaces_of(task)
        with ProcessPoolExecutor(chosen.processes) as pool:
            for trials, start in product(chosen.trials or TRIALS, chosen.start or STARTS):
                row = measured(start, trials, surfaces, chosen.workers, chosen.seeds, pool)
                print(task, json.dumps(row), flush=True)
                if chosen.keep:  # after every row: it may be stopped
                    rows = kept_rows()
                    rows[task, trials, start] = {"task": task, **row}
                    keep("starts", described("starts", rows=list(rows.values())))


if __name__ == "__main__":
    main()
