"""Forecasts of readings that are known by now: on a split of the training data, or on any file."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gman_search.baselines.base import Baseline
from gman_search.baselines.naive import persistence
from gman_search.data.holidays import calendar_days
from gman_search.data.series import TrafficSeries
from gman_search.data.task import ForecastDataset
from gman_search.data.usual import UsualValues
from gman_search.data.window_set import window_set
from gman_search.errors import DataError
from gman_search.forecasting.accuracy import Accuracy, accuracy
from gman_search.forecasting.intervals import coverage
from gman_search.forecasting.series_forecaster import SeriesForecaster
from gman_search.missing import is_observed
from gman_search.record import Coverage

__all__ = ["Backtest", "Windows", "backtest", "file_windows", "split_windows"]


@dataclass(frozen=True)
class Windows:
    """Readings, and the first rows (W,) of the windows of P + Q rows to score."""

    series: TrafficSeries
    starts: np.ndarray


@dataclass(frozen=True)
class Backtest:
    """Errors of a model and, by name, of baselines on the same windows, persistence first.

    `coverage` is how often intervals held, if that was asked.
    """

    model: Accuracy
    baselines: Mapping[str, Accuracy]
    coverage: Coverage | None


def split_windows(task: ForecastDataset, part: str) -> Windows:
    """The windows of "train", "val" or "test"."""
    return Windows(task.series, task.starts[part])


def file_windows(model: SeriesForecaster, readings: TrafficSeries) -> Windows:
    """All windows of P + Q rows.

    Raises:
        DataError: there is none, or the readings do not fit the model.
    """
    series = model.known(readings)
    count = len(series.values) - model.P - model.Q + 1
    if count < 1:
        raise DataError(
            f"expected at least P + Q = {model.P + model.Q} rows to forecast and to compare; "
            f"received {len(series.values)}"
        )
    return Windows(series, np.arange(count))


def backtest(
    model: SeriesForecaster,
    windows: Windows,
    percent: int | None = None,
    baselines: Mapping[str, Baseline] | None = None,
    usual: UsualValues | None = None,
) -> Backtest:
    """Score `model`, persistence and `baselines`; `percent` asks for the coverage of the model's intervals.

    `usual` are the usual values that `baselines` need.

    Raises:
        DataError: nothing was observed, or there are no such intervals.
    """
    intervals = None if percent is None else model.intervals(percent)
    series = model.known(windows.series)
    rows = windows.starts[:, np.newaxis] + model.P + np.arange(model.Q)
    truth = series.values[rows]
    if not is_observed(truth).any():
        raise DataError("expected readings to compare forecasts with; all of them are missing")
    hours = (series.times.astype("datetime64[h]").astype(np.int64) % 24)[rows]
    days = calendar_days(series.times, model.holidays)[rows]
    forecast = model.windows(series, windows.starts)
    sizes = {"P": model.P, "Q": model.Q}
    given = window_set(series, windows.starts, usual, **sizes, mean=model.mean, holidays=model.holidays)
    rivals = {"persistence": persistence(given)}
    rivals |= {name: each.forecast(given) for name, each in (baselines or {}).items() if name not in rivals}
    return Backtest(
        accuracy(truth, forecast, hours, days, model.sensors),
        {name: accuracy(truth, values, hours, days, model.sensors) for name, values in rivals.items()},
        None if intervals is None or percent is None else coverage(truth, forecast, intervals, percent),
    )
