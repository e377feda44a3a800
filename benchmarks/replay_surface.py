"""What an evaluation would have given: recorded learning curves, and a model of them between the recorded configs.

The table has a whole curve for every recorded config at every stage. A sampler asks for configs that are not among
them; for these a Gaussian process over the hyperparameters foretells the mean curve. What it does not foretell, the
luck of a seed and whatever else, is most of it, and is no error of measurement: a model that is better than foretold on
validation data is so on test data, and passes it on to the model grown from it. So it is kept as it was recorded, as
whole curves of what was left over when the config was left out. All of this is done in logarithms of what an error is
above a floor, where the few bad runs do not weigh more than the many good ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from recorder import RANDOM_CONFIGS
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

__all__ = ["KINDS", "PARAMS", "Curves", "Surface", "read_curves"]

KINDS = ("quick", "medium", "full", "medium cold", "full cold")
"""Stages of a search, where medium and full are grown from the stage below; and the same trained from nothing."""
GROWN = ("medium", "full")
PARAMS = {
    "learning_rate": "log", "decay_epoch": "linear", "decay_rate": "linear", "batch_size": "log", "dropout": "linear",
    "weight_decay": "choice", "clip_norm": "choice", "causal": "choice", "bn_momentum": "linear",
}  # fmt: skip
LONGEST, SHORTEST = 30.0, 0.15
FLOOR = 0.85
"""Of the least recorded error: with it, lucky and unlucky runs of the week are about equally far from the mean."""


@dataclass(frozen=True)
class Curves:
    """Recorded evaluations of one kind.

    Args:
        params: a config of every row, (R,) mappings.
        val: validation MAE after every epoch, (R, E).
        test: test MAE after every epoch, (R, E).
        seconds: of every epoch, (R, E).
        seeds: (R,).
        configs: (R,).
        start: validation and test MAE before the first epoch, (R, 2); infinite for what was not grown.
    """

    params: list[Mapping[str, Any]]
    val: NDArray[np.float64]
    test: NDArray[np.float64]
    seconds: NDArray[np.float64]
    seeds: NDArray[np.int64]
    configs: NDArray[np.int64]
    start: NDArray[np.float64]

    @property
    def best(self) -> NDArray[np.float64]:
        """The validation MAE by which the product ranks, the start counting as an epoch, (R,)."""
        return np.minimum(self.val.min(axis=1), self.start[:, 0])

    @property
    def test_at_best(self) -> NDArray[np.float64]:
        """Test MAE of the epoch with that validation MAE, (R,)."""
        at = self.val.argmin(axis=1)[:, None]
        own = np.take_along_axis(self.test, at, axis=1)[:, 0]
        return np.where(self.start[:, 0] < self.val.min(axis=1), self.start[:, 1], own)

    def at_random(self) -> "Curves":
        """Without the configs that searches went for."""
        drawn = self.configs < RANDOM_CONFIGS
        params = [row for row, own in zip(self.params, drawn, strict=True) if own]
        arrays = (self.val, self.test, self.seconds, self.seeds, self.configs, self.start)
        return Curves(params, *(array[drawn] for array in arrays))

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Config and seed of every row."""
        return list(zip(self.configs.tolist(), self.seeds.tolist(), strict=True))


def read_curves(file: Path, task: str, clock: Mapping[tuple[str, int], float] | None = None) -> dict[str, Curves]:
    """Curves of a task by kind, from the Parquet table of `curves.py`.

    Args:
        file: the table.
        task: `week` or `demo`.
        clock: seconds of an epoch by stage and batch size, as `clock.py` measures them; none: those recorded.
    """
    table = pd.read_parquet(file)
    table = table[table["task"] == task]
    if clock is not None:
        places = zip(table["stage"], table["batch_size"].astype(int), strict=True)
        table = table.assign(seconds=[clock[place] for place in places])
    found = {}
    for kind in KINDS:
        rows = table[table["kind"] == kind].sort_values(["seed", "config", "epoch"])
        whole = [run for _, run in rows.groupby(["seed", "config"], sort=True)]
        whole = [run for run in whole if run["epoch"].max() > 0]  # ended before its first epoch: no curve
        if not whole:
            continue
        grown = kind in GROWN
        start = [run.loc[run["epoch"] == 0, ["val", "test"]].to_numpy(float) for run in whole]
        runs = [run[run["epoch"] > 0] for run in whole]
        epochs = int(rows["epoch"].max())
        found[kind] = Curves(
            params=[run[list(PARAMS)].iloc[0].to_dict() for run in runs],
            val=np.stack([_whole(run["val"], epochs) for run in runs]),
            test=np.stack([_whole(run["test"], epochs) for run in runs]),
            seconds=np.stack([_whole(run["seconds"], epochs, after=0.0) for run in runs]),
            seeds=np.array([run["seed"].iloc[0] for run in runs]),
            configs=np.array([run["config"].iloc[0] for run in runs]),
            start=np.concatenate(start) if grown else np.full((len(runs), 2), np.inf),
        )
    return found


def _whole(values: pd.Series, epochs: int, after: float | None = None) -> NDArray[np.float64]:
    """(E,). A diverged run was ended early: it stays as bad as it was, or `after` it."""
    known = values.to_numpy(float)
    return np.pad(known, (0, epochs - len(known)), constant_values=known[-1] if after is None else after)


def _features(params: list[Mapping[str, Any]]) -> NDArray[np.float64]:
    """(R, F): every hyperparameter on a scale of about 0 to 1; a choice is its rank."""
    columns = []
    for name, scale in PARAMS.items():
        values = np.array([float(row[name]) for row in params])
        if scale == "log":
            values = np.log(values) / 4
        elif scale == "choice":
            values = np.sign(values) + np.log10(np.maximum(np.abs(values), 1e-6)) / 6 * (values > 0)
        else:
            values = values / {"decay_epoch": 17.0, "decay_rate": 0.45, "dropout": 0.3, "bn_momentum": 0.19}[name]
        columns.append(values)
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Bend:
    """A monotone map of what a model of curves draws to what was recorded, by quantiles; beyond them a shift.

    Args:
        drawn: quantiles, ascending, (Q,).
        recorded: the same of what was recorded, (Q,).
    """

    drawn: NDArray[np.float64]
    recorded: NDArray[np.float64]

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values + np.interp(values, self.drawn, self.recorded - self.drawn)


class Surface:
    """Curves of any config at one kind of evaluation.

    `foretells` is the share of what the Gaussian process says that may be believed: the slope of recorded errors on
    those foretold without the config, 0 where hyperparameters foretell nothing. `bends` are those of validation and
    test errors (`replay_check.py`), so that the best drawn models are no better than the best recorded.

    Args:
        curves: recorded ones.
    """

    bends: tuple[Bend, Bend] | None = None

    def __init__(self, curves: Curves) -> None:
        self.epochs = curves.val.shape[1]
        self.configs = len(np.unique(curves.configs))
        self._x = _features(curves.params)
        self._floor = FLOOR * np.repeat([curves.val.min(), curves.test.min()], self.epochs)
        self._y = self.logs(curves.val, curves.test)
        self._mean = self._y.mean(axis=0)
        self._best = self.of_least(self._y)[:, 0]
        self._seconds = curves.seconds.mean(axis=0)
        self._by_batch = _seconds_by_batch(curves)
        self._log_scales = self._fitted()
        self._factor = cho_factor(self._covariance(self._x))
        self.noise = _seed_noise(curves)
        self.runs = {run: row for row, run in enumerate(curves.runs)}
        self.foretells, self.left_over, self.errors = self._left_out(curves)

    def _fitted(self) -> NDArray[np.float64]:
        """Length scales, amplitude and noise of the greatest likelihood of the best validation MAE."""
        y = (self._best - self._best.mean()) / self._best.std()
        start = np.concatenate([np.zeros(self._x.shape[1]), [0.0, -1.0]])
        bounds = [(np.log(SHORTEST), np.log(LONGEST))] * self._x.shape[1] + [(-2.0, 2.0), (-3.0, 0.5)]

        def loss(log_scales: NDArray[np.float64]) -> float:
            kernel = _kernel(self._x, self._x, log_scales) + np.exp(2 * log_scales[-1]) * np.eye(len(y))
            factor = np.linalg.cholesky(kernel)
            whitened = np.linalg.solve(factor, y)
            # A weak prior of long scales: with some 64 points, most hyperparameters cannot be told to matter.
            prior = 0.5 * ((log_scales[:-2] - np.log(1.5)) ** 2).sum() / 1.0**2
            return float(0.5 * whitened @ whitened + np.log(np.diag(factor)).sum() + prior)

        return np.asarray(minimize(loss, start, method="L-BFGS-B", bounds=bounds).x)

    def _covariance(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(_kernel(x, x, self._log_scales) + np.exp(2 * self._log_scales[-1]) * np.eye(len(x)))

    def curve(
        self, params: Mapping[str, Any], luck: NDArray[np.float64] | float = 0.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Validation and test MAE after every epoch, and every epoch's seconds: (E,) each.

        Args:
            params: of the config.
            luck: what is left over, in these logarithms, (2E,); none: the expected curves.
        """
        weights = cho_solve(self._factor, _kernel(self._x, _features([params]), self._log_scales))[:, 0]
        logs = self._mean + self.foretells * weights @ (self._y - self._mean) + luck
        if self.bends is not None:
            logs = np.concatenate([bend(part) for bend, part in zip(self.bends, np.split(logs, 2), strict=True)])
        found = np.exp(logs) + self._floor
        seconds = self._by_batch.get(int(params["batch_size"]), self._seconds)
        return found[: self.epochs], found[self.epochs :], seconds

    def of_least(self, logs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of curves in logarithms (R, 2E), the least validation error and the test error of its epoch, (R, 2)."""
        rows, at = np.arange(len(logs)), logs[:, : self.epochs].argmin(axis=1)
        return np.stack([logs[rows, at], logs[rows, self.epochs + at]], axis=1)

    def logs(self, val: NDArray[np.float64], test: NDArray[np.float64]) -> NDArray[np.float64]:
        """Curves of (R, E) mph each, in logarithms (R, 2E)."""
        return np.asarray(np.log(np.concatenate([val, test], axis=1) - self._floor))

    def _left_out(self, curves: Curves) -> tuple[float, NDArray[np.float64], dict[str, float]]:
        """What others foretell of every run without its config: the share of it that holds; what is left over of its
        curves, in logarithms, (R, 2E); and mean errors in mph of the best validation MAE and its test MAE, beside those
        of foretelling the mean of the others.

        Scales of length are those fitted to all, which makes the errors a little too small.
        """
        mean, moved = np.empty_like(self._y), np.empty_like(self._y)
        least = self.of_least(self._y)
        mean_least, moved_least = np.empty_like(least), np.empty_like(least)
        for config in np.unique(curves.configs):
            out = curves.configs == config
            seen = self._x[~out]
            weights = np.linalg.solve(self._covariance(seen), _kernel(seen, self._x[out], self._log_scales)).T
            for whole, centre, move in ((self._y, mean, moved), (least, mean_least, moved_least)):
                centre[out] = whole[~out].mean(axis=0)
                move[out] = weights @ (whole[~out] - centre[out][0])
        slope = float(np.clip(((least - mean_least) * moved_least).sum() / (moved_least**2).sum(), 0.0, 1.0))
        told = {"": mean_least + slope * moved_least, "_by_mean": mean_least}
        errors = {
            f"{part}{how}": round(float(np.abs(np.exp(logs) - np.exp(least)).mean(axis=0)[column]), 4)
            for how, logs in told.items()
            for column, part in enumerate(("val", "test"))
        }
        return slope, self._y - mean - slope * moved, errors


def _kernel(a: NDArray[np.float64], b: NDArray[np.float64], log_scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matern 5/2, (A, B)."""
    lengths = np.exp(log_scales[:-2])
    distance = np.sqrt(np.maximum(((a[:, None] / lengths - b[None] / lengths) ** 2).sum(-1), 1e-12))
    scaled = np.sqrt(5.0) * distance
    return np.asarray(np.exp(2 * log_scales[-2]) * (1 + scaled + scaled**2 / 3) * np.exp(-scaled))


def _seconds_by_batch(curves: Curves) -> dict[int, NDArray[np.float64]]:
    sizes = np.array([int(row["batch_size"]) for row in curves.params])
    return {int(size): np.median(curves.seconds[sizes == size], axis=0) for size in np.unique(sizes)}


def _seed_noise(curves: Curves) -> float:
    """Standard deviation, in logarithms, between seeds of one config's best validation MAE."""
    best, variances = np.log(curves.val.min(axis=1)), []
    for config in np.unique(curves.configs):
        own = best[curves.configs == config]
        if len(own) > 1:
            variances.append(own.var(ddof=1))
    return float(np.sqrt(np.mean(variances))) if variances else 0.0
