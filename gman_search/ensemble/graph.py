"""An ensemble as one TensorFlow graph: its models, persistence and usual values."""

import numpy as np
import tensorflow as tf

from gman_search.baselines.base import Baseline
from gman_search.ensemble.candidate import is_exportable
from gman_search.ensemble.forecaster import EnsembleForecaster
from gman_search.errors import UsageError
from gman_search.forecasting.forecaster import Forecaster
from gman_search.forecasting.graph import GmanGraph, filled, usual_table

__all__ = ["EnsembleGraph"]


class EnsembleGraph(tf.Module):
    """The members of an ensemble that was opened with `exportable`; called as `GmanGraph`."""

    def __init__(self, ensemble: EnsembleForecaster) -> None:
        super().__init__()
        self._config = ensemble.config
        self._usual = usual_table(ensemble.ensemble.usual)
        self._models: list[GmanGraph] = []
        self._weights: list[np.ndarray] = []
        self._baselines: dict[str, np.ndarray] = {}
        for weights, member in ensemble.members:
            if isinstance(member, Forecaster):
                self._models.append(GmanGraph(member))
                self._weights.append(_column(weights))
            else:
                self._baselines[_name(member)] = _column(weights)

    def __call__(self, readings: tf.Tensor, day: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        """Forecasts (B, Q, N)."""
        parts = [
            weights * model(readings, day, time) for weights, model in zip(self._weights, self._models, strict=True)
        ]
        if "persistence" in self._baselines:
            parts.append(self._baselines["persistence"] * filled(readings, self._config.mean, "last")[:, -1:])
        if "historical average" in self._baselines:
            rows = (day * self._config.T + time)[:, self._config.P :]
            parts.append(self._baselines["historical average"] * tf.gather(self._usual, rows))
        return tf.add_n([tf.broadcast_to(part, tf.shape(parts[0])) for part in parts])


def _column(weights: np.ndarray) -> np.ndarray:
    """(Q, 1), for forecasts (B, Q, N)."""
    return weights.astype(np.float32)[:, np.newaxis]


def _name(member: Baseline) -> str:
    if not is_exportable("baseline", member.name):
        raise UsageError(f"expected members that can be exported; received {member.name}")
    return member.name
