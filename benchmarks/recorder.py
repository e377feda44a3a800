"""Trains single evaluations with the product's trainer and keeps their whole curves, one JSON line a run.

A run is named by what decides its outcome; one that is kept already is not trained again, so that a measurement of
hours can be stopped and resumed, and shared by several processes. Weights stay in a working folder, where bigger models
find those they grow from.

Cut, the same for all runs: 10 epochs of 24 of the stage's steps (768, 576 and 288 windows), no early stop, and a decay
every 3 epochs at every stage for a config of the guide's decay epoch. (The guide's
whole schedule, 10 and 20 decays at medium and full, would leave a cold model little rate to learn with.) Every 2nd
validation window and every 4th test window is scored after every epoch; test windows for the first two seeds only.
"""

import fcntl
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gman_search.config import at_stage
from gman_search.data.task import ForecastDataset, load_task
from gman_search.data_spec import DataSpec
from gman_search.metrics import masked_scores
from gman_search.model.growth import GrowthRules
from gman_search.space import Choice, IntRange, SearchSpace
from gman_search.stages import PRESETS, StageOverrides

__all__ = [
    "EPOCHS",
    "PLAIN",
    "RANDOM_CONFIGS",
    "SOUGHT",
    "Recorder",
    "Run",
    "config",
    "keep_run",
    "kept_runs",
    "open_task",
]

SOUGHT = Path(__file__).parent / "curves" / "sought.json"
RANDOM_CONFIGS = 64
"""Higher numbers are configs that searches went for (`incumbent_check.py`)."""
EPOCHS, STEPS, DECAY_EPOCH = 10, 24, 3.0
VALIDATION_STRIDE, TEST_STRIDE, TEST_SEEDS = 2, 4, 2
SHORTER = StageOverrides(max_epochs=EPOCHS, steps_per_epoch=STEPS, decay_epoch=DECAY_EPOCH, patience=EPOCHS)
CUT = {name: SHORTER.apply(stage) for name, stage in PRESETS.items()}


PLAIN = GrowthRules(new_weight_lr_multiplier=1)
"""Growth with nothing added, from which other rules are told apart; the product's own are `GrowthRules()`."""


@dataclass(frozen=True)
class Run:
    """One evaluation: a config at a stage with a seed, cold or grown from `parent`, by named rules."""

    task: str
    config: int
    seed: int
    stage: str
    parent: "Run | None" = None
    growth: GrowthRules = PLAIN
    warmup_steps: int = 20
    rate_rule: str = "preset"
    learning_rate: float | None = None

    @property
    def name(self) -> str:
        """What decides the outcome, as a text; parents included."""
        parts = [self.task, str(self.config), f"s{self.seed}", self.stage]
        plain, rules = PLAIN.model_dump(), self.growth.model_dump()
        parts += [f"{key}={value}" for key, value in rules.items() if self.parent and value != plain[key]]
        if self.parent and self.warmup_steps != 20:
            parts.append(f"warmup={self.warmup_steps}")
        if self.rate_rule != "preset":
            parts.append(self.rate_rule)
        if self.learning_rate is not None:
            parts.append(f"lr={self.learning_rate:g}")
        own = " ".join(parts)
        return f"{own} < {self.parent.name}" if self.parent else own


def config(number: int) -> dict[str, Any]:
    """Config `number` of the default space: 0 is the guide's, the others are drawn, each from its own stream."""
    space = SearchSpace()
    if number == 0:
        return dict(space.preset())
    if number >= RANDOM_CONFIGS:
        rows = json.loads(SOUGHT.read_text(encoding="utf-8"))
        return dict(next(row["params"] for row in rows if row["number"] == number))
    random = np.random.default_rng([2026, number])
    drawn: dict[str, Any] = {}
    for name, dimension in space.dimensions().items():
        if isinstance(dimension, Choice):
            drawn[name] = dimension.choices[int(random.integers(len(dimension.choices)))]
            continue
        low, high = (math.log(x) if dimension.log else x for x in (dimension.low, dimension.high))
        value = math.exp(random.uniform(low, high)) if dimension.log else random.uniform(low, high)
        drawn[name] = round(value) if isinstance(dimension, IntRange) else value
    return drawn


def open_task(name: str, data: Path | None) -> ForecastDataset:
    """`demo`, or `week`: the first 20 sensors of the METR-LA week in `data`."""
    if name == "demo":
        return load_task(DataSpec(), Path.cwd())
    if data is None or not (data / "metr-la-week").is_dir():
        raise SystemExit(f"the week needs --data (or GMAN_SEARCH_DATA), a folder that holds metr-la-week/; got {data}")
    from step_cases import week

    return week(data, 20)


def kept_runs(file: Path) -> dict[str, dict[str, Any]]:
    """The kept runs, by name."""
    if not file.is_file():
        return {}
    rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    return {row["run"]: row for row in rows}


def keep_run(file: Path, row: dict[str, Any]) -> None:
    """Append `row` to `file`, unless its run is there; processes may share the file."""
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if row["run"] not in kept_runs(file):
            stream.write(json.dumps(row) + "\n")


class Recorder:
    """Trains runs on one task and appends them to `file`.

    Args:
        task: what is forecast.
        file: of all kept runs, JSON lines.
        work: folder for weights.
    """

    def __init__(self, task: ForecastDataset, file: Path, work: Path) -> None:
        from gman_search.training.loop import GmanTrainer

        self.task, self.file, self.work = task, file, work
        self._trainer = GmanTrainer(task, validation_stride=VALIDATION_STRIDE)
        self._test = task.starts["test"][::TEST_STRIDE], task.windows("test").targets[::TEST_STRIDE]

    def record(self, run: Run) -> dict[str, Any]:
        """The kept row of `run`; trains it, and first its parents, where it is not there."""
        kept = kept_runs(self.file)
        if run.name in kept:
            return kept[run.name]
        if run.parent is not None:
            self._weights_of(run.parent)
        row = self._train(run, self._folder(run))
        self.keep(row)
        return row

    def _weights_of(self, run: Run) -> None:
        """Train `run`, and what it grows from, unless its weights are in the working folder."""
        folder = self._folder(run)
        if (folder / "weights.npz").is_file():
            return
        if run.parent is not None:
            self._weights_of(run.parent)
        self.keep(self._train(run, folder))

    def keep(self, row: dict[str, Any]) -> None:
        """Append `row`, unless its run is there."""
        keep_run(self.file, row)

    def _folder(self, run: Run) -> Path:
        return self.work / run.name.replace(" < ", "+").replace(" ", "_")

    def _train(self, run: Run, folder: Path) -> dict[str, Any]:
        from gman_search.training.job import Job

        params = config(run.config)
        if run.learning_rate is not None:
            params["learning_rate"] = run.learning_rate
        stage = CUT[run.stage].model_copy(update={"warmup_steps": run.warmup_steps})
        settings = at_stage(params, stage, learning_rate_rule=run.rate_rule)
        parent = self._folder(run.parent) if run.parent else None
        keeping = PLAIN.model_copy(update={"optimizer_state": "carry"})  # a parent keeps what may be carried
        growth = run.growth if run.parent else keeping
        job = Job(run.config, run.stage, settings, run.seed, folder, parent=parent, growth=growth)
        model = self._trainer.compiled(settings.shape, run.stage)
        epochs: list[Any] = []
        test: list[float | None] = []

        def on_epoch(epoch: Any) -> None:
            epochs.append(epoch)
            if run.seed >= TEST_SEEDS:
                test.append(None)
                return
            forecast = model.forecast(self._test[0], causal=settings.causal)
            test.append(masked_scores(self._test[1], forecast).mae)

        began = time.perf_counter()
        outcome = self._trainer.train(job, on_epoch)
        return {
            "run": run.name,
            "task": run.task,
            "config": run.config,
            "seed": run.seed,
            "stage": run.stage,
            "parent": run.parent.name if run.parent else None,
            "growth": run.growth.model_dump(),
            "warmup_steps": run.warmup_steps,
            "rate_rule": run.rate_rule,
            "params": params,
            "state": str(outcome.state),
            "inherited": round(float(outcome.facts["inherited"]), 4),
            "best_val": _rounded(outcome.val_mae),
            "epoch": [epoch.epoch for epoch in epochs],
            "steps": [epoch.steps for epoch in epochs],
            "train": [_rounded(epoch.train_mae) for epoch in epochs],
            "val": [_rounded(epoch.val_mae) for epoch in epochs],
            "test": [_rounded(value) for value in test],
            "seconds": [round(epoch.seconds, 2) for epoch in epochs],
            "whole_seconds": round(time.perf_counter() - began, 1),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 4)
