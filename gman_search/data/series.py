"""Traffic readings of many sensors on one regular time axis."""

import difflib
from dataclasses import dataclass, replace

import numpy as np

from gman_search.errors import DataError
from gman_search.missing import is_observed

__all__ = ["MINUTES_PER_DAY", "LeftOut", "TrafficSeries"]

MINUTES_PER_DAY = 1440


@dataclass(frozen=True)
class LeftOut:
    """Readings of a sensor in a row, from the time `first` to `last`, that a rule of `[data] clean` finds."""

    sensor: str
    first: np.datetime64
    last: np.datetime64
    rule: str
    readings: int


@dataclass(frozen=True)
class TrafficSeries:
    """Readings (S, N) of N sensors at S regular times; 0 means missing.

    `times` is (S,) datetime64[m]; `step_minutes` is the distance between two of them and divides a day. `notes`
    say what was made of the file: gaps, an hour left out, sensors that were numbered. `left_out` are the readings that
    are missing because `[data] clean` left them out. `day_first` and `decimal` are
    what the file showed of the order of day and month and of its decimal mark, None where it showed nothing
    that another file of the same origin could lack.
    """

    values: np.ndarray
    times: np.ndarray
    sensors: tuple[str, ...]
    step_minutes: int
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    day_first: bool | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        if self.step_minutes < 1 or MINUTES_PER_DAY % self.step_minutes:
            raise DataError(
                f"expected a step that divides a day into whole parts; received {self.step_minutes} minutes: resample"
            )

    @property
    def steps_per_day(self) -> int:
        """T, the number of times of day."""
        return MINUTES_PER_DAY // self.step_minutes

    @property
    def time_of_day(self) -> np.ndarray:
        """Index of the time of day (S,), 0 at midnight."""
        minutes = self.times.astype("datetime64[m]").astype(np.int64) % MINUTES_PER_DAY
        return (minutes // self.step_minutes).astype(np.int32)

    @property
    def day_of_week(self) -> np.ndarray:
        """Day of the week (S,), Monday is 0."""
        # 1970-01-01, day 0 of datetime64, was a Thursday.
        return ((self.times.astype("datetime64[D]").astype(np.int64) + 3) % 7).astype(np.int32)

    @property
    def missing_share(self) -> np.ndarray:
        """Share of missing readings of each sensor (N,)."""
        share: np.ndarray = (~is_observed(self.values)).mean(axis=0)
        return share

    def with_zeros(self) -> "TrafficSeries":
        """Absent readings, NaN, as zeros: what a task takes."""
        return replace(self, values=np.nan_to_num(self.values, nan=0.0))

    def until(self, rows: int) -> "TrafficSeries":
        """The first `rows` rows."""
        return replace(self, values=self.values[:rows], times=self.times[:rows])

    def take(self, sensors: int | tuple[str, ...] | None) -> "TrafficSeries":
        """The first n sensors, the named ones in the order given, or all."""
        if sensors is None:
            return self
        columns = self.columns(sensors)
        names = tuple(self.sensors[i] for i in columns)
        known = set(names)
        kept = tuple(period for period in self.left_out if period.sensor in known)
        return replace(self, values=self.values[:, columns], sensors=names, left_out=kept)

    def columns(self, sensors: int | tuple[str, ...]) -> list[int]:
        """Column numbers of the first n or the named sensors.

        Raises:
            DataError: there are fewer sensors, or none of that name.
        """
        if isinstance(sensors, int):
            if not 1 <= sensors <= len(self.sensors):
                raise DataError(f"expected a number of sensors from 1 to {len(self.sensors)}; received {sensors}")
            return list(range(sensors))
        unknown = [name for name in sensors if name not in self.sensors]
        if unknown:
            close = [match for name in unknown[:5] for match in difflib.get_close_matches(name, self.sensors, n=2)]
            near = tuple(dict.fromkeys(close))
            hint = f"; near it: {', '.join(near)}" if near else f"; the first ones are {', '.join(self.sensors[:5])}"
            raise DataError(f"expected names of sensors in the file; received {', '.join(unknown[:5])}{hint}")
        if len(set(sensors)) != len(sensors):
            raise DataError("expected every sensor once; received the same name twice in --sensors")
        return [self.sensors.index(name) for name in sensors]
