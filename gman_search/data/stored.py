"""What a study and its models remember of their data: enough to find out later what has changed in the file.

The readings themselves are not kept. A digest for each day tells on which days they differ.
"""

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from gman_search.data.series import MINUTES_PER_DAY, TrafficSeries

if TYPE_CHECKING:
    from gman_search.data.task import ForecastDataset

__all__ = ["StoredData", "duration_of_rows", "rows_until"]

DIGITS = 6
"""Of a day's digest; the fingerprint tells that something has changed, these only say where."""


class StoredData(BaseModel):
    """The readings that a study was made with.

    `first` and `last` are the times of the first and the last of its `rows`, `known_until` is that of the last row that
    training or the choice of the winner has seen: the end of the validation part. `fingerprint` is the task's.
    `days` has `DIGITS` characters for each calendar day from the first on; none in studies of before.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    fingerprint: str
    rows: int
    first: str
    last: str
    known_until: str
    step_minutes: int
    sensors: int
    names: str = ""
    days: str = ""

    @classmethod
    def of(cls, task: "ForecastDataset") -> Self:
        """What is to be remembered of `task`."""
        series = task.series
        known = int(task.starts["val"][-1]) + task.P + task.Q - 1
        return cls(
            fingerprint=task.fingerprint,
            rows=len(series.values),
            first=_moment(series.times[0]),
            last=_moment(series.times[-1]),
            known_until=_moment(series.times[known]),
            step_minutes=series.step_minutes,
            sensors=len(series.sensors),
            names=hashlib.sha256(repr(series.sensors).encode()).hexdigest()[:12],
            days=_days(series),
        )

    def time(self, name: str) -> np.datetime64:
        """One of `first`, `last` and `known_until`."""
        return np.datetime64(getattr(self, name), "m")

    def difference(self, now: Self) -> str:
        """What is another in the readings of `now`; no text where they are the same as far as can be told."""
        first, last, begun, ended = self.time("first"), self.time("last"), now.time("first"), now.time("last")
        told = (
            (
                self.step_minutes != now.step_minutes,
                f"a row every {self.step_minutes} min, and {now.step_minutes} here",
            ),
            (self.sensors != now.sensors, f"{self.sensors} sensors in the study and {now.sensors} here"),
            (self.names not in ("", now.names), "the names or the order of the sensors differ"),
            (begun > first, f"the rows from {_shown(self.first)} to before {_shown(now.first)} are gone"),
            (ended < last, f"the rows after {_shown(now.last)} to {_shown(self.last)} are gone"),
            (begun < first, f"rows were added before {_shown(self.first)}, where those of the study begin"),
        )
        other = next((text for holds, text in told if holds), "")
        return other or self._later(self._changed_days(now), now)

    def _later(self, changed: list[np.datetime64], now: Self) -> str:
        """What differs where the first rows are those of the study."""
        is_longer = now.time("last") > self.time("last")
        # Of the last day, rows may have been missing still.
        if changed and not (is_longer and changed == [self.time("last").astype("datetime64[D]")]):
            more = {1: "", 2: f" and {changed[-1]}"}.get(len(changed), f" and {len(changed) - 1} more days")
            return f"readings of {changed[0]}{more} differ from those of the study"
        if is_longer:
            return f"{now.rows - self.rows} rows were added after {_shown(self.last)}, where those of the study end"
        return ""

    def _changed_days(self, now: Self) -> list[np.datetime64]:
        if not (self.days and now.days):
            return []
        day = self.time("first").astype("datetime64[D]")
        pairs = [(self.days[i : i + DIGITS], now.days[i : i + DIGITS]) for i in range(0, len(self.days), DIGITS)]
        return [day + number for number, (before, after) in enumerate(pairs) if before != after]


def rows_until(series: TrafficSeries, last: np.datetime64) -> int:
    """How many rows there are up to and including the time `last`."""
    return int(np.searchsorted(series.times.astype("datetime64[m]"), last, side="right"))


def duration_of_rows(rows: int, step_minutes: int) -> str:
    """The time that so many rows take: 3 days, 5.5 hours, 20 minutes."""
    minutes = rows * step_minutes
    for unit, size in (("day", MINUTES_PER_DAY), ("hour", 60)):
        if minutes >= size:
            count = round(minutes / size, 1)
            return f"{count:g} {unit}{'' if count == 1 else 's'}"
    return f"{minutes} minutes"


def _moment(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]"))


def _shown(moment: str) -> str:
    return moment.replace("T", " ")


def _days(series: TrafficSeries) -> str:
    """Digests of the readings of each day; of a day without any row, of none."""
    days = series.times.astype("datetime64[D]").astype(np.int64)
    values = np.ascontiguousarray(series.values, dtype=np.float32)
    borders = np.searchsorted(days, np.arange(days[0], days[-1] + 2))
    parts = (values[first:end].tobytes() for first, end in pairwise(borders))
    return "".join(hashlib.sha256(part).hexdigest()[:DIGITS] for part in parts)
