"""Does scale pay, with shortcuts and months of data? One good config at quick, medium and full, cold and grown.

    python benchmarks/scale_pays.py [--network us101] [--minutes 60] [--set learning_rate=0.006] [--workers 2] [--keep]
    python benchmarks/scale_pays.py --summary

Every model has the same time, `--minutes`, on one thread, and its schedule fits that time: a first look times its
steps, and the epochs that fit (at most the guide's passes over the data) get all decays of the three-stage guide. It
ends earlier by early stopping. An epoch is a part of the training windows (`--windows`), so that large models have
epochs enough to stop at. Full grows from the grown medium model, that from quick; a grown model's time comes on top of
its parents'. The weights of the least validation error are tested. A model that is kept already is not trained again,
unless a larger one grows from it and its weights are gone.
"""

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from markdown_tables import markdown_table
from results_io import RESULTS, described, keep
from rivals_networks import NAMES, named_network
from rivals_product import SHOWN

from gman_search.config import Hyperparameters, at_stage
from gman_search.space import SearchSpace
from gman_search.specification import toml_value
from gman_search.stages import PRESETS
from gman_search.tuning.process import prepare_environment

DATA = Path(__file__).parents[2] / "shared" / "data"
CHAINS = (("quick",), ("full",), ("medium",), ("quick", "medium"), ("quick", "medium", "full"))
"""The stages that a model went through; one alone is trained cold."""
LOOK_STEPS = 8
TIME_USED = 0.95
"""Share of the time that epochs are planned for: steps are not equally fast all the time."""
PLANNED_AT_LEAST = 3


@dataclass(frozen=True)
class Question:
    """What all models share."""

    network: str
    data: str
    params: dict[str, Any]
    seed: int
    minutes: float
    windows: int
    patience: int

    @property
    def told(self) -> dict[str, Any]:
        """All but where files lie."""
        return {key: value for key, value in asdict(self).items() if key != "data"}


def planned(stage: str, question: Question, epoch_seconds: float, train_windows: int) -> Hyperparameters:
    """Hyperparameters of a training that fits the time, with all of the guide's decays."""
    guide = PRESETS[stage]
    fit = math.floor(TIME_USED * 60 * question.minutes / epoch_seconds)
    most = math.ceil(guide.max_epochs * train_windows / min(question.windows, train_windows))
    epochs = min(max(fit, PLANNED_AT_LEAST), most)
    fitted = guide.model_copy(
        update={
            "max_epochs": epochs,
            "decay_epoch": guide.decay_epoch * epochs / guide.max_epochs,
            "steps_per_epoch": max(1, round(question.windows / guide.batch_size)),
            "patience": question.patience,
        }
    )
    return at_stage({**SearchSpace().preset(), **question.params}, fitted, shortcuts=True)


def seconds_of_an_epoch(trainer: Any, settings: Hyperparameters, stage: str, stride: int, work: Path) -> float:
    """By a look at a few steps, and at the validation part."""
    from dataclasses import replace

    from gman_search.training.job import Job

    task, steps = trainer.task, math.ceil((settings.windows_per_epoch or 1) / settings.batch_size)
    look = replace(settings, max_epochs=2, windows_per_epoch=LOOK_STEPS * settings.batch_size)
    epochs: list[Any] = []
    trainer.train(Job(0, stage, look, 0, work), epochs.append)
    shutil.rmtree(work)
    began = time.perf_counter()
    model = trainer.compiled(settings.shape, stage, shortcuts=settings.shortcuts)
    model.forecast(task.starts["val"][::stride], causal=settings.causal)
    validation = time.perf_counter() - began
    step = max(epochs[-1].seconds - validation, 1e-3 * LOOK_STEPS) / LOOK_STEPS  # the first epoch compiles
    return float(step * min(steps, len(task.starts["train"]) / settings.batch_size) + validation)


def trained(question: Question, chain: tuple[str, ...], work: Path) -> dict[str, Any]:
    """Train one model, in a process of its own, and test it."""
    from gman_search.tf_logging import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.training.job import Job, StopTraining
    from gman_search.training.loop import GmanTrainer
    from gman_search.training.test_evaluator import TestEvaluator

    network = named_network(question.network, Path(question.data))
    task, stage = network.task(), chain[-1]
    stride = network.spec.stride_of(len(task.starts["val"]))
    trainer = GmanTrainer(task, validation_stride=stride, stages=PRESETS)
    here, windows = folder_of(work, chain), len(task.starts["train"])
    look = planned(stage, question, 60 * question.minutes, windows)
    epoch_seconds = seconds_of_an_epoch(trainer, look, stage, stride, here.with_name(f"{here.name}-look"))
    settings = planned(stage, question, epoch_seconds, windows)
    parent = folder_of(work, chain[:-1]) if len(chain) > 1 else None
    epochs: list[Any] = []
    began = time.perf_counter()

    def on_epoch(epoch: Any) -> None:
        epochs.append(epoch)
        if epoch.epoch % 10 == 0:
            print(f"{' > '.join(chain)}: epoch {epoch.epoch} of {settings.max_epochs}, {epoch.val_mae:.3f}",
                  file=sys.stderr, flush=True)  # fmt: skip
        if time.perf_counter() - began > 60 * question.minutes and epoch.epoch < settings.max_epochs:
            raise StopTraining

    try:
        outcome = trainer.train(Job(0, stage, settings, question.seed, here, parent=parent), on_epoch)
        ended = outcome.reason or "all planned epochs"
    except StopTraining:
        ended = "time"
    seconds = time.perf_counter() - began
    best = min(epochs, key=lambda at: at.val_mae if math.isfinite(at.val_mae) else math.inf)
    steps, mean = TestEvaluator(task, network.spec).scores(here)
    return {
        "chain": list(chain),
        **question.told,
        "val": round(best.val_mae, 4),
        "test": {at: round(steps[int(at)].mae, 4) for at in SHOWN} | {"mean": round(mean.mae, 4)},
        "best_epoch": best.epoch,
        "epochs": epochs[-1].epoch,
        "planned_epochs": settings.max_epochs,
        "steps": epochs[-1].steps,
        "seconds": round(seconds, 1),
        "ended": ended,
        "val_by_epoch": [round(at.val_mae, 4) if math.isfinite(at.val_mae) else None for at in epochs],
    }


def folder_of(work: Path, chain: tuple[str, ...]) -> Path:
    """Where a model's weights are."""
    return work / "-".join(chain)


def missing(rows: list[dict[str, Any]], question: Question, work: Path) -> list[tuple[str, ...]]:
    """Chains to train: what is not kept, and those that it grows from where their weights are gone."""
    there = [tuple(row["chain"]) for row in rows if question.told.items() <= row.items()]
    wanted = [chain for chain in CHAINS if chain not in there]
    for chain in wanted:  # grows while it is read
        parent = chain[:-1]
        if parent and parent not in wanted and not (folder_of(work, parent) / "weights.npz").is_file():
            wanted.append(parent)
    return sorted(wanted, key=CHAINS.index)


def measured(question: Question, rows: list[dict[str, Any]], workers: int, work: Path, *, write: bool) -> None:
    """Train all that is missing, some at a time, parents first; `rows` takes what comes, and is kept if `write`."""
    left = missing(rows, question, work)
    running: dict[Future[dict[str, Any]], tuple[str, ...]] = {}
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=prepare_environment, initargs=(1,), max_tasks_per_child=1
    ) as pool:
        while left or running:
            for chain in list(left):
                if chain[:-1] not in (*left, *running.values()):
                    left.remove(chain)
                    running[pool.submit(trained, question, chain, work)] = chain
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                chain, row = running.pop(future), future.result()
                same = [old for old in rows if tuple(old["chain"]) == chain and question.told.items() <= old.items()]
                rows[:] = [old for old in rows if old not in same] + [row]
                print(json.dumps({**row, "val_by_epoch": None}), file=sys.stderr, flush=True)
                if write:
                    keep("scale-pays", described("scale-pays", rows=rows))


def table(rows: list[dict[str, Any]]) -> str:
    """Every model in Markdown; its time, and with that of those it grew from."""
    head = ("network", "model", "start", "validation", "15 min", "30 min", "60 min", "mean", "best epoch", "epochs")
    body = []
    for row in sorted(rows, key=_order):
        shared = {key: row[key] for key in ("network", "params", "seed", "minutes", "windows", "patience")}
        chain = row["chain"]
        line = [one for one in rows if shared.items() <= one.items() and one["chain"] == chain[: len(one["chain"])]]
        told = [row["network"], chain[-1], "cold" if len(chain) == 1 else "grown", f"{row['val']:.3f}"]
        told += [f"{row['test'][at]:.3f}" for at in (*SHOWN, "mean")]
        told += [row["best_epoch"], f"{row['epochs']} of {row['planned_epochs']}", row["steps"]]
        told += [f"{row['seconds'] / 60:.1f}", f"{sum(one['seconds'] for one in line) / 60:.1f}", row["ended"]]
        body.append(told)
    return markdown_table([*head, "steps", "minutes", "with parents", "ended by"], body)


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["network"], row["minutes"], row["seed"], list(PRESETS).index(row["chain"][-1]), len(row["chain"])


def main(words: list[str] | None = None) -> None:
    """Train what is not kept, or print what is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NAMES, default="us101")
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA") or DATA)
    parser.add_argument("--minutes", type=float, default=60, help="of each model")
    parser.add_argument("--windows", type=int, default=4096, help="training windows of an epoch")
    parser.add_argument("--patience", type=int, default=10, help="epochs without a better validation error")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="at quick scale")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="models at a time, each with one thread")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "gman-search-scale")
    for name in ("keep", "json", "summary"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args(words)
    file = RESULTS / "scale-pays.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["rows"] if file.is_file() else []
    if not chosen.summary:
        params = {
            key.strip(): toml_value(value.strip()) for key, _, value in (text.partition("=") for text in chosen.set)
        }
        unknown = set(params) - set(SearchSpace().preset())
        if unknown:
            parser.error(f"expected --set with one of {', '.join(SearchSpace().preset())}; received {unknown}")
        question = Question(chosen.network, str(chosen.data), params, chosen.seed, chosen.minutes, chosen.windows,
                            chosen.patience)  # fmt: skip
        rows = rows if chosen.keep else []
        work = chosen.work / f"{chosen.network}-{chosen.seed}-{chosen.minutes:g}"
        measured(question, rows, chosen.workers, work, write=chosen.keep)
    print(json.dumps(described("scale-pays", rows=rows), indent=2) if chosen.json else table(rows))


if __name__ == "__main__":
    main()
