"""Boosted trees (LightGBM): one model for each step, on lags, calendar, usual values and a regression of all sensors.

A model forecasts how much the reading will differ from what a linear regression says, or from the usual value: which
is better depends on the network and the step, and their errors differ, so that an ensemble gains by both. In training
the regression's forecasts are of a fit that has not seen those days. Settings are the same for every network.
"""

import errno
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from gman_search.baselines.base import Baseline, Regression, check_windows, shared_regression
from gman_search.baselines.cheap import LinearRegression
from gman_search.baselines.tree_features import Places, TreeFeatures
from gman_search.baselines.vector_autoregression import Autoregression, forecast_autoregression
from gman_search.data.window_set import WindowSet
from gman_search.errors import DataError, DiskFull, UsageError
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.io.atomic import write_text

if TYPE_CHECKING:
    from gman_search.data.task import ForecastDataset

__all__ = ["BoostedTrees", "DeviationTrees"]

ROUNDS = 150
MAX_ROWS = 150_000
"""Rows, pairs of a window and a sensor, that a model is trained on; drawn at random from more."""
ROWS_AT_ONCE = 50_000
FORECAST_THREADS, MANY_ROWS = 4, 5_000
"""Steps that are forecast side by side, where there are more rows than that."""
SETTINGS = {
    "objective": "mae",
    "learning_rate": 0.1,
    "num_leaves": 63,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
ABOUT = "baseline.json"
SCHEMA = "gman-search/boosted-trees/2"
REGRESSION = "regression.npz"


def _lightgbm() -> Any:
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # OSError: its library is there and OpenMP's is not
        cause = " ".join(str(error).split())[:120]
        raise UsageError(
            f"boosted trees: expected LightGBM ({cause}): pip install lightgbm, and on Linux apt-get install libgomp1"
        ) from None
    return lightgbm


class BoostedTrees(Baseline):
    """LightGBM on what a linear regression leaves. A fit may take several `threads`."""

    name: ClassVar[str] = "boosted trees"
    library: ClassVar[str | None] = "lightgbm"
    builds_on: ClassVar[str | None] = LinearRegression.name

    def __init__(self) -> None:
        self._steps: list[Any] = []  # a LightGBM booster for each step; None where no target of it was observed
        self._regression: Autoregression | None = None
        self._sizes = (0, 0, 0)

    def base(self, features: TreeFeatures, window: Places, sensor: Places, step: int) -> NDArray[np.floating]:
        """What a forecast is the difference from (R,), of R pairs of a window and a sensor."""
        said: NDArray[np.floating] = features.regression[window, step, sensor]
        return said

    def fit(
        self, task: "ForecastDataset", *, threads: int = 1, seed: int = 0, regression: Regression | None = None
    ) -> None:
        """Raises UsageError where LightGBM cannot be imported."""
        lightgbm = _lightgbm()
        self._regression, (windows, held_out) = (regression or shared_regression(task))()
        self._sizes = (windows.P, windows.Q, windows.readings.shape[1])
        features = TreeFeatures(windows, held_out)
        settings = {**SETTINGS, "num_threads": 1, "seed": seed}

        def fitted(step: int) -> Any:
            targets = windows.readings[windows.future[:, step]]  # (W, N)
            rows = np.flatnonzero(targets)
            if len(rows) > MAX_ROWS:
                drawn = np.random.default_rng([seed, step, *self.name.encode()]).choice(
                    len(rows), MAX_ROWS, replace=False
                )
                rows = rows[np.sort(drawn)]
            if not len(rows):
                return None
            window, sensor = np.divmod(rows, targets.shape[1])
            difference = targets[window, sensor] - self.base(features, window, sensor, step)
            data = lightgbm.Dataset(features.at(window, sensor, step), difference, params={"verbosity": -1})
            return lightgbm.train(settings, data, ROUNDS)

        # Steps side by side, each with one thread: LightGBM's own threads wait for each other by spinning, and take
        # minutes instead of seconds where something else wants the cores.
        with ThreadPoolExecutor(threads) as pool:
            self._steps = list(pool.map(fitted, range(windows.Q)))

    def forecast(self, windows: WindowSet) -> NDArray[np.float32]:
        check_windows(windows, self._sizes, self.name)
        if self._regression is None:
            raise ValueError(f"{self.name}: expected a baseline that was fitted or loaded")
        sensors = windows.readings.shape[1]
        result = np.empty((len(windows), windows.Q, sensors), np.float32)
        size = max(1, ROWS_AT_ONCE // sensors)
        for first in range(0, len(windows), size):
            some = windows.take(slice(first, first + size))
            features = TreeFeatures(some, forecast_autoregression(self._regression, some))
            window, sensor = np.divmod(np.arange(len(some) * sensors), sensors)
            first_step = features.at(window, sensor, 0)

            def of_step(
                step: int,
                features: TreeFeatures = features,
                window: Places = window,
                sensor: Places = sensor,
                first_step: NDArray[np.floating] = first_step,
            ) -> Any:
                base = self.base(features, window, sensor, step)
                if self._steps[step] is None:
                    return base
                rows = first_step.copy()
                features.set_step(rows, window, sensor, step)
                return base + self._steps[step].predict(rows, num_threads=1)

            with ThreadPoolExecutor(FORECAST_THREADS if len(first_step) > MANY_ROWS else 1) as pool:
                for step, by_row in enumerate(pool.map(of_step, range(len(self._steps)))):
                    result[first : first + len(some), step] = by_row.reshape(len(some), sensors)
        return result

    def save(self, folder: Path) -> None:
        """Text of LightGBM's own, one file for each step, and their checksums in `baseline.json`."""
        texts = [None if booster is None else booster.model_to_string() for booster in self._steps]
        digests = [None if text is None else _digest(text) for text in texts]
        about = {"schema": SCHEMA, "name": self.name, "sizes": self._sizes, "steps": digests}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for step, text in enumerate(texts):
                if text is not None:
                    write_text(_file(folder, step), text)
            if self._regression is not None:
                write_arrays(folder / REGRESSION, self._regression.arrays(), {"schema": SCHEMA})
            # Last: a folder without it, or with another's, is refused.
            write_text(folder / ABOUT, json.dumps(about, indent=2) + "\n")
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise DiskFull(f"expected room for boosted trees in {folder}; the disk is full: free some") from None

    @classmethod
    def load(cls, folder: Path) -> Self:
        loaded = cls()
        lightgbm = _lightgbm()
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            if about["name"] != cls.name:
                raise DataError(f"{folder / ABOUT}: expected the baseline {cls.name}; received {about['name']}")
            if about["schema"] != SCHEMA:
                raise DataError(
                    f"{folder}: expected {cls.name} of this version; received those of another one: "
                    "remove the folders `baselines` and `ensemble` of the study, and run it again"
                )
            P, Q, N = (int(size) for size in about["sizes"])
            digests = list(about["steps"])
            loaded._sizes = (P, Q, N)
            loaded._regression = Autoregression.of(read_arrays(folder / REGRESSION)[0])
            for step, digest in enumerate(digests):
                if digest is None:
                    loaded._steps.append(None)
                    continue
                text = _file(folder, step).read_text(encoding="utf-8")
                # LightGBM's reader trusts its input; a damaged text can end the process.
                if _digest(text) != digest:
                    raise ValueError(f"the checksum of {_file(folder, step).name} does not fit its content")
                loaded._steps.append(lightgbm.Booster(model_str=text))
        except FileNotFoundError as error:
            raise DataError(f"expected boosted trees in {folder}; there is no {error.filename}") from None
        except (OSError, ValueError, KeyError, TypeError, lightgbm.basic.LightGBMError) as error:
            raise DataError(f"expected boosted trees in {folder}; a file is damaged: {error}") from None
        return loaded


class DeviationTrees(BoostedTrees):
    """LightGBM on deviations from the usual value."""

    name: ClassVar[str] = "boosted trees on deviations"

    def base(self, features: TreeFeatures, window: Places, sensor: Places, step: int) -> NDArray[np.floating]:
        return features.usual(window, sensor, step)


def _file(folder: Path, step: int) -> Path:
    return folder / f"step-{step + 1:02}.txt"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
