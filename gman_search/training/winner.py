"""A trained evaluation made fit for forecasting."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gman_search.data.task import ForecastTask
from gman_search.forecasting.forecaster import evaluation_partings
from gman_search.forecasting.intervals import calibrated, usual_readings
from gman_search.forecasting.saved import About, SavedModel, data_facts, write_saved_model
from gman_search.model.gman import ModelShape
from gman_search.spec import DataSpec
from gman_search.training.checkpoints import read_arrays
from gman_search.training.step import CompiledModel

__all__ = ["complete_model", "complete_run", "with_intervals"]


def complete_model(task: ForecastTask, source: Path, data: DataSpec) -> SavedModel:
    """The weights of the evaluation in `source` with all else that forecasting needs; no interval widths yet.

    `data` says how readings were read and filled in.
    """
    weights, description = read_arrays(source / "weights.npz")
    about = About(
        shape=description["shape"],
        hyperparameters=description["hyperparameters"],
        **data_facts(task, data),
        missing_inputs=data.missing_inputs,
        C=task.inputs.shape[2] if task.inputs.ndim == 3 else 1,
        groups=task.groups,
        val_mae=description["best_val"],
        seed=description["seed"],
    )
    L, K, d = about.shape
    shape = ModelShape(L, K, d, groups=task.groups)
    seen = np.concatenate([task.seen_days, task.seen_times])
    return SavedModel(
        about,
        weights,
        task.embedding,
        seen,
        evaluation_partings(shape, len(about.sensors)),
        usual=task.usual.table if about.hyperparameters.shortcuts else None,
        holidays=task.holiday_dates,
    )


def complete_run(task: ForecastTask, run: Path, model: CompiledModel, data: DataSpec) -> None:
    """Turn the weights that training left in `run` into a saved model, intervals included."""
    write_saved_model(with_intervals(complete_model(task, run, data), task, model), run)


def with_intervals(saved: SavedModel, task: ForecastTask, model: CompiledModel) -> SavedModel:
    """`saved` with the interval widths that its errors on the whole validation part give."""
    model.state.load_weights(saved.weights)
    forecast = model.forecast(task.starts["val"], causal=saved.about.hyperparameters.causal)
    first, end = task.train_rows
    targets, usual = task.windows("val").targets, usual_readings(task.targets[first:end])
    return replace(saved, intervals=calibrated(targets, forecast, usual))
