"""What spatial attention looks at: its weights, averaged over blocks, heads, steps and windows."""

import numpy as np
import tensorflow as tf

from gman_search.model.gman import GMAN, STAttentionBlock, StepInputs

__all__ = ["sensor_attention"]

WINDOWS_AT_ONCE = 4


def sensor_attention(
    network: GMAN,
    readings: np.ndarray,
    day: np.ndarray,
    time: np.ndarray,
    usual: np.ndarray | None = None,
    *,
    causal: bool,
) -> np.ndarray:
    """Mean weights (N, N) over windows: row i is what sensor i attends to, and sums to 1.

    Args:
        network: with full attention and one input channel.
        readings: (W, P, N), normalised.
        day: (W, P + Q), day of the week of all steps.
        time: (W, P + Q), time of day of all steps.
        usual: (W, 1 + Q, N), normalised usual readings at the last input step and the targets, for shortcuts.
        causal: whether steps see only themselves and earlier ones.
    """
    total = np.zeros((readings.shape[2],) * 2)
    for first in range(0, len(readings), WINDOWS_AT_ONCE):
        part = slice(first, first + WINDOWS_AT_ONCE)
        known = None if usual is None else tf.constant(usual[part])
        total += len(readings[part]) * _of_windows(network, readings[part], day[part], time[part], known, causal)
    return total / len(readings)


def _of_windows(
    network: GMAN, readings: np.ndarray, day: np.ndarray, time: np.ndarray, usual: tf.Tensor | None, causal: bool
) -> np.ndarray:
    # The forward pass of `GMAN.call`, one block at a time.
    none = tf.zeros([])
    step_inputs = StepInputs(tf.constant(causal), none, none, tf.zeros([2], tf.int32))
    spatial, temporal = network.st_embedding(network.embedding, tf.constant(day), tf.constant(time), network.seen, None)
    past, future = temporal[:, : network.shape.P], temporal[:, network.shape.P :]
    x = network.input_pair(tf.constant(readings)[..., tf.newaxis])
    weights = []
    for block in network.encoder:
        weights.append(_of_block(block, x, spatial, past))
        x = block(x, spatial, past, step_inputs, None)
    x = network.transform(x, spatial, past, future, None)
    if network.shortcuts is not None:
        given = tf.constant(readings), usual
        x += network.shortcuts.to_decoder(network.shortcuts(*given), network.shortcuts.deviations(*given))
    for block in network.decoder:
        weights.append(_of_block(block, x, spatial, future))
        x = block(x, spatial, future, step_inputs, None)
    mean: np.ndarray = np.mean(weights, axis=0)
    return mean


def _of_block(block: STAttentionBlock, x: tf.Tensor, spatial: tf.Tensor, temporal: tf.Tensor) -> np.ndarray:
    """Mean weights (N, N) of one block, a step at a time: those of all steps may not fit into memory."""
    query, key = tf.split(block.qkv.call_embedded(x, spatial, temporal, None), 6, axis=-1)[:2]
    batch, steps, sensors, width = query.shape
    split = [batch, steps, sensors, block.heads, width // block.heads]
    q, k = (tf.transpose(tf.reshape(part, split), [1, 0, 3, 2, 4]) for part in (query, key))  # (P, B, K, N, d)
    scale = (width // block.heads) ** -0.5
    of_steps = [
        tf.reduce_mean(tf.nn.softmax(tf.matmul(q[step] * scale, k[step], transpose_b=True)), axis=[0, 1]).numpy()
        for step in range(steps)
    ]
    mean: np.ndarray = np.mean(of_steps, axis=0)
    return mean
