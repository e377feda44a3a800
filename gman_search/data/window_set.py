"""Windows of a series as every forecaster takes them: readings, calendar and usual values (pure)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gman_search.data.holidays import NO_HOLIDAYS, calendar_days
from gman_search.data.series import TrafficSeries
from gman_search.data.usual import UsualValues
from gman_search.missing import is_observed

__all__ = ["WindowSet", "calendar", "last_reading", "window_set"]


@dataclass(frozen=True)
class WindowSet:
    """W windows of P input steps and Q steps to forecast, of N sensors.

    Args:
        readings: (S, N) in the data's unit; 0 is missing. Rows past the last input of the last window are only looked
            at by `targets`; where they are unknown there may be fewer than Q of them.
        day: (S or more,), day of the week of each row, Monday is 0; it covers the Q steps after the last window.
        time: as `day`: index of the time of day.
        usual: (S or more, N), usual readings in the data's unit, likewise.
        starts: (W,), first rows of the windows.
        P: input steps.
        Q: steps to forecast.
        mean: stands in for the last reading where a window has none.
    """

    readings: NDArray[np.floating]
    day: NDArray[np.integer]
    time: NDArray[np.integer]
    usual: NDArray[np.floating]
    starts: NDArray[np.integer]
    P: int
    Q: int
    mean: float

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def past(self) -> NDArray[np.integer]:
        """Rows (W, P) of the inputs."""
        rows: NDArray[np.integer] = self.starts[:, np.newaxis] + np.arange(self.P)
        return rows

    @cached_property
    def future(self) -> NDArray[np.integer]:
        """Rows (W, Q) to be forecast."""
        rows: NDArray[np.integer] = self.starts[:, np.newaxis] + self.P + np.arange(self.Q)
        return rows

    @cached_property
    def last(self) -> NDArray[np.floating]:
        """The last observed reading (W, N) of each window."""
        return last_reading(self.readings[self.past], self.mean)[:, 0]

    @property
    def targets(self) -> NDArray[np.floating]:
        """Readings to be forecast (W, Q, N); 0 is missing."""
        rows: NDArray[np.floating] = self.readings[self.future]
        return rows

    def take(self, which: slice | NDArray[np.integer]) -> "WindowSet":
        """Some of the windows."""
        return WindowSet(self.readings, self.day, self.time, self.usual, self.starts[which], self.P, self.Q, self.mean)


def window_set(
    series: TrafficSeries,
    starts: NDArray[np.integer],
    usual: UsualValues | None,
    *,
    P: int,
    Q: int,
    mean: float,
    holidays: NDArray[np.datetime64] = NO_HOLIDAYS,
) -> WindowSet:
    """Windows of new readings, for which there is no truth yet.

    Args:
        series: readings (S, N).
        starts: (W,), first rows of the windows.
        usual: usual values from the training part; None for forecasters that do not use them, which then see zeros.
        P: input steps.
        Q: steps to forecast.
        mean: mean reading of the training part.
        holidays: days that count as Sundays.
    """
    dates = calendar(series, len(series.values) + Q)
    day, time = calendar_days(dates.times, holidays), dates.time_of_day
    if usual is None:
        table: NDArray[np.floating] = np.broadcast_to(np.float32(0), (len(day), len(series.sensors)))
    else:
        table = usual.at(day, time)
    return WindowSet(series.values, day, time, table, starts, P, Q, mean)


def calendar(series: TrafficSeries, steps: int) -> TrafficSeries:
    """`steps` regular times from the first of `series` on, without readings: some have none yet."""
    times = series.times[0].astype("datetime64[m]") + np.arange(steps) * series.step_minutes
    return TrafficSeries(np.zeros((steps, 1)), times, ("calendar",), series.step_minutes)


def last_reading(inputs: NDArray[np.floating], mean: float) -> NDArray[np.floating]:
    """The last observed reading (W, 1, N) of windows (W, P, N); `mean` where there is none."""
    observed = is_observed(inputs)
    last = inputs.shape[1] - 1 - observed[:, ::-1].argmax(axis=1)  # (W, N)
    value = np.take_along_axis(inputs, last[:, None], axis=1)
    return np.where(observed.any(axis=1, keepdims=True), value, np.float32(mean))
