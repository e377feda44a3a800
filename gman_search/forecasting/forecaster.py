"""Forecasting with a saved model."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from gman_search.data.task import fill_missing
from gman_search.data.usual import UsualValues
from gman_search.data.window_set import WindowSet
from gman_search.errors import DataError
from gman_search.forecasting.saved import About, SavedModel, read_saved_model
from gman_search.forecasting.series_forecaster import SeriesForecaster
from gman_search.model.gman import GMAN, GROUP_STREAMS, Knobs, ModelShape
from gman_search.model.group_attention import Partition, partition
from gman_search.training.step import windows_at_once

__all__ = ["Forecaster", "evaluation_partings", "loaded_network"]


class Forecaster(SeriesForecaster):
    """A saved model that forecasts the next Q steps from recent readings.

    Args:
        model: a folder as `gman-search run` leaves it in `studies/NAME/winner` and `gman-search train` in
            `studies/NAME/runs/STAGE`, or a model in memory.
        traced: turn the network into a graph at the first forecast. That takes seconds, and then a forecast takes
            milliseconds; for a single forecast it does not pay.

    Raises:
        DataError: there is no saved model, it is damaged, or something is missing in it.
    """

    about: About

    def __init__(self, model: SavedModel | Path | str, *, traced: bool = True) -> None:
        self.model = model if isinstance(model, SavedModel) else read_saved_model(Path(model))
        about = self.model.about
        usual = None if self.model.usual is None else UsualValues(self.model.usual)
        super().__init__(about, self.model.intervals, usual, self.model.holidays)
        self.network = loaded_network(self.model)
        none = tf.zeros([])
        self._knobs = Knobs(tf.constant(about.hyperparameters.causal), none, none, tf.zeros([2], tf.int32))
        steps = tf.TensorSpec([None, self.P + self.Q], tf.int32)
        readings = tf.TensorSpec([None, self.P, len(self.sensors)], tf.float32)
        signature = [readings, steps, steps]
        if self.network.shortcuts is not None:
            signature.append(tf.TensorSpec([None, 1 + self.Q, len(self.sensors)], tf.float32))
        self._filled: tuple[np.ndarray, np.ndarray] | None = None
        self._run = tf.function(self.normalised, input_signature=signature) if traced else self.normalised

    def values(self, windows: WindowSet) -> np.ndarray:
        """Forecasts (W, Q, N) in the data's unit, as many windows at a time as memory allows.

        The usual values of `windows` are used where the model has shortcuts.
        """
        about = self.about
        if self._filled is None or self._filled[0] is not windows.readings:
            # Once for all batches of one series.
            filled = fill_missing(windows.readings, about.mean, about.std, about.missing_inputs)
            self._filled = windows.readings, filled
        inputs = self._filled[1]
        steps = np.arange(self.P + self.Q)
        size = windows_at_once(self.network.shape, len(self.sensors))
        parts = []
        for first in range(0, len(windows), size):
            rows = windows.starts[first : first + size, np.newaxis] + steps
            arguments = [inputs[rows[:, : self.P]], windows.day[rows], windows.time[rows]]
            if self.network.shortcuts is not None:
                usual = (windows.usual[rows[:, self.P - 1 :]] - about.mean) / about.std
                arguments.append(usual.astype(np.float32))
            parts.append(self._run(*arguments).numpy() * about.std + about.mean)
        return np.concatenate(parts)

    def normalised(
        self, readings: tf.Tensor, day: tf.Tensor, time: tf.Tensor, usual: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Normalised forecasts (B, Q, N) of normalised readings.

        Args:
            readings: (B, P, N), filled.
            day: (B, P+Q), day of the week of every step.
            time: (B, P+Q), time of day of every step.
            usual: (B, 1+Q, N), normalised usual readings at the last input step and at the targets, for shortcuts.
        """
        return self.network(readings, day, time, self._knobs, usual)


def loaded_network(model: SavedModel) -> GMAN:
    """The network with the weights and the groups of `model`.

    Raises:
        DataError: a tensor is missing or has another shape, or the model has several input channels.
    """
    about = model.about
    if about.C != 1:
        raise DataError(f"expected a model of one input channel; this one was trained with {about.C}")
    L, K, d = about.shape
    widths = {"E": model.embedding.shape[1], "T": about.T, "groups": about.groups}
    shape = ModelShape(L, K, d, P=about.P, Q=about.Q, shortcuts=about.hyperparameters.shortcuts, **widths)
    network = GMAN(shape, model.embedding, model.seen)
    for variable in network.variables:
        if variable.path not in model.weights:
            raise DataError(f"expected a tensor {variable.path} in the saved model; there is none of that name")
        array = model.weights[variable.path]
        if array.shape != tuple(variable.shape):
            raise DataError(f"expected {variable.path} of shape {tuple(variable.shape)}; received {array.shape}")
        variable.assign(array)
    if model.partings is not None:
        for stream, members in enumerate(model.partings):
            block = (network.decoder if stream % 2 else network.encoder)[stream // 2]
            places = np.argsort(members, axis=None)[: len(about.sensors)]  # empty places hold N and come last
            block.parting = Partition(tf.constant(members), tf.constant(places.astype(np.int32)))
    return network


def evaluation_partings(shape: ModelShape, sensors: int) -> np.ndarray | None:
    """The groups (2 L, G, M) that each block uses in evaluation, by stream; none without group attention."""
    if not shape.groups:
        return None
    parts = [
        partition(sensors, shape.groups, tf.constant([GROUP_STREAMS + stream, 0])).members
        for stream in range(2 * shape.L)
    ]
    return np.stack([members.numpy() for members in parts]).astype(np.int32)
