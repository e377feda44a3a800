"""Attention that keeps no weights: in pieces that stay in the processor's cache, computed again for the gradient.

The plain form writes the (N, N) weights of every step, head and window to memory, reads them back for the product with
the values, and keeps them all until the gradient is taken: at 207 sensors hundreds of MB a block, and most of the time.
Here the (window, step, head) groups are taken a few at a time, and the gradient computes a piece's weights again
instead of keeping them. With S = softmax(q k^T) for one group and O = S v, and dO the gradient of O,

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

__all__ = ["attention_in_chunks", "groups_in_chunk"]

# Elements of the weights of one chunk: 2.7 MB in float32, about the cache of one core.
CHUNK_ELEMENTS = 700_000


def groups_in_chunk(groups: int, sensors: int) -> int:
    """How many of `groups` are taken at once: the largest divisor whose weights fit, 1 where none does."""
    fitting = max(1, CHUNK_ELEMENTS // sensors**2)
    return max(size for size in range(1, groups + 1) if groups % size == 0 and size <= fitting)


def attention_in_chunks(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, chunk: int | None = None, hide: Callable[..., Any] | None = None
) -> tf.Tensor:
    """softmax(query key^T) value, `chunk` groups at a time.

    Args:
        query: (G, Q, d), scaled already.
        key: (G, P, d), as is `value`. P == Q where there are chunks.
        chunk: groups taken at once, a divisor of G; none: all.
        hide: replaces the logits (G, Q, P) of what must not be attended to.

    Returns:
        (G, Q, d).
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
        output = _in_chunks(forward, (query, key, value), chunk, results=1)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            return _in_chunks(backward, (query, key, value, output, upstream), chunk, results=3)

        return output, gradient

    return attend(query, key, value)


def _in_chunks(function: Callable[..., Any], tensors: tuple[tf.Tensor, ...], chunk: int | None, *, results: int) -> Any:
    """`function` of each chunk of the tensors (G, N, d), joined again; two chunks run side by side."""
    if chunk is None:
        return function(*tensors)
    pieces = [tf.reshape(tensor, [-1, chunk, *tensor.shape[1:]]) for tensor in tensors]
    number = tensors[0].dtype
    mapped = tf.map_fn(
        lambda parts: function(*parts),
        pieces,
        fn_output_signature=number if results == 1 else (number,) * results,
        parallel_iterations=2,
    )
    joined = tuple(
        tf.reshape(result, [-1, *tensors[0].shape[1:]]) for result in ((mapped,) if results == 1 else mapped)
    )
    return joined[0] if results == 1 else joined
