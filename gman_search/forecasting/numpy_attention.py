"""Scaled dot-product attention in plain numpy, a few slices at a time (pure)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gman_search.model.shape import MASKED_LOGIT

__all__ = ["attention", "attention_in_groups"]

Array = NDArray[np.float32]

WEIGHTS_AT_ONCE = 500_000
"""Attention weights that are in memory at a time, which stay in the processor's cache."""


def attention(
    query: Array,
    key: Array,
    value: Array,
    heads: int,
    *,
    causal: bool = False,
    absent: NDArray[np.bool_] | None = None,
) -> Array:
    """softmax(query key^T / sqrt(d)) value, for each of K heads of d channels apart (equations 3-8).

    Args:
        query: (..., I, D), I places that attend; heads lie side by side in the D channels.
        key: (..., J, D), J places that are attended to, as is `value`.
        heads: K.
        causal: a place sees only itself and earlier ones; I == J.
        absent: (..., J), true for places that nobody attends to; it may lack leading axes.

    Returns:
        (..., I, D).
    """
    q, k, v = (_by_head(x, heads) for x in (query, key, value))  # (S, I or J, d), S slices
    q = q * np.float32(q.shape[-1] ** -0.5)
    if absent is not None:
        # One more channel, 1 in every query, adds its value in the key to the logits.
        hiding = np.where(absent, np.float32(MASKED_LOGIT), np.float32(0))[..., np.newaxis]
        hiding = _by_head(np.broadcast_to(hiding, (*key.shape[:-1], heads)), heads)
        q, k = np.concatenate([q, np.ones_like(q[..., :1])], axis=-1), np.concatenate([k, hiding], axis=-1)
    later = np.triu(np.full((q.shape[1], k.shape[1]), MASKED_LOGIT, np.float32), 1) if causal else None
    mixed = np.empty((*q.shape[:2], v.shape[-1]), np.float32)
    size = max(1, WEIGHTS_AT_ONCE // (q.shape[1] * k.shape[1]))
    for first in range(0, len(q), size):
        some = slice(first, first + size)
        weights = q[some] @ k[some].swapaxes(1, 2)  # (s, I, J)
        if later is not None:
            weights += later
        weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        # Normalised after the product: it has fewer elements than the weights.
        mixed[some] = weights @ v[some] / weights.sum(axis=-1, keepdims=True)
    lead, places = query.shape[:-2], query.shape[-2]
    return mixed.reshape(*lead, heads, places, -1).swapaxes(-3, -2).reshape(query.shape)


def attention_in_groups(
    query: Array,
    key: Array,
    value: Array,
    heads: int,
    members: NDArray[np.integer],
    between: Callable[[Array], Array],
) -> Array:
    """Group spatial attention (paper, section "Group Spatial Attention"; see `model.group_attention`).

    Args:
        query: (B, P, N, D), as are `key` and `value`.
        heads: K.
        members: (G, M), sensors by group, N for an empty place.
        between: the projection of pooled groups (B, P, G, D) to queries, keys and values, 3 D wide.

    Returns:
        (B, P, N, D).
    """
    sensors = query.shape[2]
    absent = members >= sensors
    taken = np.where(absent, 0, members)  # whose readings stand in an empty place does not matter: nobody looks there
    own_query, own_key, own_value = (x[:, :, taken] for x in (query, key, value))  # (B, P, G, M, D)
    local = attention(own_query, own_key, own_value, heads, absent=absent)
    pooled = np.where(absent[:, :, np.newaxis], np.float32(-np.inf), local).max(axis=3)
    q, k, v = np.split(between(pooled), 3, axis=-1)  # (B, P, G, D)
    shared = local + attention(q, k, v, heads)[:, :, :, np.newaxis]
    result = np.empty_like(query)
    result[:, :, members[~absent]] = shared[:, :, ~absent]
    return result


def _by_head(x: Array, heads: int) -> Array:
    """(..., I, D) to slices of one head each, (S, I, d)."""
    apart = x.reshape(*x.shape[:-1], heads, -1).swapaxes(-3, -2)
    return apart.reshape(-1, *apart.shape[-2:])
