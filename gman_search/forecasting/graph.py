"""Forecasts as TensorFlow graphs that need no gman_search: raw readings and their calendar go in."""

from typing import Any

import numpy as np
import tensorflow as tf

from gman_search.forecasting.forecaster import Forecaster
from gman_search.forecasting.tensorflow_network import TensorFlowNetwork

__all__ = ["GmanGraph", "filled", "usual_table"]


class GmanGraph(tf.Module):
    """A saved model. Called with readings (B, P, N) and the calendar (B, P+Q), it returns forecasts (B, Q, N).

    Readings and forecasts are in the data's unit; 0 and NaN are missing.
    """

    def __init__(self, model: Forecaster) -> None:
        super().__init__()
        saved, self._config = model.model, model.config
        self._network = TensorFlowNetwork(
            model.shape,
            saved.weights,
            saved.embedding,
            saved.seen,
            causal=saved.config.hyperparameters.causal,
            partitions=saved.partitions,
            traced=False,
        )
        self._variables = [variable.value for variable in self._network.network.variables]
        self._usual = None if model.model.usual is None else usual_table(model.model.usual)

    def __call__(self, readings: tf.Tensor, day: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        """Forecasts (B, Q, N)."""
        config, usual = self._config, None
        inputs = (filled(readings, config.mean, config.imputation) - config.mean) / config.std
        if self._usual is not None:
            rows = (day * config.T + time)[:, config.P - 1 :]
            usual = (tf.gather(self._usual, rows) - config.mean) / config.std
        return self._network.normalised(inputs, day, time, usual) * config.std + config.mean


def usual_table(table: np.ndarray) -> Any:
    """Usual readings (7, T, N) as a constant (7 T, N): the row of a time is day T + time."""
    return tf.constant(table.reshape(-1, table.shape[-1]), tf.float32)


def filled(readings: tf.Tensor, mean: float, rule: str) -> tf.Tensor:
    """As `fill_missing`, within the window and in the data's unit."""
    missing = tf.logical_or(tf.equal(readings, 0.0), tf.math.is_nan(readings))
    if rule == "last":
        steps = tf.range(readings.shape[1])
        # (B, P, P, N): which earlier rows a row may look back to, as their number, -1 for none.
        rows = tf.where(missing, -1, steps[:, tf.newaxis])[:, tf.newaxis]
        seen = tf.reduce_max(tf.where((steps[:, tf.newaxis] >= steps)[:, :, tf.newaxis], rows, -1), axis=2)
        known = tf.where(missing, 0.0, readings)
        by_sensor, row = tf.transpose(known, [0, 2, 1]), tf.transpose(tf.maximum(seen, 0), [0, 2, 1])
        last = tf.transpose(tf.gather(by_sensor, row, batch_dims=2), [0, 2, 1])
        return tf.where(seen < 0, mean, last)
    return tf.where(missing, mean if rule == "mean" else 0.0, readings)
