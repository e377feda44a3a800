"""Blocks whose gradient runs them again instead of keeping what they computed (Chen et al. 2016, arXiv 1604.06174).

A block keeps about 33 tensors as wide as the residual stream until its gradient is taken. Run again, it keeps its input
alone, and the memory of a step is that of one block rather than of all. Values are the same: BN's moments, random
groups and dropout depend on inputs and seeds only, which are those of the first run. A step takes about a third longer.
"""

from typing import Any

import keras
import tensorflow as tf

__all__ = ["recomputed"]


def recomputed(layer: keras.layers.Layer, tensors: tuple[tf.Tensor, ...], *rest: Any) -> tf.Tensor:
    """`layer(*tensors, *rest)`, which keeps nothing for the gradient but `tensors`.

    Args:
        layer: built, with one tensor as output.
        tensors: inputs that gradients flow back to.
        rest: further arguments, without gradient.
    """
    count, moving = len(tensors), layer.non_trainable_variables
    before = [tf.convert_to_tensor(variable) for variable in moving]

    def run(*given: tf.Tensor) -> tuple[tf.Tensor, ...]:
        output, after = layer.stateless_call(list(given[count:]), before, *given[:count], *rest)
        return (output, *(tf.stop_gradient(value) for value in after))

    # Weights are arguments: a tape inside the gradient sees no other tensors.
    weights = [tf.convert_to_tensor(variable) for variable in layer.trainable_variables]
    output, *after = tf.recompute_grad(run)(*tensors, *weights)
    for variable, value in zip(moving, after, strict=True):
        variable.assign(value)
    return output
