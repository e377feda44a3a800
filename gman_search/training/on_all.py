"""Saved models trained on with all readings, from their own weights, for as long as a rule says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gman_search.data.task import ForecastDataset
from gman_search.forecasting.model_io import SavedModel
from gman_search.forecasting.refit_facts import RefitFacts
from gman_search.halving.evaluations import State
from gman_search.halving.refit import RefitRule, best_steps, refit_schedule, refit_steps, settings_of
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.io.memory import machine_gb
from gman_search.model.growth import GrowthRules
from gman_search.spec import MEMORY_SHARE
from gman_search.training.job import Job
from gman_search.training.loop import GmanTrainer

__all__ = ["AllReadings"]

CALENDAR_KERNEL = "st_embedding/temporal/first/kernel"
"""(7 + T, D): one row for each day of the week and each time of day."""


class AllReadings:
    """Trains saved models on one task that has all readings in its training part; models of one shape are traced once.

    Args:
        task: see `data.all_readings.task_of_all`.
        new_windows: those of them that the tested models were not trained on.
        rule: how long, and at which rate.
        folder: for files that are needed while it trains.
        say: is told of a model whose refit failed.
    """

    def __init__(
        self, task: ForecastDataset, new_windows: int, rule: RefitRule, folder: Path, say: Callable[[str], None]
    ) -> None:
        self.task, self.new_windows, self.rule, self.folder, self.say = task, new_windows, rule, folder, say
        self._trainer: GmanTrainer | None = None

    def steps_of(self, saved: SavedModel, name: str) -> int:
        """Training steps that `saved` will have; 0 where its weights stay."""
        windows, config = len(self.task.starts["train"]), saved.config
        settings = settings_of(config.hyperparameters.model_dump(), name)
        best = best_steps(config.steps, settings, windows - self.new_windows)
        return refit_steps(best, windows=windows, new=self.new_windows, effort=self.rule.effort)

    def refitted(self, saved: SavedModel, name: str, facts: RefitFacts) -> SavedModel:
        """`saved` with weights and usual values of all readings; its `config.refit` is `facts` with the steps taken.

        One whose training diverges keeps its weights, and `say` is told.

        Raises:
            DataError: it was saved without its hyperparameters.
        """
        steps = self.steps_of(saved, name)
        trained = self._trained(saved, name, steps) if steps else None
        seen = np.concatenate([self.task.seen_days, self.task.seen_times])
        config = saved.config.model_copy(
            update={
                "val_mae": None,
                "coverage": {},
                "refit": facts.model_copy(update={"steps": {name: trained[1] if trained else 0}}),
            }
        )
        return replace(
            saved,
            config=config,
            weights=trained[0] if trained else saved.weights,
            seen=seen if trained else saved.seen,
            usual=None if saved.usual is None else self.task.usual.table,
        )

    def _trained(self, saved: SavedModel, name: str, steps: int) -> tuple[dict[str, np.ndarray], int] | None:
        """Weights and the steps they took; None where they are of no use."""
        settings = settings_of(saved.config.hyperparameters.model_dump(), name)
        start = self.folder / "start"
        write_arrays(start / "weights.npz", self._start(saved), {"shape": list(saved.config.shape)})
        job = Job(
            config_id=0,
            stage="refit",
            hyperparameters=refit_schedule(
                settings, steps=steps, windows=len(self.task.starts["train"]), rule=self.rule
            ),
            seed=saved.config.seed or 0,
            folder=self.folder / "end",
            parent=start,
            growth=GrowthRules(lr_multiplier=self.rule.rate, new_weight_lr_multiplier=1.0),
            keep="last",
        )
        outcome = self._opened(saved).train(job, lambda epoch: None)
        if outcome.state is not State.COMPLETE:
            self.say(f"{name} keeps its weights: its refit {outcome.reason}")
            return None
        weights, _ = read_arrays(job.folder / "weights.npz")
        return weights, int(outcome.facts["steps"])

    def _start(self, saved: SavedModel) -> dict[str, np.ndarray]:
        """The weights; days and times that the tested model has never seen begin where it had them, at nothing."""
        rows = saved.seen[:, np.newaxis]
        return {
            name: np.where(rows, array, np.zeros_like(array)) if name.endswith(CALENDAR_KERNEL) else array
            for name, array in saved.weights.items()
        }

    def _opened(self, saved: SavedModel) -> GmanTrainer:
        # The embedding is the saved one: eigenvectors that are computed again may have other signs elsewhere.
        if self._trainer is None or not np.array_equal(self._trainer.task.embedding, saved.embedding):
            self._trainer = GmanTrainer(
                replace(self.task, embedding=saved.embedding), room_gb=MEMORY_SHARE * machine_gb()
            )
        return self._trainer
