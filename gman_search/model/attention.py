"""Scaled dot-product attention over sensors and over time steps, K heads of d channels each.

Heads are cut from the channels as K blocks of d (never d blocks of K: with K == d, as in all presets, the two cannot
be told apart by shape, only by tests with K != d).
"""

from collections.abc import Callable

import tensorflow as tf

from gman_search.model.chunked_attention import attention_in_chunks, slices_in_chunk
from gman_search.model.shape import CHUNKED_FROM, MASKED_LOGIT

__all__ = ["CHUNKED_FROM", "MASKED_LOGIT", "attention_over_sensors", "attention_over_steps"]


def attention_over_sensors(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, heads: int, absent: tf.Tensor | None = None
) -> tf.Tensor:
    """Every sensor attends to all sensors of the same step (paper, equations 3-5).

    Args:
        query: (B, P, N, D), as are `key` and `value`.
        heads: K, a divisor of D.
        absent: (P, N), true for places nobody attends to; none: all are attended to.

    Returns:
        (B, P, N, D), heads side by side.
    """
    batch, steps, sensors, width = _shape(query)
    split = [batch * steps, sensors, heads, width // heads]
    q, k, v = (tf.transpose(tf.reshape(x, split), [0, 2, 1, 3]) for x in (query, key, value))  # (BP, K, N, d)
    q *= _inverse_root(width // heads, q)
    if absent is not None:
        # One more channel, 1 in every query, adds its value in the key to the logits: no (N, N) mask is needed.
        hiding = tf.where(absent, tf.constant(MASKED_LOGIT, k.dtype), tf.zeros([], k.dtype))
        hiding = tf.tile(hiding[:, tf.newaxis, :, tf.newaxis], [batch, heads, 1, 1])  # (BP, K, N, 1)
        q, k = tf.concat([q, tf.ones_like(hiding)], axis=-1), tf.concat([k, hiding], axis=-1)
    if sensors < CHUNKED_FROM:
        mixed = _attend(q, k, v)  # (BP, K, N, d)
    else:
        q, k, v = (tf.reshape(x, [-1, *x.shape[2:]]) for x in (q, k, v))
        mixed = attention_in_chunks(q, k, v, slices_at_once(steps * heads, sensors))
        mixed = tf.reshape(mixed, [-1, heads, sensors, width // heads])
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, steps, sensors, width])


def attention_over_steps(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, heads: int, causal: tf.Tensor | None = None
) -> tf.Tensor:
    """Every step of a sensor attends to the steps of the same sensor (paper, equations 6-8, and 12-14).

    Args:
        query: (B, Q, N, D).
        key: (B, P, N, D), as is `value`.
        heads: K, a divisor of D.
        causal: boolean scalar tensor; where true a step sees only itself and earlier ones. None: no mask.

    Returns:
        (B, Q, N, D), heads side by side.
    """
    batch, steps, sensors, width = _shape(query)
    sources, channels = key.shape[1], width // heads
    q = _steps_last(query, [batch, steps, sensors, heads, channels])  # (B, N, K, Q, d)
    k = _steps_last(key, [batch, sources, sensors, heads, channels])
    v = _steps_last(value, [batch, sources, sensors, heads, channels])
    q *= _inverse_root(channels, q)

    def hide_later(logits: tf.Tensor) -> tf.Tensor:
        earlier = tf.linalg.band_part(tf.ones([steps, sources], dtype=tf.bool), -1, 0)
        visible = tf.logical_or(earlier, tf.logical_not(causal))
        # Added rather than put in place: the weights are 0 in both cases, and a sum needs no selection in the gradient.
        return logits + tf.where(visible, tf.zeros([], logits.dtype), tf.constant(MASKED_LOGIT, logits.dtype))

    hide = None if causal is None else hide_later
    if sensors < CHUNKED_FROM:
        mixed = _attend(q, k, v, hide)  # (B, N, K, Q, d)
    else:
        grouped = [tf.reshape(x, [-1, x.shape[3], channels]) for x in (q, k, v)]
        mixed = tf.reshape(attention_in_chunks(grouped[0], grouped[1], grouped[2], hide=hide), tf.shape(q))
    return tf.reshape(tf.transpose(mixed, [0, 3, 1, 2, 4]), [batch, steps, sensors, width])


def slices_at_once(slices: int, sensors: int) -> int | None:
    """How many of `slices` attention takes at once; None: all of them.

    A GPU has no such cache, and room for one block's weights at once.
    """
    return None if tf.config.list_logical_devices("GPU") else slices_in_chunk(slices, sensors)


def _attend(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, hide: Callable[[tf.Tensor], tf.Tensor] | None = None
) -> tf.Tensor:
    """softmax(query key^T) value over the last two axes; `hide` replaces logits of what must not be attended to."""
    logits = tf.matmul(query, key, transpose_b=True)
    return tf.matmul(tf.nn.softmax(logits if hide is None else hide(logits)), value)


def _steps_last(x: tf.Tensor, split: list[tf.Tensor | int]) -> tf.Tensor:
    return tf.transpose(tf.reshape(x, split), [0, 2, 3, 1, 4])


def _inverse_root(channels: int, like: tf.Tensor) -> tf.Tensor:
    return tf.constant(channels**-0.5, like.dtype)


def _shape(x: tf.Tensor) -> tuple[tf.Tensor, int, int, int]:
    return (tf.shape(x)[0], x.shape[1], x.shape[2], x.shape[3])
