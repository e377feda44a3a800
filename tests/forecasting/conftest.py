"""A small network, and models of it saved without training: what forecasts are worth is not tested here."""

from pathlib import Path

import numpy as np
import pytest

from gman_search.data.series import TrafficSeries
from gman_search.data.task import ForecastDataset, make_task
from gman_search.data_spec import DataSpec

HYPERPARAMETERS = {"causal": True, "L": 1, "K": 2, "d": 3}


def small_task(groups: int = 0, sensors: int = 5) -> ForecastDataset:
    random = np.random.default_rng(0)
    hours = np.arange(24 * 20)
    values = 45 + 12 * np.sin(hours / 24 * 2 * np.pi)[:, None] + random.normal(0, 1.5, (len(hours), sensors))
    values[random.random(values.shape) < 0.03] = 0
    times = np.datetime64("2025-03-03T00:00", "m") + hours * 60
    series = TrafficSeries(values.astype(np.float32), times, tuple("abcdefghijklmnop"[:sensors]), 60)
    return make_task(DataSpec(history=4, horizon=3, spatial_groups=groups), series, random.normal(size=(sensors, 6)))


def saved_run(
    folder: Path,
    task: ForecastDataset,
    imputation: str = "last",
    missing: tuple = ("zero", "nan"),
    shortcuts: bool = False,
):
    """An untrained evaluation in `folder`, completed with intervals; returns (CompiledModel, SavedModel)."""
    from gman_search.io.arrays import write_arrays
    from gman_search.training.finalize import complete_run
    from gman_search.training.step import CompiledModel

    model = CompiledModel(task, (1, 2, 3), shortcuts=shortcuts)
    settings = {**HYPERPARAMETERS, **({"shortcuts": True} if shortcuts else {})}
    description = {"shape": [1, 2, 3], "hyperparameters": settings, "best_val": 1.0, "seed": 0}
    weights, random = model.fresh_weights(0), np.random.default_rng(1)
    for name in weights:
        if name.startswith("shortcuts/"):
            weights[name] = random.normal(0, 0.3, weights[name].shape).astype(np.float32)
    write_arrays(folder / "weights.npz", weights, description)
    complete_run(task, folder, model, DataSpec(imputation=imputation, missing_values=missing))
    return model


@pytest.fixture(scope="session")
def task() -> ForecastDataset:
    """Five sensors, hourly, twenty days; P = 4, Q = 3."""
    return small_task()


@pytest.fixture(scope="session")
def run(tmp_path_factory, task):
    """(folder of a saved model, the CompiledModel with the same weights)."""
    folder = tmp_path_factory.mktemp("saved")
    return folder, saved_run(folder, task)
