"""AutoGluon-TimeSeries in `rivals.py`, where it is installed: a tool that plans for a time limit, as ours does.

It is given the training and the validation part (it holds out a part of its own), MAE as its measure, the horizon, and
as many seconds as the search; everything else is its default. Then it forecasts test windows in one call, each with the
readings of up to two days before it. That takes its models seconds a window, so no more than MOST_WINDOWS windows
spread evenly over the test part are forecast; the row's notes say how many. Missing readings are left to it.
"""

import importlib.util
import time
from pathlib import Path
from typing import Any

import numpy as np
from rivals_product import SHOWN, Part, row

from gman_search.data.task import ForecastDataset
from gman_search.metrics import mean_of_steps, scores_by_step

__all__ = ["NAME", "autogluon"]

NAME = "AutoGluon-TimeSeries"
MOST_WINDOWS = 100
DAYS_BEFORE = 2
NOT_INSTALLED = "AutoGluon-TimeSeries is not installed: pip install autogluon.timeseries"


def installed() -> bool:
    """Whether it can be imported."""
    return importlib.util.find_spec("autogluon") is not None and (
        importlib.util.find_spec("autogluon.timeseries") is not None
    )


def autogluon(task: ForecastDataset, minutes: float, seed: int, folder: Path) -> Part:
    """Fit it for so many minutes and score it on some of the test windows."""
    if not installed():
        return Part([], 0.0, [NOT_INSTALLED])
    from autogluon.timeseries import TimeSeriesPredictor

    began = time.perf_counter()
    known = int(task.starts["test"][0])
    sensors = task.series.sensors
    predictor = TimeSeriesPredictor(
        prediction_length=task.Q, freq=f"{task.series.step_minutes}min", eval_metric="MAE", path=str(folder / "ag")
    )
    fitted = _frame(task, {name: (slice(0, known), index) for index, name in enumerate(sensors)})
    predictor.fit(fitted, time_limit=60 * minutes, random_seed=seed)
    seconds = time.perf_counter() - began

    starts = task.starts["test"]
    chosen = starts[np.unique(np.linspace(0, len(starts) - 1, min(MOST_WINDOWS, len(starts))).astype(int))]
    before = DAYS_BEFORE * task.T
    began = time.perf_counter()
    items = {
        f"{index}/{name}": (slice(max(0, start + task.P - before), start + task.P), column)
        for index, start in enumerate(chosen)
        for column, name in enumerate(sensors)
    }
    answer = predictor.predict(_frame(task, items), random_seed=seed)
    took = 1000 * (time.perf_counter() - began) / len(chosen)
    column = "0.5" if "0.5" in answer.columns else "mean"  # the median is what MAE asks for
    ahead = np.stack([answer.loc[name][column].to_numpy() for name in items])
    forecast = ahead.reshape(len(chosen), len(sensors), task.Q).transpose(0, 2, 1)
    truth = task.targets[chosen[:, np.newaxis] + task.P + np.arange(task.Q)]
    steps = scores_by_step(truth, forecast)
    test = {at: steps[int(at)].mae for at in SHOWN} | {"mean": mean_of_steps(steps).mae}
    notes = [f"{NAME}: tested on {len(chosen)} of {len(starts)} windows, spread evenly; best: {predictor.model_best}"]
    return Part([row(NAME, "rival", None, test, seconds, took)], seconds, notes)


def _frame(task: ForecastDataset, items: dict[str, tuple[slice, int]]) -> Any:
    """Readings as AutoGluon takes them: item, time and value, NaN for missing."""
    import pandas as pd
    from autogluon.timeseries import TimeSeriesDataFrame

    parts = []
    for name, (rows, column) in items.items():
        values = task.targets[rows, column].astype(float)
        times = pd.to_datetime(task.series.times[rows])
        parts.append(
            pd.DataFrame({"item_id": name, "timestamp": times, "target": np.where(values == 0, np.nan, values)})
        )
    return TimeSeriesDataFrame.from_data_frame(pd.concat(parts, ignore_index=True))
