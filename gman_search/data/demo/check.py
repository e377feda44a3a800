"""How well simple forecasters do on the demo: the measure of whether it is worth training on.

Rows are cut 70/10/20 by time; windows of P = 12 inputs and Q = 12 targets lie inside one part. The error is the mean
absolute error in mph over all readings that are not 0 (missing), at single steps ahead.
"""

from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["baselines", "measure", "read"]

P = Q = 12
HORIZONS = (3, 6, 12)  # steps ahead: 15, 30 and 60 minutes
LEARNED = (6, 12)
SLOTS = 288  # steps of a day
TRAIN, TEST = 0.7, 0.2


def read(path: Path) -> pd.DataFrame:
    """The readings by time."""
    return pd.read_csv(path, index_col="time", parse_dates=["time"])


def baselines(frame: pd.DataFrame) -> dict[str, dict[int, float]]:
    """Test errors of persistence and historical average by horizon."""
    values, starts = frame.to_numpy(dtype=float), _starts(len(frame))["test"]
    last, average = _last(values), _historical_average(frame, leave_out=False)
    found: dict[str, dict[int, float]] = {"persistence": {}, "historical average": {}}
    for horizon in HORIZONS:
        truth = values[starts + P - 1 + horizon]
        found["persistence"][horizon] = _error(last[starts + P - 1], truth)
        found["historical average"][horizon] = _error(average[starts + P - 1 + horizon], truth)
    return found


def measure(path: Path) -> str:
    """A Markdown table of all test errors; gradient boosting needs scikit-learn."""
    frame = read(path)
    rows = {name: {step: f"{error:.2f}" for step, error in by.items()} for name, by in baselines(frame).items()}
    rows["gradient boosting"] = {step: f"{_boosting(frame, step):.2f}" for step in LEARNED}
    lines = ["| Test MAE, mph | 15 min | 30 min | 60 min |", "|---|---|---|---|"]
    lines += [f"| {name} | " + " | ".join(by.get(step, "") for step in HORIZONS) + " |" for name, by in rows.items()]
    return "\n".join([*lines, f"missing: {(frame.to_numpy() == 0).mean():.2%}"])


def _starts(steps: int) -> dict[str, np.ndarray]:
    """First rows of the windows inside the training and the test part."""
    train, test = round(TRAIN * steps), round(TEST * steps)
    return {"train": np.arange(train - P - Q + 1), "test": np.arange(steps - test, steps - P - Q + 1)}


def _last(values: np.ndarray) -> np.ndarray:
    """The last reading of the P up to each row; the sensor's mean over the training part where all are missing."""
    train = values[: round(TRAIN * len(values))]
    frame = pd.DataFrame(np.where(values == 0, np.nan, values)).ffill(limit=P - 1)
    return frame.fillna(pd.Series(np.nanmean(np.where(train == 0, np.nan, train), axis=0))).to_numpy()


def _historical_average(frame: pd.DataFrame, *, leave_out: bool) -> np.ndarray:
    """Training mean (S, N) of each row's weekday and time of day; then, where there is none, of its time of day.

    With `leave_out` a training row's own reading is not part of its mean: a learner that saw it there would trust the
    mean more than it deserves.
    """
    values = frame.to_numpy(dtype=float)
    slot = (_times(frame).hour * 60 + _times(frame).minute).to_numpy() * SLOTS // 1440
    known = values != 0
    known[round(TRAIN * len(values)) :] = False
    average = np.full(values.shape, np.nan)
    for groups in (_times(frame).day_of_week.to_numpy() * SLOTS + slot, slot):
        total, count = (np.zeros((7 * SLOTS, values.shape[1])) for _ in range(2))
        np.add.at(total, groups, np.where(known, values, 0.0))
        np.add.at(count, groups, known)
        own = known if leave_out else np.zeros_like(known)
        others = count[groups] - own
        mean = np.where(others > 0, (total[groups] - own * values) / np.maximum(others, 1), np.nan)
        average = np.where(np.isnan(average), mean, average)
    return average


def _error(forecast: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(forecast - truth)[truth != 0].mean())


def _boosting(frame: pd.DataFrame, horizon: int) -> float:
    """Test error of gradient boosting, one model a sensor, on all sensors' last P readings, calendar and average."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    values, starts = frame.to_numpy(dtype=float), _starts(len(frame))
    readings = np.where(values == 0, np.nan, values)
    minutes = (_times(frame).hour * 60 + _times(frame).minute).to_numpy()
    averages = {part: _historical_average(frame, leave_out=part == "train") for part in starts}
    inputs = {}
    for part, first in starts.items():
        ahead = first + P - 1 + horizon
        lags = [readings[first + lag] for lag in range(P)]
        calendar = np.stack([minutes[ahead], _times(frame).day_of_week.to_numpy()[ahead]], axis=1)
        inputs[part] = np.concatenate([*lags, calendar, averages[part][ahead]], axis=1)
    forecast = np.empty((len(starts["test"]), values.shape[1]))
    for sensor in range(values.shape[1]):
        target = values[starts["train"] + P - 1 + horizon, sensor]
        model = HistGradientBoostingRegressor(
            loss="absolute_error", max_iter=120, learning_rate=0.06, min_samples_leaf=40, max_features=0.3,
            random_state=0,
        )  # fmt: skip
        model.fit(inputs["train"][target != 0], target[target != 0])
        forecast[:, sensor] = model.predict(inputs["test"])
    return _error(forecast, values[starts["test"] + P - 1 + horizon])


def _times(frame: pd.DataFrame) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(frame.index)
