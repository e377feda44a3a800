"""Persistence, historical average and linear regression with the interface of a baseline: fitted in seconds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from gman_search.baselines.base import Baseline, Regression, check_windows, shared_regression
from gman_search.baselines.naive import historical_average, persistence
from gman_search.baselines.vector_autoregression import Autoregression, forecast_autoregression
from gman_search.data.window_set import WindowSet
from gman_search.errors import DataError
from gman_search.io.arrays import read_arrays, write_arrays

if TYPE_CHECKING:
    from gman_search.data.task import ForecastDataset

__all__ = ["HistoricalAverage", "LinearRegression", "Persistence"]

FILE = "baseline.npz"
SCHEMA = "gman-search/baseline/1"


def _write(folder: Path, name: str, arrays: dict[str, NDArray[Any]]) -> None:
    write_arrays(folder / FILE, arrays, {"schema": SCHEMA, "name": name})


def _read(folder: Path, name: str) -> dict[str, NDArray[Any]]:
    arrays, description = read_arrays(folder / FILE)
    if description.get("name") != name:
        raise DataError(f"{folder / FILE}: expected the baseline {name}; received {description.get('name')}")
    return arrays


class _Unfitted(Baseline):
    """A baseline that is a function of the windows alone."""

    def fit(
        self, task: "ForecastDataset", *, threads: int = 1, seed: int = 0, regression: Regression | None = None
    ) -> None:
        """Nothing to fit: usual values come with the windows."""

    def save(self, folder: Path) -> None:
        _write(folder, self.name, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        _read(folder, cls.name)
        return cls()


class Persistence(_Unfitted):
    """The last reading stays."""

    name: ClassVar[str] = "persistence"

    def forecast(self, windows: WindowSet) -> NDArray[np.float32]:
        return persistence(windows)


class HistoricalAverage(_Unfitted):
    """The usual value at the target's time."""

    name: ClassVar[str] = "historical average"

    def forecast(self, windows: WindowSet) -> NDArray[np.float32]:
        return historical_average(windows)


class LinearRegression(Baseline):
    """Linear regression of each sensor's deviation from the usual value on its own ones and on all sensors'."""

    name: ClassVar[str] = "linear regression"

    def __init__(self) -> None:
        self._model: Autoregression | None = None
        self._sizes = (0, 0, 0)

    def fit(
        self, task: "ForecastDataset", *, threads: int = 1, seed: int = 0, regression: Regression | None = None
    ) -> None:
        windows = task.windows("train")
        self._model = (regression or shared_regression(task))()[0]
        self._sizes = (windows.P, windows.Q, windows.readings.shape[1])

    def forecast(self, windows: WindowSet) -> NDArray[np.float32]:
        check_windows(windows, self._sizes, self.name)
        return forecast_autoregression(self._fitted, windows)

    @property
    def _fitted(self) -> Autoregression:
        if self._model is None:
            raise ValueError(f"{self.name}: expected a baseline that was fitted or loaded")
        return self._model

    def save(self, folder: Path) -> None:
        _write(folder, self.name, {"sizes": np.array(self._sizes), **self._fitted.arrays()})

    @classmethod
    def load(cls, folder: Path) -> Self:
        arrays, loaded = _read(folder, cls.name), cls()
        P, Q, N = (int(size) for size in arrays["sizes"])
        loaded._sizes, loaded._model = (P, Q, N), Autoregression.of(arrays)
        return loaded
