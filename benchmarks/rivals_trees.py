"""LightGBM by a plain recipe that nothing was tuned for, in `rivals.py`: the bar that nobody can call made weak.

One model a forecast step. Rows are pairs of window and sensor, the target is the reading minus the last reading, the
objective the absolute error; 200 rounds, learning rate 0.08, 63 leaves, at least 100 rows a leaf, feature and bagging
fraction 0.8, at most 300,000 rows. Its usual value is the plain training mean by time of day, of working days or
weekends; a training row's own day is in it. It shares no code with the product's own boosted trees.

The same recipe is fitted to training and validation part, too: the product's baselines are before its test.
"""

import os
import time
from dataclasses import replace
from typing import Any

import numpy as np
from rivals_product import Part, row

from gman_search.data.all_readings import task_before_test
from gman_search.data.task import ForecastDataset
from gman_search.metrics import masked_scores

__all__ = ["NAME", "ON_BOTH", "plain_trees", "plain_usual"]

NAME = "LightGBM, plain recipe"
ON_BOTH = f"{NAME}, both parts"
LAGS = (1, 2, 3, 4, 6, 9, 12)
NEIGHBOURS = (-2, -1, 1, 2)
ROUNDS, ROWS = 200, 300_000
SETTINGS = {
    "objective": "mae",
    "learning_rate": 0.08,
    "num_leaves": 63,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "verbosity": -1,
}
WEEKEND = 5


def plain_usual(task: ForecastDataset) -> np.ndarray:
    """Usual readings (S, N) of every row.

    Where no day of the kind was observed: the mean of the time of day; where none was: of the sensor.
    """
    first, end = task.train_rows
    readings, time_of_day = task.targets.astype(float), task.time_of_day
    weekend = (task.day_of_week >= WEEKEND).astype(int)
    total = np.zeros((2, task.T, readings.shape[1]))
    count = np.zeros_like(total)
    at = weekend[first:end], time_of_day[first:end]
    np.add.at(total, at, readings[first:end])
    np.add.at(count, at, readings[first:end] != 0)
    sensor = total.sum(axis=(0, 1)) / np.maximum(count.sum(axis=(0, 1)), 1)
    both = np.where(count.sum(0) > 0, total.sum(0) / np.maximum(count.sum(0), 1), sensor)
    table: np.ndarray = np.where(count > 0, total / np.maximum(count, 1), both)
    return table[weekend, time_of_day]


def features(task: ForecastDataset, usual: np.ndarray, starts: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (W * N, F) of a forecast so many steps ahead, and last readings (W * N,)."""
    rows = starts[:, np.newaxis] + np.arange(task.P)
    past = (task.inputs * task.std + task.mean)[rows]  # (W, P, N), missing ones filled
    last, now, then = past[:, -1], starts + task.P - 1, starts + task.P - 1 + step
    windows, sensors = last.shape
    columns = [past[:, -lag] for lag in LAGS if lag <= task.P]
    columns += [past.mean(1), past.std(1), past.min(1), usual[now], usual[then], last - usual[now]]
    columns += [last[:, np.clip(np.arange(sensors) + away, 0, sensors - 1)] for away in NEIGHBOURS]
    by_window = (last.mean(1), task.time_of_day[then], task.day_of_week[then])
    columns += [np.repeat(each[:, np.newaxis], sensors, axis=1) for each in by_window]
    columns.append(np.tile(np.arange(sensors), (windows, 1)))
    return np.stack(columns, axis=-1).reshape(windows * sensors, -1), last.reshape(-1)


def plain_trees(
    task: ForecastDataset, seed: int, *, validation_stride: int = 1, threads: int | None = None, both: bool = False
) -> Part:
    """Train and score it; `validation_stride` as in the search, so that validation errors compare.

    `both`: trained on training and validation part, so that it has no validation error.
    """
    import lightgbm

    if both:
        whole = task_before_test(task, "last")
        task = replace(task, train_rows=whole.train_rows, starts={**task.starts, "train": whole.starts["train"]})

    began = time.perf_counter()
    usual = plain_usual(task)
    settings = {**SETTINGS, "num_threads": threads or os.cpu_count() or 1, "seed": seed}
    boosters: list[Any] = []
    for step in range(1, task.Q + 1):
        starts = task.starts["train"]
        table, last = features(task, usual, starts, step)
        truth = task.targets[starts + task.P - 1 + step].astype(float).reshape(-1)
        chosen = np.flatnonzero(truth != 0)
        if len(chosen) > ROWS:
            chosen = chosen[np.random.default_rng(seed).choice(len(chosen), ROWS, replace=False)]
        train = lightgbm.Dataset(table[chosen], (truth - last)[chosen])
        boosters.append(lightgbm.train(settings, train, ROUNDS))
    seconds = time.perf_counter() - began

    def forecast(starts: np.ndarray, step: int) -> np.ndarray:
        table, last = features(task, usual, starts, step)
        return (boosters[step - 1].predict(table) + last).reshape(len(starts), -1)

    def errors(starts: np.ndarray) -> dict[str, float]:
        steps, everything = {}, []
        for step in range(1, task.Q + 1):
            ahead = forecast(starts, step)
            truth = task.targets[starts + task.P - 1 + step]
            steps[str(step)] = masked_scores(truth, ahead).mae
            everything.append((truth, ahead))
        all_at_once = masked_scores(*(np.stack(each) for each in zip(*everything, strict=True))).mae
        return {**steps, "mean": float(np.mean(list(steps.values()))), "masked": all_at_once}

    val = None if both else errors(task.starts["val"][::validation_stride])["masked"]
    test = errors(task.starts["test"])
    one, took = task.starts["test"][-1:], []
    for _ in range(5):
        at = time.perf_counter()
        for step in range(1, task.Q + 1):
            forecast(one, step)
        took.append(time.perf_counter() - at)
    return Part(
        [row(ON_BOTH if both else NAME, "baseline", val, test, seconds, 1000 * float(np.median(took)))], seconds
    )
