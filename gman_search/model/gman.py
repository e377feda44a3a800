"""GMAN: A Graph Multi-Attention Network for Traffic Prediction (Zheng et al., AAAI 2020), as in the original code.

Encoder of L ST-attention blocks -> transform attention -> decoder of L blocks -> two output layers; all steps of the
horizon in one pass. Details in which ports differ and this one follows the original: BN only in front of ReLU, two
projections after every attention, a gate with one biased and one unbiased half, the causal mask in encoder and decoder
alike (an option), dropout in front of each of the two output layers. Shortcuts past the network are ours (`shortcuts`).
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from gman_search.model.attention import attention_over_sensors, attention_over_steps
from gman_search.model.channel_layout import BETWEEN_GROUPS, BLOCK, NETWORK
from gman_search.model.group_attention import Partition, attention_in_groups, random_partition
from gman_search.model.layers import Projection, ProjectionPair, fuse, project
from gman_search.model.recompute import recomputed
from gman_search.model.shape import DAYS, ModelShape
from gman_search.model.shortcuts import Shortcuts

__all__ = ["DAYS", "GMAN", "GROUP_STREAMS", "ModelShape", "StepInputs"]

# Random groups draw from other streams than dropout, which uses the seed itself and the next.
GROUP_STREAMS = 100


class StepInputs(NamedTuple):
    """Hyperparameters that reach into the model, as scalar tensors: one traced step serves every config.

    `momentum` and `dropout` matter in training only; `seed` (2,) int32 makes dropout and random groups repeatable.
    """

    causal: tf.Tensor
    momentum: tf.Tensor
    dropout: tf.Tensor
    seed: tf.Tensor


class STEmbedding(keras.layers.Layer):
    """Spatio-temporal embedding (paper, section "Spatio-Temporal Embedding").

    Returns its two summands apart: SE (N, D) and TE (B, P+Q, D); their broadcast sum is never needed in full, because
    every use of it is linear.
    """

    def __init__(self, width: int, **keras_arguments: Any) -> None:
        super().__init__(autocast=False, **keras_arguments)
        self.spatial = ProjectionPair(width, width, name="spatial", dtype=self.dtype_policy)
        self.temporal = ProjectionPair(width, width, name="temporal", dtype=self.dtype_policy)

    def build(self, embedding_width: int, categories: int) -> None:
        """Create the weights for SE of `embedding_width` channels and `categories` = 7 + T one-hot entries."""
        self.spatial.build(embedding_width)
        self.temporal.build(categories)
        self.built = True

    def call(
        self, embedding: tf.Tensor, day: tf.Tensor, time: tf.Tensor, seen: tf.Tensor, momentum: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Embed `embedding` (N, E) and the categories `day`, `time` (B, P+Q), of which `seen` (7+T,) are trained."""
        spatial = self.spatial(embedding, momentum=momentum)
        # One-hot times kernel is a row of the kernel. Rows of categories that training never saw hold their random
        # start values: they must contribute nothing.
        rows = tf.convert_to_tensor(self.temporal.first.kernel) * seen[:, tf.newaxis]
        product = tf.gather(rows, day) + tf.gather(rows, time + DAYS)  # (B, P+Q, D)
        hidden = self.temporal.first.bias_bn_relu(product, momentum)
        return spatial, self.temporal.second(hidden)


class STAttentionBlock(keras.layers.Layer):
    """Spatial attention, temporal attention, gated fusion, and the residual (paper, figure 2b).

    With `groups`, spatial attention is by groups, and `stream` tells this block's random groups from other blocks'.
    """

    def __init__(self, width: int, heads: int, groups: int = 0, stream: int = 0, **keras_arguments: Any) -> None:
        super().__init__(autocast=False, **keras_arguments)
        self.heads, self.groups, self.stream = heads, groups, stream
        self.partition: Partition | None = None  # set in saved models: the groups do not depend on TensorFlow's version
        policy = self.dtype_policy
        # Six projections in one product: Q, K, V of spatial attention, then Q, K, V of temporal attention.
        self.qkv = Projection.declared(BLOCK["qkv"], width, name="qkv", dtype=policy)
        if groups:
            self.between = Projection.declared(BLOCK[BETWEEN_GROUPS], width, name=BETWEEN_GROUPS, dtype=policy)
        self.spatial_output = ProjectionPair(width, width, name="spatial_output", dtype=policy)
        self.temporal_output = ProjectionPair(width, width, name="temporal_output", dtype=policy)
        self.spatial_gate = Projection.declared(BLOCK["spatial_gate"], width, name="spatial_gate", dtype=policy)
        self.temporal_gate = Projection.declared(BLOCK["temporal_gate"], width, name="temporal_gate", dtype=policy)
        self.fusion_output = ProjectionPair(width, width, name="fusion_output", dtype=policy)

    def build(self, width: int) -> None:
        """Create the weights for a residual stream of `width` channels."""
        self.qkv.build(BLOCK["qkv"].inputs * width)
        parts = (self.spatial_output, self.temporal_output, self.spatial_gate, self.temporal_gate, self.fusion_output)
        for part in (*parts, self.between) if self.groups else parts:
            part.build(width)
        self.built = True

    def call(
        self, x: tf.Tensor, spatial: tf.Tensor, temporal: tf.Tensor, step_inputs: StepInputs, momentum: tf.Tensor | None
    ) -> tf.Tensor:
        """Residual stream `x` (B, P, N, D) with SE `spatial` (N, D) and TE `temporal` (B, P, D) of its steps."""
        q_s, k_s, v_s, q_t, k_t, v_t = tf.split(self.qkv.call_embedded(x, spatial, temporal, momentum), 6, axis=-1)
        if self.groups:
            drawn = random_partition(
                x.shape[2], self.groups, step_inputs.seed + tf.constant([GROUP_STREAMS + self.stream, 0])
            )
            partition = drawn if self.partition is None else self.partition
            mixed = attention_in_groups(q_s, k_s, v_s, self.heads, partition, self.between, momentum)
        else:
            mixed = attention_over_sensors(q_s, k_s, v_s, self.heads)
        over_sensors = self.spatial_output(mixed, momentum=momentum)
        mixed = attention_over_steps(q_t, k_t, v_t, self.heads, step_inputs.causal)
        over_steps = self.temporal_output(mixed, momentum=momentum)
        fused = fuse(self.spatial_gate(over_sensors) + self.temporal_gate(over_steps), over_sensors, over_steps)
        return x + self.fusion_output(fused, momentum=momentum)


class TransformAttention(keras.layers.Layer):
    """From P history steps to Q future steps: queries are future embeddings, keys past ones (equations 12-14)."""

    def __init__(self, width: int, heads: int, **keras_arguments: Any) -> None:
        super().__init__(autocast=False, **keras_arguments)
        self.heads = heads
        policy = self.dtype_policy
        self.query, self.key, self.value = (
            Projection.declared(NETWORK[f"transform/{part}"], width, name=part, dtype=policy)
            for part in ("query", "key", "value")
        )
        self.output_pair = ProjectionPair(width, width, name="output", dtype=policy)

    def build(self, width: int) -> None:
        """Create the weights for a residual stream of `width` channels."""
        for part in (self.query, self.key, self.value, self.output_pair):
            part.build(width)
        self.built = True

    def call(
        self, x: tf.Tensor, spatial: tf.Tensor, past: tf.Tensor, future: tf.Tensor, momentum: tf.Tensor | None
    ) -> tf.Tensor:
        """Encoder output `x` (B, P, N, D), SE (N, D), TE of the past (B, P, D) and future (B, Q, D) -> (B, Q, N, D)."""

        def embed(layer: Projection, temporal: tf.Tensor) -> tf.Tensor:
            kernel = tf.convert_to_tensor(layer.kernel)
            product = project(spatial, kernel) + project(temporal, kernel)[:, :, tf.newaxis]
            return layer.bias_bn_relu(product, momentum)

        query, key = embed(self.query, future), embed(self.key, past)
        mixed = attention_over_steps(query, key, self.value(x, momentum=momentum), self.heads)
        return self.output_pair(mixed, momentum=momentum)


class GMAN(keras.Model):
    """The whole network. Inputs are normalised readings; outputs are normalised forecasts.

    Args:
        shape: sizes of the weights.
        embedding: spatial embedding (N, E); a constant, only the layers on it are trained.
        seen: (7 + T,) true for days of the week and times of day that occur in training; None: all.
    """

    def __init__(
        self, shape: ModelShape, embedding: np.ndarray, seen: np.ndarray | None = None, **keras_arguments: Any
    ) -> None:
        super().__init__(name=keras_arguments.pop("name", "gman"), autocast=False, **keras_arguments)
        self.shape = shape
        policy = self.dtype_policy
        number = policy.compute_dtype
        self.embedding = tf.constant(embedding, dtype=number)
        self.seen = tf.constant(np.ones(DAYS + shape.T) if seen is None else seen, dtype=number)
        width = shape.D
        self.st_embedding = STEmbedding(width, name="st_embedding", dtype=policy)
        self.input_pair = ProjectionPair(width, width, name="input", dtype=policy)
        self.encoder = [
            STAttentionBlock(width, shape.K, shape.groups, 2 * block, name=f"encoder_{block}", dtype=policy)
            for block in range(shape.L)
        ]
        self.transform = TransformAttention(width, shape.K, name="transform", dtype=policy)
        self.decoder = [
            STAttentionBlock(width, shape.K, shape.groups, 2 * block + 1, name=f"decoder_{block}", dtype=policy)
            for block in range(shape.L)
        ]
        self.output_pair = ProjectionPair(width, 1, name="output", dtype=policy)
        # Last, so that the other weights keep their order, in which initial values are drawn.
        self.shortcuts = Shortcuts(width, shape.P, shape.Q, dtype=policy) if shape.shortcuts else None
        self._create_weights()

    def _create_weights(self) -> None:
        self.st_embedding.build(self.shape.E, DAYS + self.shape.T)
        self.input_pair.build(self.shape.C)
        layers: list[Any] = [*self.encoder, self.transform, *self.decoder, self.output_pair]
        for layer in layers:
            layer.build(self.shape.D)
        if self.shortcuts is not None:
            self.shortcuts.build()
        self.built = True

    def call(
        self,
        readings: tf.Tensor,
        day: tf.Tensor,
        time: tf.Tensor,
        step_inputs: StepInputs,
        usual: tf.Tensor | None = None,
        training: bool = False,
        precision: str | None = None,
        recompute: bool = False,
    ) -> tf.Tensor:
        """Forecast (B, Q, N) from `readings` (B, P, N), or (B, P, N, C), and the calendar `day`, `time` (B, P+Q).

        A model with shortcuts also needs `usual` (B, 1 + Q, N): the normalised usual readings at the last input step
        and at the Q targets.

        `precision` "float16" or "bfloat16" holds for products and activations; parameters, BN moments and the ST
        embedding stay in that of the model, which is also the default. `recompute` has the gradient run blocks again
        rather than keep what they computed (see `model.recompute`).
        """

        def through(layer: keras.layers.Layer, *inputs: Any, rest: tuple[Any, ...]) -> tf.Tensor:
            return recomputed(layer, inputs, *rest) if training and recompute else layer(*inputs, *rest)

        momentum = step_inputs.momentum if training else None
        number, low = readings.dtype, precision or readings.dtype
        spatial, temporal = self.st_embedding(self.embedding, day, time, self.seen, momentum)
        if self.shortcuts is not None:
            if usual is None:
                raise ValueError("expected the usual readings that shortcuts need; received none")
            numbers, deviations = self.shortcuts(readings, usual), self.shortcuts.deviations(readings, usual)
        readings, spatial, temporal = (tf.cast(x, low) for x in (readings, spatial, temporal))
        past, future = temporal[:, : self.shape.P], temporal[:, self.shape.P :]
        readings = readings if len(readings.shape) == 4 else readings[..., tf.newaxis]
        x = self.input_pair(readings, momentum=momentum)
        for block in self.encoder:
            x = through(block, x, spatial, past, rest=(step_inputs, momentum))
        x = through(self.transform, x, spatial, past, future, rest=(momentum,))
        if self.shortcuts is not None:
            x += self.shortcuts.to_decoder(tf.cast(numbers, low), tf.cast(deviations, low))
        for block in self.decoder:
            x = through(block, x, spatial, future, rest=(step_inputs, momentum))
        if training:
            x = _dropout(x, step_inputs.dropout, step_inputs.seed)
        x = self.output_pair.first(x, momentum=momentum)
        if training:
            x = _dropout(x, step_inputs.dropout, step_inputs.seed + 1)
        forecast = tf.squeeze(tf.cast(self.output_pair.second(x), number), axis=-1)
        return forecast if self.shortcuts is None else self.shortcuts.to_output(numbers, forecast)


def _dropout(x: tf.Tensor, rate: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Dropout whose rate is a value of the graph, not a constant of it."""
    keep = 1.0 - tf.cast(rate, x.dtype)
    kept = tf.random.stateless_uniform(tf.shape(x), seed, dtype=rate.dtype, alg="philox") < 1.0 - rate
    return tf.where(kept, x / keep, tf.zeros_like(x))
