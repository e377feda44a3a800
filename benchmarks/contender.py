"""One worker of another search in `head_to_head.py`: Optuna or KerasTuner at full scale, or nobody's search.

The searches know GMAN only as a thing that trains and reports after every epoch: the same model class, the same
compiled step, the same data and search space as the full stage of our own search. A config may be trained for as many
epochs as all of our stages have (`contest_budget.py`). `preset` searches nothing: one worker trains the guide's config
at quick for the guide's 50 epochs, the other at full for as long as the peers may, seed after seed. Every ending is a
line of `endings-INDEX.jsonl`: the Unix time, the validation MAE of the best epoch, the stage, and the folder of
the weights.

With `--network` (in `anytime.py`) it is one of `rivals_networks.py`, the model is GMAN with shortcuts, as in ours, and
the stage is quick with the guide's whole budget: there an epoch of full would be longer than the contest.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contest_budget import BUDGETS, at_full
from rivals_networks import NAMES, named_network

from gman_search.stages import PRESETS, Stage

if TYPE_CHECKING:
    from gman_search.data.task import ForecastDataset

__all__ = ["Evaluator", "keras_tuner_worker", "optuna_worker", "preset_worker"]


class OutOfTime(BaseException):
    """The wall clock of the contest is over; no search may take it for a failed evaluation."""


class Evaluator:
    """Trains configs at one scale, epoch by epoch, and notes what came of them.

    Args:
        task: readings and windows.
        work: folder of the contender.
        index: of this worker.
        deadline: Unix time at which everything ends.
        stage: size and epochs.
        validation_stride: every how many-th validation window is scored.
        shortcuts: of the model.
    """

    def __init__(
        self,
        task: "ForecastDataset",
        work: Path,
        index: int,
        deadline: float,
        stage: Stage,
        validation_stride: int = 1,
        shortcuts: bool = False,
    ) -> None:
        from gman_search.training.loop import GmanTrainer

        self.stage, self._shortcuts = stage, shortcuts
        self._trainer = GmanTrainer(task, validation_stride=validation_stride)
        self._work, self._deadline = work, deadline
        self._endings = work / f"endings-{index}.jsonl"

    def train(
        self,
        name: str,
        params: dict[str, Any],
        seed: int,
        *,
        epochs: int | None = None,
        after: str | None = None,
        look: Callable[[int, float], None] = lambda epoch, val: None,
    ) -> float:
        """Best validation MAE of a config; `look` may end it by an exception.

        Args:
            name: of its folder.
            params: of the search space.
            seed: of weights and batches.
            epochs: how many in all; none: all.
            after: name of the evaluation of the same config that this one goes on with.
        """
        from gman_search.config import at_stage
        from gman_search.space import SearchSpace
        from gman_search.training.job import Job, StopTraining

        folder, best = self._work / name, [float("inf")]

        def on_epoch(epoch: Any) -> None:
            best[0] = min(best[0], epoch.val_mae)
            if time.time() > self._deadline:
                raise OutOfTime
            look(epoch.epoch, epoch.val_mae)
            if epoch.epoch == epochs:
                raise StopTraining

        settings = at_stage({**SearchSpace().preset(), **params}, self.stage, shortcuts=self._shortcuts)
        resume = None if after is None else self._work / after
        try:
            self._trainer.train(Job(0, self.stage.name, settings, seed, folder, resume_from=resume), on_epoch)
        except StopTraining:
            pass
        finally:
            if best[0] < float("inf"):
                self._note(name, best[0])
        return best[0]

    def _note(self, name: str, val: float) -> None:
        with self._endings.open("a", encoding="utf-8") as stream:
            told = {"time": time.time(), "val": val, "folder": name, "stage": self.stage.name}
            stream.write(json.dumps(told) + "\n")


def preset_worker(evaluator: Evaluator, seed: int, index: int) -> None:
    """The guide's config, seed after seed."""
    for again in count():
        evaluator.train(f"{evaluator.stage.name}-{again}", {}, 1000 * seed + 10 * again + index)


def optuna_worker(evaluator: Evaluator, work: Path, seed: int, index: int) -> None:
    """TPE and the Hyperband pruner, as Optuna's documentation recommends for deep learning."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from replay_methods import DRAWN, PRESET

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    epochs = evaluator.stage.max_epochs
    study = optuna.create_study(
        study_name=f"contest-{seed}",  # Hyperband draws brackets by it
        storage=JournalStorage(JournalFileBackend(str(work / "journal.log"))),
        load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=10 * seed + index, multivariate=True, constant_liar=True),
        pruner=optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3),
    )
    if index == 0:
        study.enqueue_trial(PRESET, skip_if_exists=True)

    def objective(trial: optuna.Trial) -> float:
        params = {name: trial._suggest(name, distribution) for name, distribution in DRAWN.items()}

        def look(epoch: int, val: float) -> None:
            trial.report(val, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        return evaluator.train(f"trial-{trial.number}", params, 1000 * seed + trial.number, look=look)

    study.optimize(objective)


def keras_tuner_worker(evaluator: Evaluator | None, work: Path, seed: int, epochs: int) -> None:
    """KerasTuner's Hyperband with its own way of many workers: a chief (no evaluator) and those who ask it."""
    import keras_tuner
    from optuna.distributions import CategoricalDistribution, FloatDistribution
    from replay_methods import DRAWN, PRESET

    space = keras_tuner.HyperParameters()
    for name, own in DRAWN.items():
        if isinstance(own, CategoricalDistribution):
            space.Choice(name, list(own.choices), default=PRESET[name])
        elif isinstance(own, FloatDistribution):
            space.Float(name, own.low, own.high, default=PRESET[name], sampling="log" if own.log else "linear")
        else:
            space.Int(name, own.low, own.high, default=PRESET[name])

    class Tuner(keras_tuner.engine.base_tuner.BaseTuner):  # type: ignore[misc, name-defined]
        def run_trial(self, trial: Any, *_: Any, **__: Any) -> float:
            values = trial.hyperparameters.values
            params = {name: values[name] for name in DRAWN}
            seed_of_config = sum(map(ord, json.dumps(params))) + seed  # a config that goes on keeps its seed
            return evaluator.train(
                f"trial-{trial.trial_id}",
                params,
                seed_of_config,
                epochs=values["tuner/epochs"],
                after=f"trial-{values['tuner/trial_id']}" if values.get("tuner/trial_id") else None,
            )

        def _populate_initial_space(self) -> None:
            """The space is given; there is no Keras model to build for it."""

        def save(self) -> None:
            """Nothing: a contest is not resumed."""

    oracle = keras_tuner.oracles.HyperbandOracle(
        objective=keras_tuner.Objective("val", "min"), max_epochs=epochs, factor=3, hyperband_iterations=1000,
        hyperparameters=space, seed=seed, max_consecutive_failed_trials=3,
    )  # fmt: skip
    Tuner(oracle, directory=str(work), project_name="contest", overwrite=False).search()


def _evaluator(chosen: argparse.Namespace, stage: Stage) -> Evaluator:
    own = (chosen.work, chosen.index, chosen.deadline, stage)
    if chosen.network:
        network = named_network(chosen.network, chosen.data)
        task = network.task()
        return Evaluator(task, *own, network.spec.stride_of(len(task.starts["val"])), shortcuts=True)
    from recorder import open_task

    return Evaluator(open_task("week", chosen.data), *own)


def main() -> None:
    """Work until the deadline."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["optuna", "keras-tuner", "keras-tuner-chief", "preset"])
    parser.add_argument("--budget", choices=list(BUDGETS), default="fifth")
    parser.add_argument("--network", choices=NAMES)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    for name in ("seed", "index"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--deadline", type=float, required=True)
    chosen = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    stage = PRESETS["quick"] if chosen.network else at_full(chosen.budget)
    if chosen.kind == "keras-tuner-chief":
        keras_tuner_worker(None, chosen.work, chosen.seed, stage.max_epochs)
        return
    if chosen.kind == "preset" and chosen.index == 0:
        stage = PRESETS["quick"]
    evaluator = _evaluator(chosen, stage)
    try:
        if chosen.kind == "optuna":
            optuna_worker(evaluator, chosen.work, chosen.seed, chosen.index)
        elif chosen.kind == "preset":
            preset_worker(evaluator, chosen.seed, chosen.index)
        else:
            keras_tuner_worker(evaluator, chosen.work, chosen.seed, stage.max_epochs)
    except OutOfTime:
        return


if __name__ == "__main__":
    sys.exit(main())
