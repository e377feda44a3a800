"""Seconds of an epoch at every stage, measured in one sitting: the clock of a replay.

    python benchmarks/clock.py --data DIR [--task week] [--keep]

The recorded curves (`curves.py`) come from many days and from a machine that was shared, so that their own seconds say
as much about the day as about the stage. Here one process of one thread trains the cut of `recorder.py` at every stage
and batch size in turn, one epoch at a time, on a machine that should do nothing else; an epoch's training and its
validation count, its test scores do not. The first round, in which graphs are compiled, is left out.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from results_io import RESULTS, described, keep

from gman_search.tuning.process import prepare_environment

__all__ = ["clocked", "read_clock"]

BATCH_SIZES = (16, 32, 64)
ROUNDS = 4


def measured(task_name: str, data: Path | None) -> list[dict[str, Any]]:
    """A row for every stage and batch size (of the quick stage, as in a config)."""
    from recorder import CUT, VALIDATION_STRIDE, open_task

    from gman_search.config import at_stage
    from gman_search.space import SearchSpace
    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer

    trainer = GmanTrainer(open_task(task_name, data), validation_stride=VALIDATION_STRIDE)
    seconds: dict[tuple[str, int], list[float]] = defaultdict(list)
    for turn in range(ROUNDS):
        for name, stage in CUT.items():
            for batch_size in BATCH_SIZES:
                params = {**SearchSpace().preset(), "batch_size": batch_size}
                settings = at_stage(params, stage.model_copy(update={"max_epochs": 1}))
                with tempfile.TemporaryDirectory() as folder:
                    epochs: list[Any] = []
                    trainer.train(Job(0, name, settings, turn, Path(folder)), epochs.append)
                if turn:
                    seconds[name, batch_size].append(epochs[-1].seconds)
    return [
        {
            "stage": name,
            "batch_size": batch_size,
            "seconds_per_epoch": round(statistics.median(values), 3),
            "least": round(min(values), 3),
            "most": round(max(values), 3),
            "rounds": len(values),
        }
        for (name, batch_size), values in seconds.items()
    ]


def read_clock(task: str) -> dict[tuple[str, int], float]:
    """Seconds of an epoch by stage and batch size of the quick stage, from results/clock-TASK.json."""
    file = RESULTS / f"clock-{task}.json"
    if not file.is_file():
        raise SystemExit(f"a replay needs benchmarks/results/{file.name}: python benchmarks/clock.py --keep makes it")
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    return {(row["stage"], row["batch_size"]): row["seconds_per_epoch"] for row in rows}


def clocked(kept: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Recorded runs with the clock's seconds for their own; what comes before the first epoch counts nothing."""
    tasks = {row["task"] for row in kept.values()}
    clocks = {task: read_clock(task) for task in sorted(tasks)}

    def seconds(row: dict[str, Any]) -> dict[str, list[float]]:
        if "seconds" not in row:  # no training
            return {}
        one = clocks[row["task"]][row["stage"], int(row["params"]["batch_size"])]
        return {"seconds": [one if epoch else 0.0 for epoch in row["epoch"]]}

    return {name: {**row, **seconds(row)} for name, row in kept.items()}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA"))
    parser.add_argument("--task", choices=["demo", "week"], action="append")
    parser.add_argument("--keep", action="store_true")
    chosen = parser.parse_args()
    prepare_environment(threads=1)
    for task in chosen.task or ["week", "demo"]:
        document = described("clock", task=task, rows=measured(task, Path(chosen.data) if chosen.data else None))
        print(json.dumps(document, indent=2))
        if chosen.keep:
            keep(f"clock-{task}", document)


if __name__ == "__main__":
    sys.exit(main())
