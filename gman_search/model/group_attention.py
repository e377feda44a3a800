"""Group spatial attention (paper, section "Group Spatial Attention"): attention over sensors at the cost of N^(4/3).

The sensors are parted at random into G groups of at most M. Each attends to the members of its own group; a group's
results are max-pooled into one vector; the G vectors attend to each other; what a group learns there is added to all
its members. Scores: G M^2 + G^2 instead of N^2, fewest at M = (2N)^(1/3).

Open in the paper, and settled here: the partition changes with every forward pass of training and is fixed in
evaluation, so that a forecast is repeatable; the projections of the second attention are parameters of their own, with
BN and ReLU like all others, and read the pooled vectors alone.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from gman_search.model.attention import attention_over_sensors
from gman_search.model.layers import Projection

__all__ = ["Partition", "attention_in_groups", "random_partition"]


class Partition(NamedTuple):
    """Who is in which group: `members` (G, M) are sensors, N for an empty place; `places` (N,) the inverse."""

    members: tf.Tensor
    places: tf.Tensor


def random_partition(sensors: int, groups: int, seed: tf.Tensor) -> Partition:
    """A random partition of `sensors` into `groups` that differ by one member at most; `seed` is (2,) int32."""
    size = -(-sensors // groups)
    # The generator is named, so that forecasts do not depend on what TensorFlow prefers; XLA's numbers differ still.
    order = tf.argsort(tf.random.stateless_uniform([sensors], seed, alg="philox"))
    # Dealt round, like cards: only the last round can run out, so no group is empty and none lacks more than one.
    dealt = tf.concat([order, tf.fill([groups * size - sensors], sensors)], axis=0)
    rank = tf.argsort(order)
    return Partition(
        tf.transpose(tf.reshape(dealt, [size, groups])), tf.math.floormod(rank, groups) * size + rank // groups
    )


def attention_in_groups(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    heads: int,
    partition: Partition,
    between: Projection,
    momentum: tf.Tensor | None,
) -> tf.Tensor:
    """Attention within the groups of `partition`, plus attention between the groups.

    Args:
        query: (B, P, N, D), as are `key` and `value`.
        heads: K.
        between: the projection of pooled groups to queries, keys and values, 3 D wide.
        momentum: of BN in training; none in evaluation.

    Returns:
        (B, P, N, D).
    """
    local = attention_within_groups(query, key, value, heads, partition)  # (B, P, G, M, D)
    present = _present(partition, query.shape[2])[:, :, tf.newaxis]
    pooled = tf.reduce_max(tf.where(present, local, local.dtype.min), axis=3)  # (B, P, G, D)
    q, k, v = tf.split(between(pooled, momentum=momentum), 3, axis=-1)
    shared = local + attention_over_sensors(q, k, v, heads)[:, :, :, tf.newaxis]
    return _ungroup(shared, partition)


def attention_within_groups(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, heads: int, partition: Partition
) -> tf.Tensor:
    """Attention of each sensor (B, P, N, D) to its own group; by place in the groups, (B, P, G, M, D)."""
    groups, size = partition.members.shape
    steps, sensors, width = query.shape[1:]
    grouped = [
        tf.reshape(_group(x, partition), [-1, steps * groups, size, width]) for x in (query, key, value)
    ]  # (B, P G, M, D)
    absent = None
    if groups * size > sensors:
        absent = tf.tile(tf.logical_not(_present(partition, sensors)), [steps, 1])  # (P G, M)
    mixed = attention_over_sensors(grouped[0], grouped[1], grouped[2], heads, absent)
    return tf.reshape(mixed, [-1, steps, groups, size, width])


def _present(partition: Partition, sensors: int) -> tf.Tensor:
    return partition.members < sensors


def _group(x: tf.Tensor, partition: Partition) -> tf.Tensor:
    """Sensors (B, P, N, D) to places (B, P, G M, D); empty places are zero."""
    return _rearrange(x, tf.reshape(partition.members, [-1]), partition.places)


def _ungroup(x: tf.Tensor, partition: Partition) -> tf.Tensor:
    """Inverse of grouping, from (B, P, G, M, D)."""
    groups, size = partition.members.shape
    flat = tf.reshape(x, [-1, x.shape[1], groups * size, x.shape[4]])
    return _rearrange(flat, partition.places, tf.reshape(partition.members, [-1]))


def _rearrange(x: tf.Tensor, taken: tf.Tensor, back: tf.Tensor) -> tf.Tensor:
    """x[:, :, taken], zero where `taken` is past the end; `back` is the inverse.

    The gradient of a permutation is the inverse permutation; TensorFlow would add up scattered rows instead.
    """

    @tf.custom_gradient
    def forward(x: tf.Tensor) -> tuple[tf.Tensor, Any]:
        return _take(x, taken), lambda upstream: _take(upstream, back)

    return forward(x)


def _take(x: tf.Tensor, taken: tf.Tensor) -> tf.Tensor:
    return tf.gather(tf.pad(x, [[0, 0], [0, 0], [0, 1], [0, 0]]), taken, axis=2)
