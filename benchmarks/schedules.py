"""How often should the rate fall at each stage? The guide's decays beside as many as at quick.

    python benchmarks/schedules.py --data DIR [--config 0 --config 72] [--seed 0] [--keep]
    python benchmarks/schedules.py --summary

The METR-LA week (20 sensors), a fifth of the guide's epochs at every stage, each one pass over all windows: 10, 16 and
20. The rate of the guide's config falls every fifth of the epochs at quick, every tenth at medium, every twentieth at
full (`guide`); or at every stage as often as at quick, spread over its epochs (`even`). Each config's quick model grows
into medium by both, and its `guide` medium model into full by both. Configs are those of the recorded curves
(`recorder.py`). One row an evaluation with its whole curve, and the test MAE of its best epoch; what is kept is not
trained again, and several processes may share the file.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from contest_budget import ladder_stages
from markdown_tables import markdown_table
from recorder import config, keep_run, kept_runs, open_task
from results_io import RESULTS

from gman_search.config import at_stage
from gman_search.data_spec import DataSpec
from gman_search.stages import PRESETS, Stage
from gman_search.tuning.process import prepare_environment

FILE = RESULTS / "schedules.jsonl"


def stage_by(rule: str, name: str) -> Stage:
    """A stage of a fifth of the guide's epochs, its decays by a rule."""
    stages = {key: change.apply(PRESETS[key]) for key, change in ladder_stages("fifth").items()}
    here, quick = stages[name], stages["quick"]
    if rule == "guide":
        return here
    return here.model_copy(update={"decay_epoch": quick.decay_epoch * here.max_epochs / quick.max_epochs})


CHAINS = (("-",), ("-", "guide"), ("-", "even"), ("-", "guide", "guide"), ("-", "guide", "even"))
"""Rules of the stages of every evaluation, parents first; at quick they agree."""


def named(number: int, seed: int, chain: tuple[str, ...]) -> str:
    """What decides the outcome of an evaluation."""
    return f"{number} s{seed} {' > '.join(chain)}"


def train(task: Any, trainer: Any, bench: Any, number: int, seed: int, work: Path, keep: bool) -> None:
    """All evaluations of a config that are not kept."""
    from gman_search.training.job import Job

    def folder(chain: tuple[str, ...]) -> Path:
        return work / named(number, seed, chain).replace(" ", "_")

    kept = kept_runs(FILE)
    for chain in CHAINS:
        name, here = named(number, seed, chain), folder(chain)
        if all(named(number, seed, each) in kept for each in CHAINS if each[: len(chain)] == chain):
            continue  # it is kept, and so is all that grows from it
        if name in kept and (here / "weights.npz").is_file():
            continue
        stage = list(PRESETS)[len(chain) - 1]
        settings = at_stage(config(number), stage_by(chain[-1], stage))
        epochs: list[Any] = []
        parent = folder(chain[:-1]) if len(chain) > 1 else None
        outcome = trainer.train(Job(number, stage, settings, seed, here, parent=parent), epochs.append)
        row = {
            "run": name,
            "config": number,
            "seed": seed,
            "stage": stage,
            "rules": list(chain),
            "state": str(outcome.state),
            "best_val": round(float(outcome.val_mae), 4),
            "best_epoch": min(epochs, key=lambda at: at.val_mae).epoch,
            "test": round(bench.scores(here)[1].mae, 4),
            "epoch": [at.epoch for at in epochs],
            "val": [round(float(at.val_mae), 4) for at in epochs],
            "train": [None if at.train_mae is None else round(float(at.train_mae), 4) for at in epochs],
            "seconds": round(outcome.seconds, 1),
        }
        print(json.dumps(row), flush=True)
        if keep:
            keep_run(FILE, row)


def table(rows: list[dict[str, Any]]) -> str:
    """Every evaluation, in Markdown."""
    head = ("config", "seed", "stage", "rules", "start", "validation MAE", "at epoch", "least training MAE", "test MAE")
    body = [
        [
            row["config"],
            row["seed"],
            row["stage"],
            ", ".join(row["rules"][1:]) or "-",
            f"{row['val'][0]:.3f}" if row["epoch"][0] == 0 else "-",
            f"{row['best_val']:.3f}",
            row["best_epoch"],
            f"{min(filter(None, row['train'])):.3f}",
            f"{row['test']:.3f}",
        ]
        for row in rows
    ]
    return markdown_table(head, body)


def main() -> None:
    """Train what is not kept, or print what is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA"))
    parser.add_argument("--config", type=int, action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "gman-search-schedules")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--summary", action="store_true")
    chosen = parser.parse_args()
    if chosen.summary:
        print(table(list(kept_runs(FILE).values())))
        return
    prepare_environment(threads=1)
    task = open_task("week", Path(chosen.data) if chosen.data else None)
    from gman_search.training.loop import GmanTrainer
    from gman_search.training.test_evaluator import TestEvaluator

    trainer, bench = GmanTrainer(task), TestEvaluator(task, DataSpec())
    for number in chosen.config or [0, 72]:
        train(task, trainer, bench, number, chosen.seed, chosen.work, chosen.keep)


if __name__ == "__main__":
    main()
