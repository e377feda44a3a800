"""How hard the demo is: errors of two forecasts that learn nothing, and of a linear one that does.

Windows are P = 12 steps in and Q = 12 steps out, each inside one of the splits 70/10/20 by time. Errors ignore truth
of 0 (missing) and are sums over counts of all windows and sensors.
"""

import numpy as np
import pandas as pd

__all__ = ["STEPS", "Errors", "measure", "report_lines"]

WINDOW = 12
HORIZON = 12
STEPS = (3, 6, 12)
SHARES = (0.7, 0.1)
DAY = 288

Errors = dict[str, dict[int, float]]
"""Mean absolute error in mph by forecast and by step ahead."""


def measure(readings: np.ndarray, times: pd.DatetimeIndex) -> Errors:
    """Test errors of persistence, historical average and ridge.

    Args:
        readings: (T, N) in mph, 0 where missing.
        times: of the T rows, every five minutes.
    """
    rows = len(readings)
    train, val = round(rows * SHARES[0]), round(rows * SHARES[1])
    average = historical_average(readings[:train], times[:train], times)
    filled = last_known(readings)
    learning, testing = _ends(0, train), _ends(train + val, rows)
    found: Errors = {"persistence": {}, "historical average": {}, "ridge": {}}
    for step in STEPS:
        truth = readings[testing + step]
        window = np.stack([readings[testing - lag] for lag in range(WINDOW)])
        found["persistence"][step] = masked_mae(_last_in(window, average[testing]), truth)
        found["historical average"][step] = masked_mae(average[testing + step], truth)
        forecast = _ridge(filled, readings, average, times, learning, testing, step)
        found["ridge"][step] = masked_mae(forecast, truth)
    return found


def report_lines(errors: Errors) -> list[str]:
    """The errors as lines of a Markdown table."""
    lines = ["| test MAE, mph | 15 min | 30 min | 60 min |", "|---|---|---|---|"]
    lines += [f"| {name} | " + " | ".join(f"{row[s]:.2f}" for s in STEPS) + " |" for name, row in errors.items()]
    gains = [1 - errors["ridge"][s] / min(errors["persistence"][s], errors["historical average"][s]) for s in STEPS]
    return [*lines, "| ridge over the better of both | " + " | ".join(f"{gain:.0%}" for gain in gains) + " |"]


def masked_mae(forecast: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error over all entries whose truth is not 0."""
    known = truth > 0
    return float(np.abs(forecast - truth)[known].mean())


def historical_average(known: np.ndarray, known_times: pd.DatetimeIndex, times: pd.DatetimeIndex) -> np.ndarray:
    """Mean by weekday and time of day over `known` (T0, N), looked up at `times`: (T, N); by time of day if empty."""
    week = np.full((7, DAY, known.shape[1]), np.nan)
    weekday, slot = _slots(known_times)
    masked = np.where(known > 0, known, np.nan)
    everyday = pd.DataFrame(masked).groupby(slot).mean().reindex(range(DAY)).interpolate(limit_direction="both")
    week[:] = everyday.to_numpy()
    cells = pd.DataFrame(masked).groupby([weekday, slot]).mean()
    index = cells.index.to_frame().to_numpy(dtype=int)
    values = cells.to_numpy()
    old = week[index[:, 0], index[:, 1]]
    week[index[:, 0], index[:, 1]] = np.where(np.isnan(values), old, values)
    return week[_slots(times)]


def last_known(readings: np.ndarray) -> np.ndarray:
    """Readings (T, N) with each gap filled by the last reading before it."""
    return pd.DataFrame(np.where(readings > 0, readings, np.nan)).ffill().bfill().to_numpy()


def _slots(times: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
    return times.dayofweek.to_numpy(), (times.hour * 12 + times.minute // 5).to_numpy()


def _ends(start: int, stop: int) -> np.ndarray:
    """Rows of the last input of every window inside start..stop."""
    return np.arange(start + WINDOW - 1, stop - HORIZON)


def _last_in(window: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Newest reading that is not missing; `window` (P, W, N) is newest first."""
    newest = (window > 0).argmax(axis=0)
    last = np.take_along_axis(window, newest[None], axis=0)[0]
    return np.where(last > 0, last, otherwise)


def _features(
    filled: np.ndarray, average: np.ndarray, times: pd.DatetimeIndex, ends: np.ndarray, step: int
) -> np.ndarray:
    weekday, slot = _slots(times)
    angle = 2 * np.pi * slot[ends + step, None] / DAY * np.arange(1, 5)
    lags = [(filled - average)[ends - lag] for lag in range(WINDOW)]
    ahead = average[ends + step]
    weekend = (weekday[ends + step, None] >= 5).astype(float)
    return np.concatenate([*lags, ahead, average[ends], np.sin(angle), np.cos(angle), weekend], axis=1)


def _ridge(
    filled: np.ndarray,
    readings: np.ndarray,
    average: np.ndarray,
    times: pd.DatetimeIndex,
    learning: np.ndarray,
    testing: np.ndarray,
    step: int,
    penalty: float = 300.0,
) -> np.ndarray:
    """Forecasts (W, N) of ridge regressions on all sensors' last hour, one for each sensor."""
    inputs = _features(filled, average, times, learning, step)
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    inputs = (inputs - mean) / scale
    later = (_features(filled, average, times, testing, step) - mean) / scale
    forecast = np.empty((len(testing), readings.shape[1]))
    for sensor in range(readings.shape[1]):
        truth = readings[learning + step, sensor]
        known = truth > 0
        x, y = inputs[known], truth[known]
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ (y - y.mean()))
        forecast[:, sensor] = later @ weights + y.mean()
    return forecast
