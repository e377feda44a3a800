"""A saved GMAN's network in TensorFlow, which is faster where there are many windows, and which exports hold."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from gman_search.forecasting.model_io import SavedModel
from gman_search.forecasting.network import network_shape
from gman_search.model.gman import GMAN, GROUP_STREAMS, StepInputs
from gman_search.model.group_attention import Partition, random_partition
from gman_search.model.shape import ModelShape

__all__ = ["TensorFlowNetwork", "evaluation_partitions", "loaded_network"]


class TensorFlowNetwork:
    """A GMAN that forecasts; see `Network`. Arguments as those of `NumpyNetwork`.

    `traced` turns the network into a graph at the first forecast, which takes seconds; then a forecast takes
    milliseconds.
    """

    def __init__(
        self,
        shape: ModelShape,
        weights: Mapping[str, np.ndarray],
        embedding: np.ndarray,
        seen: np.ndarray,
        *,
        causal: bool,
        partitions: np.ndarray | None = None,
        traced: bool = True,
    ) -> None:
        self.shape, self._sensors = shape, len(embedding)
        self.network = _loaded(shape, weights, embedding, seen, partitions)
        none = tf.zeros([])
        self._step_inputs = StepInputs(tf.constant(causal), none, none, tf.zeros([2], tf.int32))
        steps = tf.TensorSpec([None, shape.P + shape.Q], tf.int32)
        signature = [tf.TensorSpec([None, shape.P, self._sensors], tf.float32), steps, steps]
        if shape.shortcuts:
            signature.append(tf.TensorSpec([None, 1 + shape.Q, self._sensors], tf.float32))
        self._run = self.normalised
        if traced:
            self._run = tf.function(self.normalised, input_signature=signature, autograph=False)

    @property
    def windows_at_once(self) -> int:
        """How many windows keep the widest tensor small."""
        return self.shape.windows_at_once(self._sensors)

    def __call__(
        self, readings: np.ndarray, day: np.ndarray, time: np.ndarray, usual: np.ndarray | None = None
    ) -> np.ndarray:
        """Normalised forecasts (B, Q, N); arguments as in `Network`."""
        arguments = [tf.constant(readings, tf.float32), tf.constant(day, tf.int32), tf.constant(time, tf.int32)]
        if self.shape.shortcuts and usual is not None:
            arguments.append(tf.constant(usual, tf.float32))
        forecast: np.ndarray = self._run(*arguments).numpy()
        return forecast

    def normalised(
        self, readings: tf.Tensor, day: tf.Tensor, time: tf.Tensor, usual: tf.Tensor | None = None
    ) -> tf.Tensor:
        """As the call, of tensors, for graphs."""
        return self.network(readings, day, time, self._step_inputs, usual)


def loaded_network(model: SavedModel) -> GMAN:
    """The network with the weights and the groups of `model`.

    Raises:
        DataError: a tensor is missing or has another shape, or the model has several input channels.
    """
    return _loaded(network_shape(model), model.weights, model.embedding, model.seen, model.partitions)


def _loaded(
    shape: ModelShape,
    weights: Mapping[str, np.ndarray],
    embedding: np.ndarray,
    seen: np.ndarray,
    partitions: np.ndarray | None,
) -> GMAN:
    network = GMAN(shape, embedding, seen)
    for variable in network.variables:
        variable.assign(weights[variable.path])
    if partitions is not None:
        for stream, members in enumerate(partitions):
            block = (network.decoder if stream % 2 else network.encoder)[stream // 2]
            places = np.argsort(members, axis=None)[: len(embedding)]  # empty places hold N and come last
            block.partition = Partition(tf.constant(members), tf.constant(places.astype(np.int32)))
    return network


def evaluation_partitions(shape: ModelShape, sensors: int) -> np.ndarray | None:
    """The groups (2 L, G, M) that each block uses in evaluation, by stream; none without group attention."""
    if not shape.groups:
        return None
    parts = [
        random_partition(sensors, shape.groups, tf.constant([GROUP_STREAMS + stream, 0])).members
        for stream in range(2 * shape.L)
    ]
    return np.stack([members.numpy() for members in parts]).astype(np.int32)
