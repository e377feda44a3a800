"""Attention that keeps no weights: in pieces that stay in the processor's cache, computed again for the gradient.

The plain form writes the (N, N) weights of every step, head and window to memory, reads them back for the product with
the values, and keeps them all until the gradient is taken: at 207 sensors hundreds of MB a block, and most of the time.
Here the (window, step, head) slices are taken a few at a time, and the gradient computes a piece's weights again
instead of keeping them. With S = softmax(q k^T) for one slice and O = S v, and dO the gradient of O,

    dv = S^T dO
    dS = dO v^T,  and through the softmax  dA = S * (dS - delta),  delta_i = sum_j S_ij dS_ij = sum_c dO_ic O_ic
    dq = dA k,    dk = dA^T q.

`delta` needs O only, so no row of weights is summed twice; it enters the product as one more channel,
dS - delta = [dO, -delta] [v, 1]^T. Products with a transposed (N, N) matrix are written the other way round,
S^T dO = (dO^T S)^T, because transposing the small factor is about three times as fast.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

__all__ = ["attention_in_chunks", "slices_in_chunk"]

# Elements of the weights of one chunk: 2.7 MB in float32, about the cache of one core.
CHUNK_ELEMENTS = 700_000


def slices_in_chunk(slices: int, sensors: int) -> int:
    """How many of `slices` are taken at once: the largest divisor whose weights fit, 1 where none does."""
    fitting = max(1, CHUNK_ELEMENTS // sensors**2)
    return max(size for size in range(1, slices + 1) if slices % size == 0 and size <= fitting)


def attention_in_chunks(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, chunk: int | None = None, hide: Callable[..., Any] | None = None
) -> tf.Tensor:
    """softmax(query key^T) value, `chunk` slices at a time.

    Args:
        query: (S, Q, c), scaled already.
        key: (S, P, c).
        value: (S, P, d).
        chunk: slices taken at once, a divisor of S; none: all. With chunks P == Q.
        hide: replaces the logits (S, Q, P) of what must not be attended to.

    Returns:
        (S, Q, d).
    """

    def weigh(query: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        logits = tf.matmul(query, key, transpose_b=True)
        return tf.nn.softmax(logits if hide is None else hide(logits))

    def forward(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        return tf.matmul(weigh(query, key), value)

    def backward(
        query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, output: tf.Tensor, upstream: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        # Hidden logits are constants, but need no care: their weights are zero, and so is their gradient.
        weights = weigh(query, key)
        d_value = tf.linalg.matrix_transpose(tf.matmul(upstream, weights, transpose_a=True))
        delta = tf.reduce_sum(upstream * output, axis=-1, keepdims=True)
        widened = tf.concat([value, tf.ones_like(value[..., :1])], axis=-1)
        d_logits = weights * tf.matmul(tf.concat([upstream, -delta], axis=-1), widened, transpose_b=True)
        d_query = tf.matmul(d_logits, key)
        d_key = tf.linalg.matrix_transpose(tf.matmul(query, d_logits, transpose_a=True))
        return d_query, d_key, d_value

    @tf.custom_gradient
    def attend(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor) -> tuple[tf.Tensor, Any]:
        given = (query, key, value)
        (output,) = _in_chunks(lambda *parts: (forward(*parts),), given, chunk, like=(value,))

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            return _in_chunks(backward, (query, key, value, output, upstream), chunk, like=given)

        return output, gradient

    return attend(query, key, value)


def _in_chunks(
    function: Callable[..., tuple[tf.Tensor, ...]],
    tensors: tuple[tf.Tensor, ...],
    chunk: int | None,
    *,
    like: tuple[tf.Tensor, ...],
) -> tuple[tf.Tensor, ...]:
    """`function` of each chunk of the tensors (S, ...), joined to results of shapes `like`; two run side by side."""
    if chunk is None:
        return function(*tensors)
    mapped = tf.map_fn(
        lambda parts: function(*parts),
        [tf.reshape(tensor, [-1, chunk, *tensor.shape[1:]]) for tensor in tensors],
        fn_output_signature=tuple(tensor.dtype for tensor in like),
        parallel_iterations=2,
    )
    return tuple(tf.reshape(result, [-1, *shape.shape[1:]]) for result, shape in zip(mapped, like, strict=True))
