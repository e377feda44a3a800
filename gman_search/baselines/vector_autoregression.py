"""Vector autoregression on deviations from the usual value, in closed form (pure).

What `linear_regression` leaves, which looks at each sensor alone, is regressed on the last deviations of all sensors:
what comes to a sensor is seen up the road first. How far that can be trusted depends on the length of the training
part. So the ridge is the one with the least error on blocks of days that are left out of the fit. Their forecasts are
what another model can be trained on: those of a fit's own windows look too good.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gman_search.baselines.linear_regression import Coefficients, Sums, chunks, forecast_deviations, sums_of, thinned
from gman_search.data.fill import fill_inputs
from gman_search.data.window_set import WindowSet
from gman_search.missing import is_observed

__all__ = ["Autoregression", "HeldOut", "fit_autoregression", "forecast_autoregression"]

LAGS = (1, 2, 3, 6)
MAX_FEATURES = 1000
"""Deviations that are looked at: with many sensors fewer lags of each, with more sensors than that only their own."""
FOLDS = 5
RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, math.inf)
"""Of the inputs' mean square; the last one leaves the sensors alone."""
STEPS_TRIED = 3
"""The ridge is chosen by so many steps, evenly spread."""

Array = NDArray[np.floating]
Places = NDArray[np.integer]


@dataclass(frozen=True)
class Autoregression:
    """`own` of each sensor alone, and `table` (Q, N * lags, N) for what it leaves, of the deviations of all."""

    own: Coefficients
    table: Array

    def arrays(self) -> dict[str, Array]:
        """For storing."""
        return {"table": self.own.table, "network": self.table}

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> "Autoregression":
        """As `arrays` had it; those of an earlier version were of each sensor alone."""
        own = arrays["table"]
        return cls(Coefficients(own), arrays.get("network", np.zeros((len(own), 0, own.shape[1]), np.float32)))


class HeldOut(NamedTuple):
    """Windows of the training part and their forecasts (W, Q, N) by a fit that has not seen their days."""

    windows: WindowSet
    forecast: NDArray[np.float32]


class _Fit(NamedTuple):
    """`own` of each sensor alone; sums over the inputs `gram` (F, F) and over what it leaves `moment` (Q, F, N)."""

    own: Coefficients
    gram: Array
    moment: Array


class _Fold(NamedTuple):
    """A block of days: its windows, their inputs (W, F), the fit to the other blocks `without` it, and what the sensors
    alone forecast by that (W, Q, N)."""

    windows: WindowSet
    inputs: Array
    without: _Fit
    own: Array


def fit_autoregression(windows: WindowSet) -> tuple[Autoregression, HeldOut]:
    """Fit to the training windows; with what other models can be trained on."""
    some = thinned(windows)
    blocks = np.array_split(np.arange(len(some)), FOLDS)
    inner = [_apart(some, block, following) for block, following in zip(blocks, [*blocks[1:], None], strict=True)]
    parts = [sums_of(some.take(rows)) for rows in inner]
    total, inputs = sum(parts[1:], parts[0]), _deviations(some)
    whole = _fit(some.take(np.concatenate(inner)), inputs[np.concatenate(inner)], total)
    if not all(len(rows) for rows in inner) or not inputs.shape[1]:
        # The training part is too short to leave out any of it, or has too many sensors.
        return Autoregression(whole.own, _table(whole, math.inf)), HeldOut(some, forecast_deviations(whole.own, some))
    folds = []
    for number, block in enumerate(blocks):
        rest = np.concatenate([rows for other, rows in enumerate(inner) if other != number])
        without = _fit(some.take(rest), inputs[rest], total - parts[number])
        left_out = some.take(block)
        folds.append(_Fold(left_out, inputs[block], without, forecast_deviations(without.own, left_out)))
    ridge = _best_ridge(folds)
    held_out = [fold.own + _forecast(_table(fold.without, ridge), fold.inputs) for fold in folds]
    return Autoregression(whole.own, _table(whole, ridge)), HeldOut(some, np.concatenate(held_out))


def forecast_autoregression(model: Autoregression, windows: WindowSet) -> NDArray[np.float32]:
    """Forecasts (W, Q, N) in the data's unit."""
    result, done = forecast_deviations(model.own, windows), 0
    if model.table.any():
        for some in chunks(windows):
            result[done : done + len(some)] += _forecast(model.table, _deviations(some))
            done += len(some)
    return result


def _apart(windows: WindowSet, block: Places, following: Places | None) -> Places:
    """Those of a block of windows that share no reading with the `following` one."""
    if following is None or not len(following):
        return block
    apart: Places = block[windows.starts[block] + windows.P + windows.Q <= windows.starts[following[0]]]
    return apart


def _fit(windows: WindowSet, inputs: Array, sums: Sums) -> _Fit:
    own, targets = sums.solved(), windows.targets
    left = np.where(is_observed(targets), targets - forecast_deviations(own, windows), 0).astype(np.float32)
    moment = np.stack([inputs.T @ left[:, step] for step in range(windows.Q)])
    return _Fit(own, (inputs.T @ inputs).astype(np.float64), moment.astype(np.float64))


def _deviations(windows: WindowSet) -> NDArray[np.float32]:
    """Deviations (W, F) of all sensors from their usual values, the last ones first."""
    sensors = windows.readings.shape[1]
    lags = [lag for lag in LAGS if lag <= windows.P][: MAX_FEATURES // sensors]
    if not lags:
        return np.empty((len(windows), 0), np.float32)
    found, done = np.empty((len(windows), len(lags) * sensors), np.float32), 0
    for some in chunks(windows):
        usual = some.usual[some.past].swapaxes(1, 2)
        filled = fill_inputs(some.readings[some.past].swapaxes(1, 2), usual) - usual  # (W, N, P)
        found[done : done + len(some)] = np.concatenate([filled[..., -lag] for lag in lags], axis=1)
        done += len(some)
    return found


def _forecast(table: Array, inputs: Array) -> NDArray[np.float32]:
    """(W, Q, N) of inputs (W, F)."""
    if not table.any():
        return np.zeros((len(inputs), len(table), table.shape[2]), np.float32)
    return np.stack([inputs @ step for step in table], axis=1).astype(np.float32)


def _table(fit: _Fit, ridge: float, which: Places | slice = slice(None)) -> NDArray[np.float32]:
    """Coefficients (Q, F, N), or those of some steps."""
    gram, moment = fit.gram, fit.moment[which]
    if math.isinf(ridge) or not gram.any():
        return np.zeros(moment.shape, np.float32)
    damped = gram + ridge * np.trace(gram) / len(gram) * np.eye(len(gram))
    steps, features, sensors = moment.shape
    solved = np.linalg.solve(damped, moment.swapaxes(0, 1).reshape(features, -1))
    return solved.reshape(features, steps, sensors).swapaxes(0, 1).astype(np.float32)


def _best_ridge(folds: Sequence[_Fold]) -> float:
    """The one with the least error in forecasts of each fold by the others."""
    Q = folds[0].windows.Q
    steps = np.unique(np.linspace(0, Q - 1, 2 * STEPS_TRIED + 1).astype(int)[1::2])
    errors = np.zeros(len(RIDGES))
    for fold in folds:
        targets = fold.windows.targets[:, steps]
        observed = is_observed(targets)
        for index, ridge in enumerate(RIDGES):
            forecast = fold.own[:, steps] + _forecast(_table(fold.without, ridge, steps), fold.inputs)
            errors[index] += np.abs(np.where(observed, forecast - targets, 0)).sum(dtype=np.float64)
    return RIDGES[int(errors.argmin())]
