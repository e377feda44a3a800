"""Training one evaluation from its first epoch to its outcome."""

import logging
import math
import time
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from gman_search.config import Hyperparameters
from gman_search.data.estimate import task_shape
from gman_search.data.step_plan import StepSizes, plan_step
from gman_search.data.task import ForecastDataset
from gman_search.errors import DataError
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.metrics import masked_scores
from gman_search.model.shortcut_weights import COEFFICIENTS_NAME
from gman_search.record import Epoch
from gman_search.stages import Stage
from gman_search.training.checkpoints import BEFORE, CHECKPOINT, read_checkpoint, write_checkpoint
from gman_search.training.diagnosis import has_diverged
from gman_search.training.job import Job, TrainingResult
from gman_search.training.progress import TrainingProgress
from gman_search.training.refit import WINDOWS, refitted
from gman_search.training.schedule import bn_momentum, learning_rate
from gman_search.training.step import CompiledModel, StepValues
from gman_search.training.tensorboard_log import tensorboard_log
from gman_search.training.warm_start import init_optimizer_state, load_grown, set_rates

__all__ = ["GmanTrainer"]

log = logging.getLogger(__name__)


class GmanTrainer:
    """Trains evaluations on one forecasting task; compiles each model shape once and keeps it.

    Args:
        task: readings, calendar, embedding, windows.
        validation_stride: every how many-th validation window is used.
        stages: by name; from them come XLA and precision. `xla` "auto" means on a GPU only, because on CPUs it costs
            more than it gains. A stage that is not here runs without XLA in float32.
        room_gb: memory of this process, which steps are made to fit into (see `data.step_plan`); None: they are taken
            as a whole, as they are on a GPU.
    """

    def __init__(
        self,
        task: ForecastDataset,
        *,
        validation_stride: int = 1,
        stages: Mapping[str, Stage] | None = None,
        room_gb: float | None = None,
    ) -> None:
        self.task = task
        self.stages = dict(stages or {})
        self._room_gb = None if tf.config.list_physical_devices("GPU") else room_gb
        self._compiled: dict[tuple[tuple[int, int, int], bool, bool, str, bool], CompiledModel] = {}
        some = task.windows("val").take(slice(None, None, validation_stride))
        self._val_starts, self._val_truth = some.starts, some.targets

    def compiled(
        self, shape: tuple[int, int, int], stage: str = "", *, shortcuts: bool = False, recompute: bool = False
    ) -> CompiledModel:
        """The model of this shape, with or without shortcuts, traced at most once in this process."""
        settings = self.stages.get(stage)
        wish, precision = (settings.xla, settings.precision) if settings else ("off", "float32")
        xla = wish == "on" or (wish == "auto" and bool(tf.config.list_physical_devices("GPU")))
        key = (shape, shortcuts, xla, precision, recompute)
        if key not in self._compiled:
            self._compiled[key] = CompiledModel(
                self.task, shape, shortcuts=shortcuts, xla=xla, precision=precision, recompute=recompute
            )
        return self._compiled[key]

    def fitting(self, settings: Hyperparameters, stage: str) -> CompiledModel:
        """The model whose steps fit into this process's memory."""
        plan = plan_step(StepSizes(*settings.shape, settings.batch_size, **task_shape(self.task)), self._room_gb)
        model = self.compiled(settings.shape, stage, shortcuts=settings.shortcuts, recompute=plan.recompute)
        model.windows_at_once = plan.windows_at_once
        return model

    def train(self, job: Job, on_epoch: Callable[[Epoch], None]) -> TrainingResult:
        """Train `job` to its end (see `Trainer`)."""
        settings = job.hyperparameters
        model = self.fitting(settings, job.stage)
        progress = self._resumed(job, model, on_epoch) or self._started(job, model, on_epoch)
        set_rates(model, job, progress.warm)
        with tensorboard_log(job) as show:
            reason = self._epochs(job, model, progress, on_epoch, show)
        if job.refit and settings.shortcuts and math.isfinite(progress.best_val):
            self._refit(job, model, progress)
        return progress.result(reason)

    def _started(self, job: Job, model: CompiledModel, on_epoch: Callable[[Epoch], None]) -> TrainingProgress:
        began = time.perf_counter()
        parent = None if job.parent is None else read_arrays(job.parent / "weights.npz")
        # An earlier run's files, if this one ends without any, would pass for its own.
        for name in ("weights.npz", "moments.npz", CHECKPOINT, BEFORE):
            (job.folder / name).unlink(missing_ok=True)
        if parent is None:
            model.state.load_weights(model.fresh_weights(job.seed))
            return TrainingProgress()
        progress = TrainingProgress(inherited=load_grown(model, job, parent))
        # The grown model before its first step: it must stand where its parent ended.
        val = self._validate(model, job.hyperparameters)
        progress.warm = init_optimizer_state(model, job, self.task.starts["train"], parent)
        self._keep_best(job, model, progress, Epoch(0, 0, None, val, 0.0, time.perf_counter() - began), on_epoch)
        return progress

    def _resumed(self, job: Job, model: CompiledModel, on_epoch: Callable[[Epoch], None]) -> TrainingProgress | None:
        if job.resume_from is None:
            return None
        try:
            vectors, description = read_checkpoint(job.resume_from)
            best, best_description = read_arrays(job.resume_from / "weights.npz")
        except DataError as error:
            log.warning("%s/%d begins again: %s", job.stage, job.config_id, error)
            return None
        if description["hyperparameters"] != job.hyperparameters.to_dict() or description["seed"] != job.seed:
            return None
        model.state.parameters.assign(vectors["parameters"])
        model.state.statistics.assign(vectors["statistics"])
        model.state.load_moments(vectors)
        progress = TrainingProgress.resumed(description, best_description)
        write_arrays(job.folder / "weights.npz", best, best_description)
        write_checkpoint(job.folder, vectors, description)
        for epoch in progress.epochs:
            on_epoch(epoch)
        return progress

    def _epochs(
        self,
        job: Job,
        model: CompiledModel,
        progress: TrainingProgress,
        on_epoch: Callable[[Epoch], None],
        show: Callable[[Epoch], None],
    ) -> str:
        settings = job.hyperparameters
        patience_over = f"early stop: no better validation MAE in {settings.patience} epochs"
        for number in range(progress.last_epoch + 1, settings.max_epochs + 1):
            if progress.last_epoch - progress.best_epoch >= settings.patience:
                return patience_over  # a resumed attempt may have been lost just here
            began = time.perf_counter()
            train_mae, rate = self._one_epoch(job, model, progress, number - 1)
            val_mae = self._validate(model, settings) if math.isfinite(train_mae) else math.nan
            epoch = Epoch(number, progress.step, train_mae, val_mae, rate, time.perf_counter() - began)
            show(epoch)
            past = [*progress.epochs, epoch]
            if has_diverged([e.train_mae for e in past if e.train_mae is not None], [e.val_mae for e in past]):
                progress.epochs.append(epoch)
                return f"diverged in epoch {number}: validation MAE {val_mae:.3g}"
            self._keep_best(job, model, progress, epoch, on_epoch)
        return patience_over if progress.last_epoch - progress.best_epoch >= settings.patience else ""

    def _one_epoch(self, job: Job, model: CompiledModel, progress: TrainingProgress, epoch: int) -> tuple[float, float]:
        settings = job.hyperparameters
        # Order of windows depends on seed and epoch alone, so a resumed evaluation sees the same batches.
        order = np.random.default_rng([job.seed, epoch]).permutation(self.task.starts["train"])
        order = order[: settings.windows_per_epoch]
        results = []
        base = settings.learning_rate * (job.growth.lr_multiplier if job.parent is not None else 1.0)
        rate = base
        for first in range(0, len(order), settings.batch_size):
            position = epoch + first / len(order)
            rate = learning_rate(
                base,
                epoch=position,
                step=progress.step,
                decay_epoch=settings.decay_epoch,
                decay_rate=settings.decay_rate,
                warmup_steps=settings.warmup_steps if job.parent is not None else 0,
                max_epochs=settings.max_epochs,
                anneal=settings.anneal,
            )
            values = StepValues(
                learning_rate=rate,
                weight_decay=settings.weight_decay,
                clip_norm=settings.clip_norm,
                dropout=settings.dropout,
                bn_momentum=bn_momentum(
                    settings.bn_momentum,
                    settings.bn_momentum_rule,
                    step=progress.warm.bn_steps + progress.step,
                    epoch=position,
                    decay_epoch=settings.decay_epoch,
                ),
                causal=settings.causal,
                step=progress.step,
                seed=job.seed,
                earlier_updates=progress.warm.earlier_updates,
            )
            results.append(model.train_step(order[first : first + settings.batch_size], values))
            progress.step += 1
        errors = np.array([(float(error), float(count)) for error, count in results]).sum(axis=0)
        # Nothing counted: every step overflowed in float16 and was skipped.
        return float(errors[0] / errors[1]) if errors[1] else math.nan, rate

    def _validate(self, model: CompiledModel, settings: Hyperparameters) -> float:
        forecast = model.forecast(self._val_starts, causal=settings.causal)
        return masked_scores(self._val_truth, forecast).mae if np.isfinite(forecast).all() else math.nan

    def _refit(self, job: Job, model: CompiledModel, progress: TrainingProgress) -> None:
        """Fit the shortcuts of the best epoch's output again; kept where the validation MAE gets lower."""
        weights, _ = read_arrays(job.folder / "weights.npz")
        model.state.load_weights(weights)
        every = max(1, len(self.task.starts["train"]) // WINDOWS)
        starts = self.task.starts["train"][::every]
        forecast = model.forecast(starts, causal=job.hyperparameters.causal)
        weights[COEFFICIENTS_NAME] = refitted(self.task, weights[COEFFICIENTS_NAME], starts, forecast)
        model.state.load_weights(weights)
        val_mae = self._validate(model, job.hyperparameters)
        if val_mae < progress.best_val:
            progress.best_val = val_mae
            write_arrays(job.folder / "weights.npz", weights, progress.description(job))

    def _keep_best(
        self,
        job: Job,
        model: CompiledModel,
        progress: TrainingProgress,
        epoch: Epoch,
        on_epoch: Callable[[Epoch], None],
    ) -> None:
        progress.epochs.append(epoch)
        if job.keep == "last" or epoch.val_mae < progress.best_val:
            progress.best_val, progress.best_epoch = epoch.val_mae, epoch.epoch
            write_arrays(job.folder / "weights.npz", model.state.weights(), progress.description(job))
            if job.growth.optimizer_state == "carry":
                write_arrays(
                    job.folder / "moments.npz", model.state.named_moments(progress.step), progress.description(job)
                )
        vectors = {
            "parameters": model.state.parameters.numpy(),
            "statistics": model.state.statistics.numpy(),
            **model.state.moments(),
        }
        write_checkpoint(job.folder, vectors, progress.description(job))
        # Reported last: whoever stops the evaluation here finds this epoch on disk.
        on_epoch(epoch)
