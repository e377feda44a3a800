"""Errors of a model and of persistence by day and sensor, some windows at a time."""

import numpy as np

from gman_search.baselines.naive import persistence
from gman_search.data.holidays import calendar_days
from gman_search.data.series import TrafficSeries
from gman_search.data.usual import WEEKEND
from gman_search.data.window_set import window_set
from gman_search.errors import DataError
from gman_search.forecasting.drift import DailyErrors
from gman_search.forecasting.series_forecaster import SeriesForecaster
from gman_search.missing import is_observed

__all__ = ["daily_errors", "joined"]

WINDOWS_AT_ONCE = 4096


def daily_errors(model: SeriesForecaster, readings: TrafficSeries, starts: np.ndarray) -> DailyErrors:
    """Sums of absolute errors by the day that is forecast, of the windows that begin at rows `starts` (W,).

    Raises:
        DataError: the readings do not fit the model, or none can be compared with a forecast.
    """
    series = model.known(readings)
    dates = series.times.astype("datetime64[D]")
    days, of_row = np.unique(dates, return_inverse=True)
    shape = (len(days), len(series.sensors))
    sums, (bias, reading, usual) = np.zeros((2, *shape)), np.zeros((3, *shape))
    counts, possible = np.zeros(shape), np.zeros(len(days))
    calendar = calendar_days(series.times, model.holidays)
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        some = starts[first : first + WINDOWS_AT_ONCE]
        given = window_set(series, some, None, P=model.P, Q=model.Q, mean=model.mean)
        forecasts = model.windows(series, some), persistence(given)
        for step in range(model.Q):
            rows = some + model.P + step
            truth, day = series.values[rows], of_row[rows]
            observed = is_observed(truth)
            np.add.at(counts, day, observed)
            np.add.at(possible, day, 1)
            errors = [np.where(observed, each[:, step].astype(np.float64) - truth, 0.0) for each in forecasts]
            np.add.at(bias, day, errors[0])
            np.add.at(reading, day, truth)
            if model.usual is not None:
                np.add.at(usual, day, np.where(observed, model.usual.at(calendar[rows], series.time_of_day[rows]), 0))
            for total, error in zip(sums, errors, strict=True):
                np.add.at(total, day, np.abs(error))
    if not counts.any():
        raise DataError("expected readings to compare forecasts with; all of them are missing")
    weekend = calendar_days(days.astype("datetime64[m]"), model.holidays) >= WEEKEND
    return DailyErrors(days, weekend, sums[0], sums[1], bias, reading, usual, counts, possible).take(possible > 0)


def joined(one: DailyErrors, other: DailyErrors) -> DailyErrors:
    """Both, of which `other` may begin on the day on which `one` ends."""
    days, of_row = np.unique(np.concatenate([one.days, other.days]), return_inverse=True)
    arrays = {}
    for name in ("model", "persistence", "bias", "reading", "usual", "count", "possible"):
        rows = np.concatenate([getattr(one, name), getattr(other, name)])
        arrays[name] = np.zeros((len(days), *rows.shape[1:]))
        np.add.at(arrays[name], of_row, rows)
    weekend = np.zeros(len(days), dtype=bool)
    weekend[of_row] = np.concatenate([one.weekend, other.weekend])
    return DailyErrors(days, weekend, **arrays)
