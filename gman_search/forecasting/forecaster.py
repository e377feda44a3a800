"""Forecasting with a saved model."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

from gman_search.data.series import TrafficSeries
from gman_search.data.task import fill_missing
from gman_search.errors import DataError
from gman_search.forecasting.forecast import Forecast
from gman_search.forecasting.intervals import Intervals
from gman_search.forecasting.readings import Readings, read_readings
from gman_search.forecasting.saved import SavedModel, read_saved_model
from gman_search.model.gman import GMAN, GROUP_STREAMS, Knobs, ModelShape
from gman_search.model.group_attention import Partition, partition
from gman_search.training.step import windows_at_once

__all__ = ["Forecaster", "evaluation_partings", "loaded_network"]


class Forecaster:
    """A saved model that forecasts the next Q steps from recent readings.

    Args:
        model: a folder as `gman-search run` leaves it in `studies/NAME/winner` and `gman-search train` in
            `studies/NAME/runs/STAGE`, or a model in memory.
        traced: turn the network into a graph at the first forecast. That takes seconds, and then a forecast takes
            milliseconds; for a single forecast it does not pay.

    Raises:
        DataError: there is no saved model, it is damaged, or something is missing in it.
    """

    def __init__(self, model: SavedModel | Path | str, *, traced: bool = True) -> None:
        self.model = model if isinstance(model, SavedModel) else read_saved_model(Path(model))
        about = self.about = self.model.about
        self.sensors, self.unit = about.sensors, about.unit
        self.P, self.Q, self.step_minutes = about.P, about.Q, about.step_minutes
        self.network = loaded_network(self.model)
        none = tf.zeros([])
        self._knobs = Knobs(tf.constant(about.hyperparameters.causal), none, none, tf.zeros([2], tf.int32))
        steps = tf.TensorSpec([None, self.P + self.Q], tf.int32)
        readings = tf.TensorSpec([None, self.P, len(self.sensors)], tf.float32)
        graph = tf.function(self.normalised, input_signature=[readings, steps, steps])
        self._run = graph if traced else self.normalised

    def forecast(
        self,
        recent: Readings,
        *,
        interval: int | None = None,
        start: str | None = None,
        step: str | None = None,
        channel: int | str | None = None,
    ) -> Forecast:
        """The Q steps after the last row of `recent`.

        Args:
            recent: at least P rows of readings: a CSV or Parquet file, a data frame with times in its index, or a
                series. Sensors in any order, more than the model's are ignored. 0 and NaN are missing readings; a
                sensor may have none at all (see `silent`), but not all of them.
            interval: percent of cases in which the prediction interval is to hold, 50 to 99; none: no intervals.
            start: time of the first row, for CSV files without times.
            step: time between rows, likewise.
            channel: which quantity, for files with several; default: the one it was trained on.

        Raises:
            DataError: a sensor of the model is missing, the step differs, there are fewer than P rows, no reading in
                the last P rows, readings from which no finite forecast can be made, or no intervals.
        """
        series = self.known(self.read(recent, start=start, step=step, channel=channel))
        if not (series.values[-self.P :] != 0).any():
            raise DataError(f"expected readings in the last {self.P} rows to forecast from; all of them are missing")
        return next(self._forecasts(series, np.array([len(series.values) - self.P]), interval))

    def forecast_all(self, recent: Readings, *, interval: int | None = None) -> Iterator[Forecast]:
        """Forecasts from every row that has P - 1 rows before it, some origins at a time, earliest first."""
        if interval is not None:
            self.intervals(interval)  # now, not when the first forecast is asked for
        series = self.known(self.read(recent))
        return self._forecasts(series, np.arange(len(series.values) - self.P + 1), interval)

    def read(
        self, recent: Readings, *, start: str | None = None, step: str | None = None, channel: int | str | None = None
    ) -> TrafficSeries:
        """Readings in any form as a series, by the rules that held in training; arguments as in `forecast`."""
        chosen = self.about.channel if channel is None else channel
        return read_readings(recent, start=start, step=step, channel=chosen, missing=self.about.missing)

    def known(self, recent: TrafficSeries) -> TrafficSeries:
        """The model's sensors of `recent`, in the model's order.

        Raises:
            DataError: a sensor of the model is missing, the step differs, or there are fewer than P rows.
        """
        if recent.step_minutes != self.step_minutes:
            raise DataError(
                f"expected readings every {self.step_minutes} min; received every {recent.step_minutes} min"
            )
        if len(recent.values) < self.P:
            raise DataError(f"expected at least the last {self.P} rows of readings; received {len(recent.values)}")
        missing = sorted(set(self.sensors) - set(recent.sensors))
        if missing:
            raise DataError(
                f"expected readings of all {len(self.sensors)} sensors of the model; {len(missing)} are missing, "
                f"such as {missing[0]}: give a sensor without readings a blank column (in long tables one row)"
            )
        return recent.take(self.sensors)

    def silent(self, recent: TrafficSeries) -> list[str]:
        """Sensors of the model without any reading in the last P rows: their forecast is little more than a guess."""
        last = self.known(recent).values[-self.P :]
        return [name for name, seen in zip(self.sensors, (last != 0).any(axis=0), strict=True) if not seen]

    def intervals(self, percent: int) -> Intervals:
        """What intervals of `percent` are made of.

        Raises:
            DataError: the model has none, or the validation part had too few readings for them.
        """
        if self.model.intervals is None:
            raise DataError(
                "expected a model with prediction intervals; this one has none: winners of gman-search run and models "
                "of gman-search train have them"
            )
        self.model.intervals.of(percent)
        return self.model.intervals

    def windows(self, series: TrafficSeries, starts: np.ndarray) -> np.ndarray:
        """Forecasts (W, Q, N) from the P rows of `series`, a result of `known`, that begin at each of `starts` (W,)."""
        return np.concatenate([values for _, values in self._batches(series, starts)])

    def _batches(self, series: TrafficSeries, starts: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Starts and forecasts, as many at a time as memory allows."""
        about = self.about
        inputs = fill_missing(series.values, about.mean, about.std, about.missing_inputs)
        calendar = _calendar(series.times[0], len(series.values) + self.Q, self.step_minutes)
        day, time = calendar.day_of_week, calendar.time_of_day
        past, steps = np.arange(self.P), np.arange(self.P + self.Q)
        size = windows_at_once(self.network.shape, len(self.sensors))
        for first in range(0, len(starts), size):
            batch = starts[first : first + size]
            rows = batch[:, np.newaxis]
            normalised = self._run(inputs[rows + past], day[rows + steps], time[rows + steps])
            values = normalised.numpy() * about.std + about.mean
            if not np.isfinite(values).all():
                raise self._no_forecast(series.values)
            yield batch, values

    def _no_forecast(self, values: np.ndarray) -> DataError:
        row, column = np.unravel_index(np.abs(values - self.about.mean).argmax(), values.shape)
        return DataError(
            f"expected readings in {self.unit} like those of training (mean {self.about.mean:.4g}); the forecasts from "
            f"these are no numbers, and the farthest is {values[row, column]:.4g} of sensor {self.sensors[column]}: "
            "leave it blank if it is an error"
        )

    def _forecasts(self, series: TrafficSeries, starts: np.ndarray, percent: int | None) -> Iterator[Forecast]:
        minutes = series.times.astype("datetime64[m]")
        for batch, values in self._batches(series, starts):
            origins = minutes[batch + self.P - 1]
            times = origins[:, np.newaxis] + np.arange(1, self.Q + 1) * self.step_minutes
            forecast = Forecast(origins, times, values, self.sensors, self.unit)
            if percent is not None:
                lower, upper = self.intervals(percent).ends(values, percent)
                forecast = replace(forecast, lower=lower, upper=upper)
            yield forecast

    def normalised(self, readings: tf.Tensor, day: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        """Normalised forecasts (B, Q, N) from normalised readings (B, P, N) and the calendar of all steps (B, P+Q)."""
        return self.network(readings, day, time, self._knobs)


def _calendar(first: np.datetime64, steps: int, minutes: int) -> TrafficSeries:
    """Regular times without readings; the model reads the calendar of times that have none yet."""
    times = first.astype("datetime64[m]") + np.arange(steps) * minutes
    return TrafficSeries(np.zeros((steps, 1)), times, ("calendar",), minutes)


def loaded_network(model: SavedModel) -> GMAN:
    """The network with the weights and the groups of `model`.

    Raises:
        DataError: a tensor is missing or has another shape, or the model has several input channels.
    """
    about = model.about
    if about.C != 1:
        raise DataError(f"expected a model of one input channel; this one was trained with {about.C}")
    L, K, d = about.shape
    widths = {"E": model.embedding.shape[1], "T": about.T, "groups": about.groups}
    network = GMAN(ModelShape(L, K, d, P=about.P, Q=about.Q, **widths), model.embedding, model.seen)
    for variable in network.variables:
        if variable.path not in model.weights:
            raise DataError(f"expected a tensor {variable.path} in the saved model; there is none of that name")
        array = model.weights[variable.path]
        if array.shape != tuple(variable.shape):
            raise DataError(f"expected {variable.path} of shape {tuple(variable.shape)}; received {array.shape}")
        variable.assign(array)
    if model.partings is not None:
        for stream, members in enumerate(model.partings):
            block = (network.decoder if stream % 2 else network.encoder)[stream // 2]
            places = np.argsort(members, axis=None)[: len(about.sensors)]  # empty places hold N and come last
            block.parting = Partition(tf.constant(members), tf.constant(places.astype(np.int32)))
    return network


def evaluation_partings(shape: ModelShape, sensors: int) -> np.ndarray | None:
    """The groups (2 L, G, M) that each block uses in evaluation, by stream; none without group attention."""
    if not shape.groups:
        return None
    parts = [
        partition(sensors, shape.groups, tf.constant([GROUP_STREAMS + stream, 0])).members
        for stream in range(2 * shape.L)
    ]
    return np.stack([members.numpy() for members in parts]).astype(np.int32)
