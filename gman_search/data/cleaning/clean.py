"""Leaving out the readings that no road has (pure): `[data] clean`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gman_search.data.cleaning.limits import limits_of
from gman_search.data.cleaning.rules import RULES, above_limit, jumps, straight_lines, stuck
from gman_search.data.column_blocks import column_blocks
from gman_search.data.series import LeftOut, TrafficSeries
from gman_search.errors import DataError
from gman_search.missing import is_observed

__all__ = ["cleaned", "left_out_in", "left_out_text", "refuse_other_unit", "to_leave_out"]

SHOWN = 3
OTHER_UNIT = 0.01
"""Where more than this share of the readings is impossible, the unit is wrong and not the readings."""


def cleaned(series: TrafficSeries, unit: str, *, blank: float = 0.0) -> TrafficSeries:
    """`series` with `blank` where a rule holds; `left_out` says where that is. Cleaning again changes nothing."""
    rules = _rule_numbers(series, unit)
    if not rules.any():
        return series
    values = np.where(rules > 0, np.float32(blank), series.values)
    return replace(series, values=values, left_out=(*series.left_out, *_periods(series, rules)))


def to_leave_out(series: TrafficSeries, unit: str) -> tuple[LeftOut, ...]:
    """What `cleaned` would leave out, by rule, sensor and time; 0 and NaN are missing readings."""
    return _periods(series, _rule_numbers(series, unit))


def refuse_other_unit(series: TrafficSeries, unit: str) -> None:
    """Refuse a series of which the rule `limit` has left out so much that `unit` must be wrong.

    Raises:
        DataError: more than one in a hundred readings were above what a road can have.
    """
    lost = sum(period.readings for period in series.left_out if period.rule == "limit")
    if not lost:
        return
    everything = int(np.count_nonzero(np.nan_to_num(series.values))) + sum(one.readings for one in series.left_out)
    if lost > OTHER_UNIT * everything:
        highest = limits_of(unit, series.step_minutes).highest
        raise DataError(
            f"expected readings of at most {highest:g} {unit} where data.clean is on; {lost / everything:.0%} of them "
            "are above it: set data.unit to what they are measured in, or data.clean = false"
            f"{_no_sensors_advice(series)}"
        )


def _no_sensors_advice(series: TrafficSeries) -> str:
    """Names the sensors that lose most of their readings where others do not: these may be no sensors."""
    lost = Counter[str]()
    for period in series.left_out:
        if period.rule == "limit":
            lost[period.sensor] += period.readings
    kept = np.count_nonzero(np.nan_to_num(series.values), axis=0)
    found = [name for name, count in zip(series.sensors, kept, strict=True) if lost[name] > count]
    if not found or len(found) == len(series.sensors):
        return ""
    listed = ", ".join(f'"{name}"' for name in found[:SHOWN])
    return f", or leave out columns that are no sensors, such as data.ignore_columns = [{listed}]"


def left_out_in(series: TrafficSeries, first: int, end: int) -> int:
    """How many readings were left out of the rows `first` up to, not including, `end`."""
    start, step = series.times[0].astype("datetime64[m]").astype(np.int64), series.step_minutes
    total = 0
    for period in series.left_out:
        begin, last = (
            (int(time.astype("datetime64[m]").astype(np.int64)) - int(start)) // step
            for time in (period.first, period.last)
        )
        total += max(0, min(last + 1, end) - max(begin, first))
    return total


def left_out_text(periods: Iterable[LeftOut]) -> str:
    """Such as "84 readings of 2 sensors (72 stuck, 12 limit)"."""
    found = tuple(periods)
    by_rule = Counter[str]()
    for period in found:
        by_rule[period.rule] += period.readings
    sensors = len({period.sensor for period in found})
    counts = ", ".join(f"{by_rule[rule]} {rule}" for rule in RULES if by_rule[rule])
    return f"{by_rule.total()} readings of {sensors} sensor{'' if sensors == 1 else 's'} ({counts})"


def _rule_numbers(series: TrafficSeries, unit: str) -> NDArray[np.int8]:
    """Which rule (S, N) leaves each reading out, counted from 1; 0: none."""
    numbers = np.zeros(series.values.shape, np.int8)
    for columns in column_blocks(*series.values.shape):
        numbers[:, columns] = _numbers_of(series.values[:, columns], series, unit)
    return numbers


def _numbers_of(readings: NDArray[np.floating], series: TrafficSeries, unit: str) -> NDArray[np.int8]:
    """As `_rule_numbers`, of some sensors of `series`: every rule looks at one sensor."""
    limits, step = limits_of(unit, series.step_minutes), series.step_minutes
    values = np.where(is_observed(readings), readings, np.float32(np.nan))
    marked = {"limit": above_limit(values, limits.highest)}
    # A code is no reading from which another could jump.
    values[marked["limit"]] = np.nan
    hours = series.time_of_day * step / 60
    marked |= {
        "jump": jumps(values, limits.jump),
        "stuck": stuck(values, hours, step),
        "line": straight_lines(values, step),
    }
    numbers = np.zeros(values.shape, np.int8)
    for number, rule in reversed(list(enumerate(RULES, start=1))):
        numbers[marked[rule]] = number
    return numbers


def _periods(series: TrafficSeries, numbers: NDArray[np.int8]) -> tuple[LeftOut, ...]:
    found = []
    for number, rule in enumerate(RULES, start=1):
        for columns in column_blocks(*numbers.shape):
            marked = np.equal(numbers[:, columns].T, number)  # (N, S): sensors one after another, each by time
            edges = np.diff(marked.astype(np.int8), axis=1, prepend=np.int8(0), append=np.int8(0))
            (sensors, begins), (_, ends) = np.nonzero(edges == 1), np.nonzero(edges == -1)
            names = series.sensors[columns]
            found += [
                LeftOut(names[sensor], series.times[begin], series.times[end - 1], rule, int(end - begin))
                for sensor, begin, end in zip(sensors, begins, ends, strict=True)
            ]
    return tuple(found)
