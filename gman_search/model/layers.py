"""The one building block of GMAN: a projection of the channels, with BN and ReLU where there is an activation.

The original (`FC` in its model code) is a stack of 1x1 convolutions; that is a matrix product over the last axis. BN
stands ONLY in front of an activation: linear layers (the second of every pair, the gates, the output) have none.
Moments run over all axes but the last, epsilon is 1e-3.
"""

from typing import Any

import keras
import tensorflow as tf

__all__ = ["BN_EPSILON", "Projection", "ProjectionPair", "normalise_relu", "project"]

BN_EPSILON = 1e-3


class Projection(keras.layers.Layer):
    """`x W + b`, then batch normalisation and ReLU if `activated`.

    Args:
        units: channels of the output.
        activated: whether BN and ReLU follow.
        use_bias: whether there is a bias (the gate's spatial half has none).
        parts: how many projections of equal width are stored side by side in this one. They are initialised each by
            their own fan-out, so that one wide product equals `parts` separate layers of the original.
    """

    def __init__(
        self, units: int, *, activated: bool, use_bias: bool = True, parts: int = 1, **keras_arguments: Any
    ) -> None:
        super().__init__(**keras_arguments)
        self.units = units
        self.activated = activated
        self.use_bias = use_bias
        self.parts = parts

    def build(self, input_width: int) -> None:
        """Create the weights for inputs of `input_width` channels."""
        limit = (6.0 / (input_width + self.units // self.parts)) ** 0.5
        uniform = keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight(name="kernel", shape=(input_width, self.units), initializer=uniform)
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        if self.activated:
            self.gamma = self.add_weight(name="gamma", shape=(self.units,), initializer="ones")
            self.beta = self.add_weight(name="beta", shape=(self.units,), initializer="zeros")
            self.moving_mean = self.add_weight(
                name="moving_mean", shape=(self.units,), initializer="zeros", trainable=False
            )
            self.moving_variance = self.add_weight(
                name="moving_variance", shape=(self.units,), initializer="ones", trainable=False
            )
        self.built = True

    def call(self, x: tf.Tensor, momentum: tf.Tensor | None = None) -> tf.Tensor:
        """Project `x` (..., C) to (..., units). `momentum` of the BN statistics is given in training only."""
        return self.finish(project(x, tf.convert_to_tensor(self.kernel)), momentum)

    def finish(self, product: tf.Tensor, momentum: tf.Tensor | None) -> tf.Tensor:
        """Bias, BN and ReLU on a product (..., units) that the caller has computed from `kernel`."""
        if not self.activated:
            return product + self.bias if self.use_bias else product
        # In front of BN the bias only shifts the mean that BN takes away again: it is added to the mean instead of to
        # every element. Its gradient in training is zero, as it is in the original.
        if momentum is None:
            mean = tf.convert_to_tensor(self.moving_mean)
            variance = tf.convert_to_tensor(self.moving_variance)
            bias = tf.convert_to_tensor(self.bias)
            scale = self.gamma * tf.math.rsqrt(variance + tf.constant(BN_EPSILON, variance.dtype))
            return tf.nn.relu(product * scale + (self.beta + (bias - mean) * scale))
        normalised, mean, variance = normalise_relu(
            product, tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        )
        self._remember(mean + self.bias, variance, tf.cast(momentum, mean.dtype))
        return normalised

    def _remember(self, mean: tf.Tensor, variance: tf.Tensor, momentum: tf.Tensor) -> None:
        old_mean = tf.convert_to_tensor(self.moving_mean)
        old_variance = tf.convert_to_tensor(self.moving_variance)
        self.moving_mean.assign(mean + momentum * (old_mean - mean))
        self.moving_variance.assign(variance + momentum * (old_variance - variance))


class ProjectionPair(keras.layers.Layer):
    """Two projections: BN and ReLU after the first, the second linear (`FC` with activations [relu, None])."""

    def __init__(self, hidden: int, units: int, **keras_arguments: Any) -> None:
        super().__init__(**keras_arguments)
        self.first = Projection(hidden, activated=True, name="first", dtype=self.dtype_policy)
        self.second = Projection(units, activated=False, name="second", dtype=self.dtype_policy)

    def build(self, input_width: int) -> None:
        """Create the weights for inputs of `input_width` channels."""
        self.first.build(input_width)
        self.second.build(self.first.units)
        self.built = True

    def call(self, x: tf.Tensor, momentum: tf.Tensor | None = None) -> tf.Tensor:
        """(..., C) to (..., units)."""
        return self.second(self.first(x, momentum=momentum))


def project(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Product over the last axis as one flat GEMM: a batched product of the same size is far slower on CPUs."""
    width_in, width_out = kernel.shape
    shape = tf.shape(x)
    flat = tf.matmul(tf.reshape(x, [-1, width_in]), kernel)
    result = tf.reshape(flat, tf.concat([shape[:-1], [width_out]], axis=0))
    result.set_shape([*x.shape[:-1], width_out])
    return result


@tf.custom_gradient
def normalise_relu(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[Any, Any]:
    """relu(BN(x)) with batch moments, for x (..., C); also returns the moments (C,), without gradient.

    The gradient is written by hand because it needs five passes over memory where the automatic one takes eleven: with
    g = dy where y > 0, and the normalised h = (x - mean) * r,
        dbeta = sum g,   dgamma = sum g h,   dx = gamma r (g - dbeta / n - h dgamma / n).
    """
    width = x.shape[-1]
    flat = tf.reshape(x, [-1, width])
    count = tf.cast(tf.shape(flat)[0], x.dtype)
    mean = tf.reduce_mean(flat, axis=0)
    centred = flat - mean
    variance = tf.reduce_mean(tf.square(centred), axis=0)
    inverse = tf.math.rsqrt(variance + tf.constant(BN_EPSILON, x.dtype))
    activated = tf.nn.relu(centred * (gamma * inverse) + beta)

    def gradient(upstream: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        passed = tf.raw_ops.ReluGrad(gradients=tf.reshape(upstream, [-1, width]), features=activated)
        d_beta = tf.reduce_sum(passed, axis=0)
        d_gamma = tf.reduce_sum(passed * centred, axis=0) * inverse
        scale = gamma * inverse
        d_flat = passed * scale - (centred * (scale * inverse * d_gamma / count) + scale * d_beta / count)
        return tf.reshape(d_flat, tf.shape(x)), d_gamma, d_beta

    return (tf.reshape(activated, tf.shape(x)), tf.stop_gradient(mean), tf.stop_gradient(variance)), gradient
