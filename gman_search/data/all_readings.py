"""More readings of a network as one training part: all before the test part, or all there are, for refits."""

from dataclasses import replace
from typing import Literal

import numpy as np

from gman_search.data.fill import fill_missing
from gman_search.data.holidays import calendar_days
from gman_search.data.series import TrafficSeries
from gman_search.data.task import ForecastDataset
from gman_search.data.usual import UsualValues, usual_values, usual_without_own_day
from gman_search.errors import DataError

__all__ = ["continued", "task_before_test", "task_of_all"]

CHECKED = 100
"""Windows on which a refit is looked at after an epoch: they are trained on too, and tell only whether it diverges."""
EQUAL = 1e-4


def continued(stored: TrafficSeries, newer: TrafficSeries, name: str) -> TrafficSeries:
    """`stored` (S, N) and what `newer`, read from the file `name`, adds after it; further sensors are left out.

    Raises:
        DataError: the step or the times differ, a sensor is missing, rows between the two are missing, a reading that
            both have differs, or `newer` ends before `stored`.
    """
    step = stored.step_minutes
    if newer.step_minutes != step:
        raise DataError(f"{name}: expected readings every {step} min; received every {newer.step_minutes} min")
    missing = sorted(set(stored.sensors) - set(newer.sensors))
    if missing:
        raise DataError(
            f"{name}: expected readings of all {len(stored.sensors)} sensors; {len(missing)} are missing, such as "
            f"{missing[0]}: give a sensor without readings a blank column (in long tables one row)"
        )
    newer = newer.take(stored.sensors)
    (begin, last), (first, end) = ((each.times[0], each.times[-1]) for each in (stored, newer))
    late, rest = divmod(int((first - begin).astype("timedelta64[m]").astype(np.int64)), step)
    if rest:
        raise DataError(f"{name}: expected times in steps of {step} min from {begin}; it begins at {first}")
    if late < 0:
        raise DataError(f"{name}: expected readings that continue those from {begin} on; it begins at {first}")
    if late > len(stored.values):
        raise DataError(
            f"{name}: expected readings from {last + np.timedelta64(step, 'm')} on, after the last that is known; it "
            f"begins at {first}: give the rows between too, blank where nothing was measured"
        )
    shared = len(stored.values) - late
    if len(newer.values) <= shared:
        raise DataError(f"{name}: expected readings after {last}, the last that is known; it ends at {end}")
    differs = ~np.isclose(stored.values[late:], newer.values[:shared], rtol=EQUAL, atol=EQUAL)
    if differs.any():
        row, column = np.argwhere(differs)[0]
        ours, theirs = stored.values[late + row, column], newer.values[row, column]
        raise DataError(
            f"{name}: expected the readings that are known already to be equal; at {newer.times[row]} sensor "
            f"{stored.sensors[column]} has {theirs:.6g} in it and {ours:.6g} in the study's: give only later rows"
        )
    return replace(
        stored,
        values=np.concatenate([stored.values, newer.values[shared:]]),
        times=np.concatenate([stored.times, newer.times[shared:].astype(stored.times.dtype)]),
        notes=(*stored.notes, *newer.notes),
    )


def task_before_test(task: ForecastDataset, imputation: Literal["last", "mean", "zero"]) -> ForecastDataset:
    """`task_of_all` of the readings before the first that a test window forecasts: training and validation part.

    With DCRNN's split the last validation windows and the first test windows share readings; those are left out.
    """
    end = min(task.starts["val"][-1] + task.Q, task.starts["test"][0]) + task.P
    series = replace(task.series, values=task.series.values[:end], times=task.series.times[:end])
    return task_of_all(task, series, imputation)


def task_of_all(
    task: ForecastDataset,
    series: TrafficSeries,
    imputation: Literal["last", "mean", "zero"],
    *,
    fresh_usual: bool = True,
) -> ForecastDataset:
    """`task` with every window of `series` (S, N) in its training part, and the scaler that it had.

    The weights were trained with that scaler, and would see all readings moved by another. Usual values are made anew,
    unless they are to stay. The validation part is some of the newest windows; there is no test part.
    """
    rows = len(series.values)
    starts = np.arange(rows - task.P - task.Q + 1, dtype=np.int32)
    days, times = calendar_days(series.times, task.holiday_dates), series.time_of_day
    everything = (series.values, days, times, series.steps_per_day)
    usual: UsualValues = usual_values(*everything) if fresh_usual else task.usual
    newest = starts[-min(len(starts), series.steps_per_day * 7) :]
    return replace(
        task,
        series=series,
        starts={"train": starts, "val": newest[:: max(1, len(newest) // CHECKED)], "test": starts[:0]},
        train_rows=(0, rows),
        inputs=fill_missing(series.values, task.mean, task.std, imputation),
        targets=series.values.astype(np.float32),
        day_of_week=days,
        time_of_day=times,
        seen_days=np.isin(np.arange(7), days),
        seen_times=np.isin(np.arange(series.steps_per_day), times),
        usual=usual,
        usual_rows=usual_without_own_day(*everything) if fresh_usual else usual.at(days, times),
    )
