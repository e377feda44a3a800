"""Is a model still as good as when it was tested? Decided by its errors by day, beside persistence's (pure).

Weeks differ: on a busy one every forecast is worse. So an alarm asks for two things, for the network or for a sensor:
the model's MAE is above the tested one by a margin that matters, AND something changed more than chance explains: its
skill, the ratio of its MAE to persistence's on the same days, or, of a sensor, its bias or its level beside the other
sensors'. The level is what it reads for each unit that it usually reads at that time. (A detector that counts half as
much again makes persistence worse, too: its skill stays, its level does not.)

Chance is how much these move from day to day in the reference, the validation and test part, working days and weekends
apart; neighbouring days are taken to be alike. With N sensors each is judged as strictly as it takes for one of them to
alarm by chance in few weeks (Bonferroni), and its spread is drawn towards that of all, because a reference has few
days. The highest and the lowest day of a week count nowhere: one day may be bad, not all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.forecasting.day_changes import Chance, by_sensor, mean_of_sensors, pooled

__all__ = ["DailyErrors", "Drift", "Verdict", "Week", "judged"]

NETWORK_RISK, SENSOR_RISK, NAMED_RISK = 0.01, 0.01, 0.05
"""Chance of a false alarm of a week by the network as a whole, and by any of its sensors: by skill, half of it by bias
and half by level. The last is that of one sensor to be named where the network alarms."""
NETWORK_MARGIN, SENSOR_MARGIN = 1.05, 1.15
"""The least MAE, and the least MAE over persistence's, that matter, as multiples of the tested ones."""
LEAST_BIAS, LEAST_LEVEL = 0.2, 0.1
"""The least changes that matter: of the bias, as a share of the MAE, and of the level."""
LEVEL_CORRELATION = 0.5
"""Mean correlation of the level of two days of a week: demand moves slowly."""
LEAST_REFERENCE, LEAST_DAYS = 5, 3
"""Days without which there is no verdict: of the reference, of a week."""
LEAST_COUNT, FLOOR = 0.25, 1e-3
"""Share of a day's forecasts that must have a reading to compare; the least error, as a share of the tested one."""

Array = NDArray[np.floating]


@dataclass(frozen=True)
class DailyErrors:
    """Sums of absolute errors (D, N) over all forecasts of the readings of a day, of a model and of persistence.

    `days` (D,) are dates, ascending; `weekend` (D,) says whether traffic is a weekend's. `bias` (D, N) are sums of the
    model's forecasts less the readings, `reading` and `usual` (D, N) those of the readings themselves and of what they
    usually are, zeros where nobody knows. `count` (D, N) forecasts had a reading to compare, of `possible` (D,)
    forecasts of each sensor.
    """

    days: NDArray[np.datetime64]
    weekend: NDArray[np.bool_]
    model: Array
    persistence: Array
    bias: Array
    reading: Array
    usual: Array
    count: Array
    possible: Array

    def take(self, which: NDArray[np.bool_]) -> "DailyErrors":
        """Some of the days."""
        return DailyErrors(
            days=self.days[which],
            weekend=self.weekend[which],
            model=self.model[which],
            persistence=self.persistence[which],
            bias=self.bias[which],
            reading=self.reading[which],
            usual=self.usual[which],
            count=self.count[which],
            possible=self.possible[which],
        )

    @property
    def whole(self) -> "DailyErrors":
        """Days of which at least half was forecast."""
        return self.take(self.possible >= 0.5 * self.possible.max(initial=0))


@dataclass(frozen=True)
class Week:
    """Errors of the week that begins on Monday `first`; `worse` are numbers of sensors, `network` the whole of them.

    `judged` is false where too few of its days were forecast, or none that the reference has the like of.
    """

    first: np.datetime64
    mae: float
    persistence: float
    judged: bool
    network: bool = False
    worse: tuple[int, ...] = ()

    @property
    def alarms(self) -> bool:
        """Whether the network or a sensor is worse than chance explains."""
        return self.network or bool(self.worse)


@dataclass(frozen=True)
class Drift:
    """Since Monday `since` the model is worse than tested.

    `sensors` are numbers, the worst first; `now` and `tested` are the MAE of the worst in the last week and in the
    reference, or those of the network where no sensor by itself is worse.
    """

    since: np.datetime64
    sensors: tuple[int, ...]
    now: float
    tested: float


@dataclass(frozen=True)
class Verdict:
    """`weeks` in order; `drift` is of the last judged one. `reason` says why there is no verdict, where there is none.

    `mae` and `persistence` are errors in the reference.
    """

    weeks: tuple[Week, ...]
    mae: float
    persistence: float
    drift: Drift | None = None
    reason: str = ""


def judged(reference: DailyErrors, recent: DailyErrors) -> Verdict:
    """The weeks of `recent`, and whether the model is as good in them as in `reference`."""
    known, weeks = reference.whole, []
    enough = len(known.days) >= LEAST_REFERENCE
    rule = _Rule(known) if enough else None
    mondays = recent.days.astype("datetime64[D]") - (recent.days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    limit = recent.possible.max(initial=0) / 2
    for first in np.unique(mondays):
        own = recent.take(mondays == first)
        mae, persistence = pooled(own.model, own.count), pooled(own.persistence, own.count)
        found = None if rule is None else rule.worse(own.take(own.possible >= limit))
        judgement = (False, False, ()) if found is None else (True, *found)
        weeks.append(Week(first, mae, persistence, *judgement))
    tested = pooled(reference.model, reference.count), pooled(reference.persistence, reference.count)
    if rule is None:
        few = f"the validation and test part have {len(known.days)} whole days, and {LEAST_REFERENCE} are needed"
        return Verdict(tuple(weeks), *tested, reason=few)
    usable = [week for week in weeks if week.judged]
    if not usable:
        few = f"no week has {LEAST_DAYS} whole days of a kind, working day or weekend, that the tested part has too"
        return Verdict(tuple(weeks), *tested, reason=few)
    last = usable[-1]
    if not last.alarms:
        return Verdict(tuple(weeks), *tested)
    last_days = recent.take((mondays == last.first) & (recent.possible >= limit))
    return Verdict(tuple(weeks), *tested, drift=_drift(usable, last_days, known))


class _Rule:
    """What skill and bias are in the reference, and how much they move from day to day."""

    def __init__(self, reference: DailyErrors) -> None:
        self.tested = by_sensor(reference.model, reference.count)
        self.mae = pooled(reference.model, reference.count)
        skill, bias = self._skill(reference), self._bias(reference)
        self.network = Chance(mean_of_sensors(skill), reference.weekend)
        self.skill, self.bias = Chance(skill, reference.weekend), Chance(bias, reference.weekend)
        self.level = Chance(self._level(reference), reference.weekend, LEVEL_CORRELATION)

    def worse(self, week: DailyErrors) -> tuple[bool, tuple[int, ...]] | None:
        """Whether the network is worse in `week`, and which sensors are; None where it cannot be judged."""
        skill, bias, level, weekend = self._skill(week), self._bias(week), self._level(week), week.weekend
        if self.network.days_like(mean_of_sensors(skill), weekend)[0] < LEAST_DAYS:
            return None
        each = SENSOR_RISK / skill.shape[1]
        network = bool(self.network.above(mean_of_sensors(skill), weekend, NETWORK_RISK, np.log(NETWORK_MARGIN))[0])
        network &= pooled(week.model, week.count) > NETWORK_MARGIN * self.mae
        rule = (NAMED_RISK, np.log(NETWORK_MARGIN)) if network else (each, np.log(SENSOR_MARGIN))
        changed = self.skill.above(skill, weekend, *rule)
        for sign in (1, -1):
            changed |= self.bias.above(bias, weekend, each / 4, LEAST_BIAS, sign)
            changed |= self.level.above(level, weekend, each / 4, LEAST_LEVEL, sign)
        with np.errstate(invalid="ignore"):
            changed &= by_sensor(week.model, week.count) > SENSOR_MARGIN * self.tested
        changed &= self.skill.days_like(skill, weekend) >= LEAST_DAYS
        return network, tuple(int(number) for number in np.flatnonzero(changed))

    def _skill(self, errors: DailyErrors) -> Array:
        """Log of the model's MAE over persistence's (D, N); NaN where a day has too few readings."""
        floor = FLOOR * self.mae
        model, rival = (self._daily(errors, sums) for sums in (errors.model, errors.persistence))
        return np.asarray(np.log(np.maximum(model, floor)) - np.log(np.maximum(rival, floor)))

    def _bias(self, errors: DailyErrors) -> Array:
        """Mean error as a share of the MAE of that day (D, N), beside the median sensor's: 1 where all err upwards."""
        share = self._daily(errors, errors.bias) / np.maximum(self._daily(errors, errors.model), FLOOR * self.mae)
        return _beside_the_others(share)

    def _level(self, errors: DailyErrors) -> Array:
        """Log of what is read for what is usual (D, N), beside the median sensor's; NaN where that is not known."""
        read, usual = self._daily(errors, errors.reading), self._daily(errors, errors.usual)
        known = (read > 0) & (usual > 0)
        ratio = np.divide(read, usual, out=np.full(read.shape, np.nan), where=known)
        return _beside_the_others(np.log(ratio))

    @staticmethod
    def _daily(errors: DailyErrors, sums: Array) -> Array:
        enough = (errors.count >= LEAST_COUNT * errors.possible[:, np.newaxis]) & (errors.count > 0)
        return np.asarray(np.divide(sums, errors.count, out=np.full(sums.shape, np.nan), where=enough))


def _beside_the_others(values: Array) -> Array:
    """Numbers (D, N) less the median of each day's: what is new to all sensors is not one sensor's."""
    rows = np.isfinite(values).any(axis=1)
    common = np.zeros(len(values))
    common[rows] = np.nanmedian(values[rows], axis=1)
    return np.asarray(values - common[:, np.newaxis])


def _drift(weeks: Sequence[Week], last_days: DailyErrors, reference: DailyErrors) -> Drift:
    last = since = weeks[-1]
    for week in reversed(weeks[:-1]):
        if not ((week.network and last.network) or set(week.worse) & set(last.worse)):
            break
        since = week
    now, tested = (by_sensor(errors.model, errors.count) for errors in (last_days, reference))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.nan_to_num(now / tested, nan=0.0)
    sensors = tuple(sorted(last.worse, key=lambda number: -ratio[number]))
    if not sensors:
        return Drift(
            since.first, (), pooled(last_days.model, last_days.count), pooled(reference.model, reference.count)
        )
    return Drift(since.first, sensors, float(now[sensors[0]]), float(tested[sensors[0]]))
