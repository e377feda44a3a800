"""Forecasting with a saved model."""

from pathlib import Path

import numpy as np

from gman_search.data.fill import fill_missing
from gman_search.data.usual import UsualValues
from gman_search.data.window_set import WindowSet
from gman_search.forecasting.model_io import ModelConfig, SavedModel, read_saved_model
from gman_search.forecasting.network import (
    Backend,
    ChosenBackend,
    Network,
    chosen_backend,
    network_shape,
    opened_network,
)
from gman_search.forecasting.series_forecaster import SeriesForecaster

__all__ = ["Forecaster"]


class Forecaster(SeriesForecaster):
    """A saved model that forecasts the next Q steps from recent readings.

    Args:
        model: a folder as `gman-search run` leaves it in `studies/NAME/winner` and `gman-search train` in
            `studies/NAME/runs/STAGE`, or a model in memory.
        traced: turn TensorFlow's network into a graph at its first forecast. That takes seconds, and then a forecast
            takes milliseconds; for a single forecast it does not pay.
        backend: "numpy" never starts TensorFlow, "tensorflow" always does; "auto" starts it where so many windows are
            forecast at once that it pays. The forecasts differ by rounding only.

    Raises:
        DataError: there is no saved model, it is damaged, or something is missing in it.
        UsageError: there is no such backend.
    """

    config: ModelConfig

    def __init__(self, model: SavedModel | Path | str, *, traced: bool = True, backend: Backend = "auto") -> None:
        self.model = model if isinstance(model, SavedModel) else read_saved_model(Path(model))
        config = self.model.config
        usual = None if self.model.usual is None else UsualValues(self.model.usual)
        super().__init__(config, self.model.intervals, usual, self.model.holidays)
        self.shape = network_shape(self.model)
        chosen_backend(backend, 0)
        self._backend, self._traced = backend, traced
        self._networks: dict[str, Network] = {}
        self._filled: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def work(self) -> float:
        """Multiplications of one forecast, about."""
        return self.shape.work(len(self.sensors))

    def values(self, windows: WindowSet, *, of: int | None = None, backend: Backend | None = None) -> np.ndarray:
        """Forecasts (W, Q, N) in the data's unit, as many windows at a time as memory allows.

        The usual values of `windows` are used where the model has shortcuts. `of` is the number of windows in all,
        where these are a part of them. `backend` is the model's own by default.
        """
        config = self.config
        network = self._network(chosen_backend(backend or self._backend, self.work * (of or len(windows))))
        if self._filled is None or self._filled[0] is not windows.readings:
            # Once for all batches of one series.
            filled = fill_missing(windows.readings, config.mean, config.std, config.imputation)
            self._filled = windows.readings, filled
        inputs = self._filled[1]
        steps = np.arange(self.P + self.Q)
        size = network.windows_at_once
        parts = []
        for first in range(0, len(windows), size):
            rows = windows.starts[first : first + size, np.newaxis] + steps
            usual = None
            if self.shape.shortcuts:
                usual = ((windows.usual[rows[:, self.P - 1 :]] - config.mean) / config.std).astype(np.float32)
            forecast = network(inputs[rows[:, : self.P]], windows.day[rows], windows.time[rows], usual)
            parts.append(forecast * config.std + config.mean)
        return np.concatenate(parts)

    def _network(self, backend: ChosenBackend) -> Network:
        if backend not in self._networks:
            self._networks[backend] = opened_network(self.model, self.shape, backend, traced=self._traced)
        return self._networks[backend]
