"""A saved model as one TensorFlow graph, with scaler, calendar and missing readings inside: no gman_search needed."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from gman_search.data.series import MINUTES_PER_DAY, TrafficSeries
from gman_search.errors import DataError, GmanSearchError, UsageError
from gman_search.forecasting.forecaster import Forecaster
from gman_search.forecasting.graph import GmanGraph
from gman_search.forecasting.intervals import LEVELS
from gman_search.forecasting.series_forecaster import SeriesForecaster
from gman_search.io.atomic import atomic_write

__all__ = ["ABOUT", "Graph", "ServedModel", "about_export", "checked", "export_saved_model"]

Graph = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
"""Forecasts (B, Q, N) from raw readings (B, P, N), and weekday and time of day of all steps (B, P+Q)."""
Run = Callable[[np.ndarray, np.ndarray], Mapping[str, np.ndarray]]
ABOUT = "assets.extra/about.json"
TOLERANCE = 1e-4
"""Largest accepted difference from our own forecasts, as a share of the readings' standard deviation."""
ROUNDING = 1e-6
"""Float32 rounds readings far from 0 by as much; a share of their mean."""
CASES = 5
EDGE = 1e-3
"""So near to the edge of a level of traffic, rounding may take a forecast over it and give it the other width."""
# 1970-01-01, day 0, was a Thursday; Monday is 0.
FIRST_WEEKDAY = 3
SUNDAY = 6


class ServedModel(tf.Module):
    """Raw readings and the time of the last of them go in, forecasts in the data's unit come out.

    `forecast(readings, last_minute)`: readings (B, P, N) with 0 or NaN for missing ones; `last_minute` (B,) int64, the
    local time of the last row in minutes since 1970-01-01T00:00. Returns "forecast" (B, Q, N), and "lower" and "upper"
    if `percent` is given. Missing readings are filled from the P rows alone; `Forecaster` also looks at rows before.
    """

    def __init__(self, model: SeriesForecaster, percent: int | None, graph: Graph | None = None) -> None:
        super().__init__()
        config = self._config = model.config
        self._graph = _graph(model) if graph is None else graph
        intervals = None if percent is None else model.intervals(percent)
        self._widths = None if intervals is None or percent is None else tf.constant(intervals.of(percent), tf.float32)
        self._free = None if intervals is None else tf.constant(intervals.free_flow, tf.float32)
        days = model.holidays.astype(np.int64)
        self._holidays = tf.constant(days) if len(days) else None
        readings = tf.TensorSpec([None, config.P, len(config.sensors)], tf.float32, name="readings")
        minute = tf.TensorSpec([None], tf.int64, name="last_minute")
        self.forecast = tf.function(self._forecast, input_signature=[readings, minute])

    def _forecast(self, readings: tf.Tensor, last_minute: tf.Tensor) -> dict[str, tf.Tensor]:
        config = self._config
        offsets = tf.range(1 - config.P, config.Q + 1, dtype=tf.int64) * config.step_minutes
        minutes = last_minute[:, tf.newaxis] + offsets  # (B, P+Q)
        date = tf.math.floordiv(minutes, MINUTES_PER_DAY)
        day = tf.math.floormod(date + FIRST_WEEKDAY, 7)
        if self._holidays is not None:
            off = tf.reduce_any(tf.equal(date[..., tf.newaxis], self._holidays), axis=-1)
            day = tf.where(off, tf.constant(SUNDAY, tf.int64), day)
        time = tf.math.floordiv(tf.math.floormod(minutes, MINUTES_PER_DAY), config.step_minutes)
        values = self._graph(readings, tf.cast(day, tf.int32), tf.cast(time, tf.int32))
        if self._widths is None:
            return {"forecast": values}
        share = values / self._free
        level = sum(tf.cast(share >= edge, tf.int32) for edge in LEVELS)  # (B, Q, N)
        widths = tf.reduce_sum(tf.one_hot(level, len(LEVELS) + 1) * self._widths[:, tf.newaxis], axis=-1)
        return {"forecast": values, "lower": tf.maximum(values - widths, 0.0), "upper": values + widths}


def _graph(model: SeriesForecaster) -> Graph:
    if not isinstance(model, Forecaster):
        raise TypeError(f"expected the graph of a {type(model).__name__}; only a Forecaster's is known")
    return GmanGraph(model)


def export_saved_model(
    model: SeriesForecaster, target: Path, *, percent: int | None = None, graph: Graph | None = None
) -> float:
    """Write a TensorFlow SavedModel into the new folder `target`, load it again and compare its forecasts with ours.

    `graph` makes the forecasts of `model`, where that is no `Forecaster`. Returns the largest difference, in the data's
    unit.

    Raises:
        UsageError: `target` exists.
        DataError: there are no such intervals, or the folder cannot be written.
        GmanSearchError: the exported model forecasts something else.
    """
    if target.exists():
        raise UsageError(f"expected a new folder to export to; {target} exists: remove it, or choose another")
    served = ServedModel(model, percent, graph)
    # The gradients written by hand are of no use to a model that only forecasts.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    with atomic_write(target) as partial:
        try:
            tf.saved_model.save(served, str(partial), signatures=served.forecast, options=options)
        except tf.errors.OpError as error:
            raise DataError(f"cannot write {target}: {' '.join(str(error.message).split())}") from None
        (partial / ABOUT).parent.mkdir()
        (partial / ABOUT).write_text(json.dumps(about_export(model, percent), indent=2) + "\n", encoding="utf-8")
        loaded = tf.saved_model.load(str(partial)).signatures["serving_default"]

        def run(readings: np.ndarray, minute: np.ndarray) -> dict[str, np.ndarray]:
            found = loaded(readings=tf.constant(readings), last_minute=tf.constant(minute))
            return {name: array.numpy() for name, array in found.items()}

        return checked(model, run, percent)


def about_export(model: SeriesForecaster, percent: int | None) -> dict[str, Any]:
    """What a program needs to know to call the exported model."""
    config = model.config
    return {
        "schema": "gman-search/export/1",
        "inputs": {
            "readings": "float32 (B, P, N): the last P rows in `unit`, sensors in this order; 0 or NaN is missing",
            "last_minute": "int64 (B,): local time of the last row, in minutes since 1970-01-01T00:00",
        },
        "outputs": ["forecast", *(["lower", "upper"] if percent else [])],
        "interval": percent,
        "P": config.P,
        "Q": config.Q,
        "step_minutes": config.step_minutes,
        "unit": config.unit,
        "sensors": list(config.sensors),
    }


def checked(
    model: SeriesForecaster,
    run: Callable[[np.ndarray, np.ndarray], Mapping[str, np.ndarray]],
    percent: int | None = None,
) -> float:
    """Largest difference between what `run(readings, last_minute)` gives and ours, on readings with gaps.

    Compares "forecast" and, with `percent`, "lower" and "upper".

    Raises:
        GmanSearchError: it is more than rounding makes (`TOLERANCE`, `ROUNDING`).
    """
    config = model.config
    random = np.random.default_rng(0)
    windows = random.normal(config.mean, config.std, (CASES, config.P, len(config.sensors)))
    windows = windows.clip(0.01 * abs(config.mean)).astype(np.float32)
    windows[random.random(windows.shape) < 0.2] = 0
    if len(config.sensors) > 1:
        windows[0, :, 0] = 0
    minutes = random.integers(0, 2**25, CASES) // config.step_minutes * config.step_minutes
    if len(model.holidays):
        minutes[0] = int(model.holidays[0].astype(np.int64)) * MINUTES_PER_DAY  # its first step
    found = run(windows, minutes)
    worst = 0.0
    for case, minute in enumerate(minutes):
        times = np.datetime64(int(minute), "m") + np.arange(1 - config.P, 1) * config.step_minutes
        series = TrafficSeries(windows[case], times, config.sensors, config.step_minutes)
        ours = model.forecast(series, interval=percent)
        worst = max(worst, float(np.abs(found["forecast"][case] - ours.values[0]).max()))
        if ours.lower is not None and ours.upper is not None and percent is not None:
            share = ours.values[0] / model.intervals(percent).free_flow
            certain = np.min([np.abs(share - edge) for edge in LEVELS], axis=0) > EDGE
            for name, end in (("lower", ours.lower[0]), ("upper", ours.upper[0])):
                worst = max(worst, float(np.abs(found[name][case] - end)[certain].max(initial=0.0)))
    if not worst <= TOLERANCE * config.std + ROUNDING * abs(config.mean):
        raise GmanSearchError(
            f"expected an exported model of equal forecasts; they differ by up to {worst:.2g} {config.unit}: nothing "
            "was kept"
        )
    return worst
