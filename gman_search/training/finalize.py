"""A trained evaluation made fit for forecasting."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gman_search.data.task import ForecastDataset
from gman_search.data_spec import DataSpec
from gman_search.forecasting.intervals import calibrated, free_flow_readings
from gman_search.forecasting.model_io import ModelConfig, SavedModel, data_facts, write_saved_model
from gman_search.io.arrays import read_arrays
from gman_search.model.shape import ModelShape
from gman_search.tf_logging import start_tensorflow_quietly

if TYPE_CHECKING:
    from gman_search.training.step import CompiledModel

__all__ = ["complete_model", "complete_run", "with_intervals"]


def complete_model(task: ForecastDataset, source: Path, data: DataSpec) -> SavedModel:
    """The weights of the evaluation in `source` with all else that forecasting needs; no interval widths yet.

    `data` says how readings were read and filled in.
    """
    weights, description = read_arrays(source / "weights.npz")
    config = ModelConfig(
        shape=description["shape"],
        hyperparameters=description["hyperparameters"],
        **data_facts(task, data),
        imputation=data.imputation,
        C=task.inputs.shape[2] if task.inputs.ndim == 3 else 1,
        groups=task.groups,
        val_mae=description["best_val"],
        seed=description["seed"],
        steps=description.get("step"),
    )
    L, K, d = config.shape
    seen = np.concatenate([task.seen_days, task.seen_times])
    return SavedModel(
        config,
        weights,
        task.embedding,
        seen,
        _partitions(ModelShape(L, K, d, groups=task.groups), len(config.sensors)),
        usual=task.usual.table if config.hyperparameters.shortcuts else None,
        holidays=task.holiday_dates,
    )


def complete_run(task: ForecastDataset, run: Path, model: "CompiledModel", data: DataSpec) -> None:
    """Turn the weights that training left in `run` into a saved model, intervals included."""
    write_saved_model(with_intervals(complete_model(task, run, data), task, model), run)


def with_intervals(saved: SavedModel, task: ForecastDataset, model: "CompiledModel") -> SavedModel:
    """`saved` with the interval widths that its errors on the whole validation part give."""
    model.state.load_weights(saved.weights)
    forecast = model.forecast(task.starts["val"], causal=saved.config.hyperparameters.causal)
    first, end = task.train_rows
    targets, usual = task.windows("val").targets, free_flow_readings(task.targets[first:end])
    return replace(saved, intervals=calibrated(targets, forecast, usual))


def _partitions(shape: ModelShape, sensors: int) -> np.ndarray | None:
    """The groups of each block in evaluation; only they need TensorFlow, whose random numbers they are."""
    if not shape.groups:
        return None
    start_tensorflow_quietly()
    from gman_search.forecasting.tensorflow_network import evaluation_partitions

    return evaluation_partitions(shape, sensors)
