"""Does a refit pay? A model tested on the first readings, refitted before each later period, and scored on it.

    python benchmarks/refit_backtest.py [--network demo | us101] [--seeds 2] [--rules best | all] [--json]
    python benchmarks/refit_backtest.py --summary

The first readings (two months of us101, three weeks of the demo) have train, validation and test part as in a study.
One quick GMAN is trained on them for `--steps` steps with a rate that falls to 0, and an ensemble with the baselines is
chosen, as `gman-search run` does. Before each following month (week, on the demo) both are refitted on all readings so
far; then they and the tested ones forecast it. `--rules all` compares rules of the refit on the GMAN alone; `best`
takes the product's, and usual values alone. There is an ensemble, with boosted trees, with seed 0 only: it takes most
of the time. Two seeds of us101 are meant to take 25 minutes of one core: fewer steps (300) than a search trains its
winner for, and every 12th window is scored.
Raw results are kept in results/refit.jsonl, one line a network, seed, steps and rule.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from results_io import RESULTS, described, keep_lines, kept_lines
from rivals_networks import Network, named_network

from gman_search.config import at_stage
from gman_search.data.series import TrafficSeries
from gman_search.data.task import ForecastDataset, build_task, load_adjacency, load_series
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.finals import TrainingSchedule
from gman_search.halving.refit import BEST_RULE, RefitRule
from gman_search.space import SearchSpace
from gman_search.stages import PRESETS
from gman_search.tuning.refit_backtest import Period, months_of, periods_of, refit_backtest

FILE = RESULTS / "refit.jsonl"
KEY = ("network", "seed", "steps", "rule")
DATA = Path(__file__).parents[2] / "shared" / "data"
FIRST_DAYS = {"demo": 21, "us101": 59}
LEARNING_RATE, EPOCHS = 0.006, 10
RULES = {
    "usual values alone": RefitRule(effort=0.0),
    "rate 0.03": RefitRule(rate=0.03),
    "rate 0.1": RefitRule(rate=0.1),
    "rate 0.3": RefitRule(rate=0.3),
    "rate 0.1, effort 3": RefitRule(rate=0.1, effort=3.0),
    "rate 0.3, effort 3": RefitRule(rate=0.3, effort=3.0),
    "rate 0.1, usual values stay": RefitRule(rate=0.1, fresh_usual=False),
    "rate 1": RefitRule(rate=1.0),
}
"""Rules of the refit that `--rules all` compares."""


def first_task(network: Network) -> tuple[ForecastDataset, TrafficSeries, list[Period]]:
    """The task of the first readings, all readings, and the periods after the first."""
    spec = network.spec
    everything = load_series(spec, Path.cwd())
    rows = FIRST_DAYS[network.name] * everything.steps_per_day
    early = everything.until(rows)
    task = build_task(spec, Path.cwd(), early, load_adjacency(spec, Path.cwd(), everything.sensors))
    series = everything.take(spec.sensors)
    return task, series, periods_of(series, rows, 7) if network.name == "demo" else months_of(series, rows)


def delivered(network: Network, task: ForecastDataset, seed: int, steps: int, folder: Path) -> dict[str, float]:
    """A winner and an ensemble in `folder`, as a search delivers them; returns their test MAE."""
    from gman_search.forecasting.model_io import write_saved_model
    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer
    from gman_search.training.test_evaluator import TestEvaluator
    from gman_search.tuning.deliver import Delivery, candidates_of, opened_for_test
    from gman_search.tuning.kept_baselines import fitted_baselines

    spec = network.spec
    params = {**SearchSpace().preset(), "learning_rate": LEARNING_RATE}
    settings = at_stage(params, PRESETS["quick"], shortcuts=True)
    windows = -(-steps // EPOCHS) * settings.batch_size
    settings = TrainingSchedule(EPOCHS, windows, EPOCHS + 1, EPOCHS / PRESETS["quick"].max_epochs, 0.5).of(settings)
    run, trainer = folder / "run", GmanTrainer(task, validation_stride=spec.stride_of(len(task.starts["val"])))
    outcome = trainer.train(Job(0, "quick", settings, seed, run, refit=True), lambda epoch: None)
    bench = TestEvaluator(task, spec)
    saved, result = bench.winner(run, config_id=0, stage="quick")
    write_saved_model(saved, folder / "winner", coverage=result.coverage)
    if seed:
        return {"winner": result.mean.mae}
    row = Evaluation(0, "quick", state=State.COMPLETE, val_mae=outcome.val_mae, facts={"folder": "run"})
    fitted = fitted_baselines(task, folder / "baselines", seed=seed, say=_told)
    opened = partial(opened_for_test, bench)
    candidates = candidates_of([row], row, {row.key: row}, fitted, task, opened, lambda _: run)
    test = Delivery(task, spec, folder / "ensemble", _told).test(result, candidates, [row.key]).ensemble
    return {"winner": result.mean.mae, **({} if test is None else {"ensemble": test.mean.mae})}


def measured(
    network: Network, seed: int, steps: int, rules: dict[str, RefitRule], work: Path, keep: Callable[[Any], None]
) -> list[dict[str, Any]]:
    """One document a rule; `keep` is called with each as it comes."""
    task, series, periods = first_task(network)
    source, found = work / "source", []
    began = time.perf_counter()
    tested = delivered(network, task, seed, steps, source)
    _told(f"{network.name}, seed {seed}: test MAE {tested}, {time.perf_counter() - began:.0f} s")
    alone = work / "alone"
    alone.mkdir()
    (alone / "winner").symlink_to(source / "winner")
    for name, rule in rules.items():
        own = source if name == "the product's" else alone
        began = time.perf_counter()
        stride = 3 if network.name == "demo" else 12
        told = refit_backtest(
            own, task, series, periods, network.spec, work / name, rule=rule, seed=seed, stride=stride, say=_told
        )
        named = {"network": network.name, "seed": seed, "steps": steps, "rule": name}
        seconds = round(time.perf_counter() - began, 1)
        about = {key: value for key, value in described("refit").items() if key != "schema"}
        errors = [asdict(each) for each in told]
        found.append({**named, **asdict(rule), "test": tested, "periods": errors, "seconds": seconds, **about})
        keep(found[-1:])
        _told(summary(found[-1:]))
    return found


def keep(new: list[dict[str, Any]]) -> None:
    """Into results/refit.jsonl; a line of the same key gives way."""
    keep_lines(FILE, new, KEY)


def kept() -> list[dict[str, Any]]:
    """All kept documents."""
    return kept_lines(FILE)


def summary(documents: list[dict[str, Any]]) -> str:
    """MAE by period, tested and refitted, as a table in Markdown."""
    lines = ["| network | seed | rule | what | period | persistence | tested | refitted | change |", "|" + "---|" * 9]
    for one in documents:
        for period in one["periods"]:
            for part, old in period["tested"].items():
                new = period["refitted"][part]
                cells = (one["network"], one["seed"], one["rule"], part, period["period"])
                errors = f"{period['persistence']:.3f} | {old:.3f} | {new:.3f} | {new / old - 1:+.1%}"
                lines.append(f"| {' | '.join(map(str, cells))} | {errors} |")
    return "\n".join(lines)


def _told(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(words: list[str] | None = None) -> None:
    """Measure, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=tuple(FIRST_DAYS), default="demo")
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA") or DATA)
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300, help="of the first training")
    parser.add_argument("--rules", choices=("best", "all"), default="best")
    parser.add_argument("--work", type=Path, help="folder for temporary files")
    for name in ("json", "summary", "no-keep"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args(words)
    if chosen.summary:
        print(json.dumps(kept()) if chosen.json else summary(kept()))
        return
    from gman_search.tf_logging import start_tensorflow_quietly

    start_tensorflow_quietly()
    network = named_network(chosen.network, Path(chosen.data))
    best = {"usual values alone": RULES["usual values alone"], "the product's": BEST_RULE}
    for seed in range(chosen.first_seed, chosen.first_seed + chosen.seeds):
        with tempfile.TemporaryDirectory(prefix=f"refit-{network.name}-{seed}-", dir=chosen.work) as text:
            rules = RULES if chosen.rules == "all" else best
            kept_now = (lambda _: None) if chosen.no_keep else keep
            found = measured(network, seed, chosen.steps, rules, Path(text), kept_now)
        print("\n".join(json.dumps(one) for one in found) if chosen.json else summary(found), flush=True)


if __name__ == "__main__":
    main()
