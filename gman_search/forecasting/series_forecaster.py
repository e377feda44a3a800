"""Forecasting from recent readings in any form, whatever the forecasts are made of."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gman_search.data.holidays import NO_HOLIDAYS
from gman_search.data.series import TrafficSeries
from gman_search.data.usual import UsualValues
from gman_search.data.window_set import WindowSet, window_set
from gman_search.errors import DataError
from gman_search.forecasting.forecast import Forecast
from gman_search.forecasting.intervals import Intervals
from gman_search.forecasting.model_io import DataConfig
from gman_search.forecasting.readings import Readings
from gman_search.forecasting.recent import Training, read_recent
from gman_search.missing import is_observed

__all__ = ["SeriesForecaster"]

ORIGINS_AT_ONCE = 1024
"""Windows for which forecasts are in memory at a time."""


class SeriesForecaster(ABC):
    """Forecasts the next Q steps of N sensors from recent readings; subclasses say how in `values`.

    Args:
        config: the data it was trained on.
        intervals: what prediction intervals are made of, if there are any.
        usual: what sensors usually read; None if `values` does not look at it.
        holidays: days that count as Sundays, as in training.
    """

    config: DataConfig

    def __init__(
        self,
        config: DataConfig,
        intervals: Intervals | None,
        usual: UsualValues | None,
        holidays: np.ndarray = NO_HOLIDAYS,
    ) -> None:
        self.config = config
        self.sensors, self.unit, self.mean = config.sensors, config.unit, config.mean
        self.P, self.Q, self.step_minutes = config.P, config.Q, config.step_minutes
        self._intervals, self._usual, self.holidays = intervals, usual, holidays

    @property
    def usual(self) -> UsualValues | None:
        """What sensors usually read; None if no forecast looks at it."""
        return self._usual

    @abstractmethod
    def values(self, windows: WindowSet, *, of: int | None = None) -> np.ndarray:
        """Forecasts (W, Q, N) in the data's unit; not finite where none can be made.

        `of` is the number of windows that are forecast in all, where `windows` are a part of them: the way that is
        fastest may depend on it.
        """

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
                sensor may have none at all (see `all_missing`), but not all of them.
            interval: percent of cases in which the prediction interval is to hold, 50 to 99; none: no intervals.
            start: time of the first row, for CSV files without times.
            step: time between rows, likewise.
            channel: which quantity, for files with several; default: the one it was trained on.

        Raises:
            DataError: a sensor of the model is missing, the step differs, there are fewer than P rows, no reading in
                the last P rows, readings from which no finite forecast can be made, or no intervals.
        """
        series = self.known(self.read(recent, start=start, step=step, channel=channel))
        if not is_observed(series.values[-self.P :]).any():
            raise DataError(f"expected readings in the last {self.P} rows to forecast from; all of them are missing")
        return next(self._forecasts(series, np.array([len(series.values) - self.P]), interval))

    def forecast_all(self, recent: Readings, *, interval: int | None = None) -> Iterator[Forecast]:
        """Forecasts from every row that has P - 1 rows before it, some origins at a time, earliest first.

        Arguments as in `forecast`.
        """
        if interval is not None:
            self.intervals(interval)  # now, not when the first forecast is asked for
        series = self.known(self.read(recent))
        return self._forecasts(series, np.arange(len(series.values) - self.P + 1), interval)

    def read(
        self, recent: Readings, *, start: str | None = None, step: str | None = None, channel: int | str | None = None
    ) -> TrafficSeries:
        """Readings in any form as a series, by the rules that held in training; arguments as in `forecast`."""
        rules = self.config.reading.with_given(start=start, step=step, channel=channel)
        return read_recent(recent, rules, Training.of(self.config))

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

    def all_missing(self, recent: TrafficSeries) -> list[str]:
        """Sensors of the model without any reading in the last P rows: their forecast is little more than a guess."""
        last = self.known(recent).values[-self.P :]
        observed = np.asarray(is_observed(last).any(axis=0))
        return [name for name, seen in zip(self.sensors, observed, strict=True) if not seen]

    def intervals(self, percent: int) -> Intervals:
        """What intervals of `percent` are made of.

        Raises:
            DataError: the model has none, or the validation part had too few readings for them.
        """
        if self._intervals is None:
            raise DataError(
                "expected a model with prediction intervals; this one has none: winners of gman-search run and models "
                "of gman-search train have them"
            )
        self._intervals.of(percent)
        return self._intervals

    def windows(self, series: TrafficSeries, starts: np.ndarray) -> np.ndarray:
        """Forecasts (W, Q, N) from the P rows of `series`, a result of `known`, that begin at each of `starts` (W,)."""
        return np.concatenate([values for _, values in self._batches(series, starts)])

    def _batches(self, series: TrafficSeries, starts: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Starts and forecasts of some windows at a time."""
        sizes = {"P": self.P, "Q": self.Q}
        windows = window_set(series, starts, self._usual, **sizes, mean=self.mean, holidays=self.holidays)
        for first in range(0, len(starts), ORIGINS_AT_ONCE):
            part = windows.take(slice(first, first + ORIGINS_AT_ONCE))
            values = self.values(part, of=len(starts))
            if not np.isfinite(values).all():
                raise self._no_forecast(series.values)
            yield part.starts, values

    def _no_forecast(self, values: np.ndarray) -> DataError:
        row, column = np.unravel_index(np.abs(values - self.mean).argmax(), values.shape)
        return DataError(
            f"expected readings in {self.unit} like those of training (mean {self.mean:.4g}); the forecasts from "
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
