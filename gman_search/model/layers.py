"""The one building block of GMAN: a projection of the channels, with BN and ReLU where there is an activation.

The original (`FC` in its model code) is a stack of 1x1 convolutions; that is a matrix product over the last axis. BN
stands ONLY in front of an activation: linear layers (the second of every pair, the gates, the output) have none.
Moments run over all axes but the last, epsilon is 1e-3.
"""

from typing import Any, Self

import keras
import tensorflow as tf

from gman_search.model.channel_layout import ProjectionLayout
from gman_search.model.initial_weights import glorot_limit
from gman_search.model.shape import BN_EPSILON

__all__ = ["BN_EPSILON", "Projection", "ProjectionPair", "fuse", "normalise_relu", "project"]


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
        super().__init__(autocast=False, **keras_arguments)  # the precision of `x` is the caller's business
        self.units = units
        self.activated = activated
        self.use_bias = use_bias
        self.parts = parts

    @classmethod
    def declared(cls, layout: ProjectionLayout, width: int, **keras_arguments: Any) -> Self:
        """The projection that `layout` declares, in a model of `width` = D channels."""
        return cls(
            layout.outputs * width or 1,
            activated=layout.activated,
            use_bias=layout.bias,
            parts=layout.parts,
            **keras_arguments,
        )

    def build(self, input_width: int) -> None:
        """Create the weights for inputs of `input_width` channels."""
        limit = glorot_limit(input_width, self.units // self.parts)
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
        return self.bias_bn_relu(project(x, tf.convert_to_tensor(self.kernel)), momentum)

    def bias_bn_relu(self, product: tf.Tensor, momentum: tf.Tensor | None) -> tf.Tensor:
        """Bias, BN and ReLU on a product (..., units) that the caller has computed from `kernel`."""
        if not self.activated:
            return product + tf.cast(self.bias, product.dtype) if self.use_bias else product
        # In front of BN the bias only shifts the mean that BN takes away again: it is added to the mean instead of to
        # every element. Its gradient in training is zero, as it is in the original.
        if momentum is None:
            mean = tf.convert_to_tensor(self.moving_mean)
            bias = tf.convert_to_tensor(self.bias)
            scale = self.gamma * _inverse_deviation(tf.convert_to_tensor(self.moving_variance))
            shift = self.beta + (bias - mean) * scale
            return tf.nn.relu(product * tf.cast(scale, product.dtype) + tf.cast(shift, product.dtype))
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        activated, mean, variance = normalise_relu(product, gamma, beta)
        return self.update_moving_stats(activated, mean, variance, momentum)

    def call_embedded(
        self, x: tf.Tensor, spatial: tf.Tensor, temporal: tf.Tensor, momentum: tf.Tensor | None
    ) -> tf.Tensor:
        """The projection of concat(x, spatial + temporal), for x (B, P, N, C), SE (N, C) and TE (B, P, C).

        concat(X, STE) W = X W_x + SE W_e + TE W_e: the last two are small, and STE is never built.
        """
        from_x, from_embedding = tf.split(tf.convert_to_tensor(self.kernel), 2, axis=0)
        spatial, temporal = project(spatial, from_embedding), project(temporal, from_embedding)
        if momentum is None:
            return self.bias_bn_relu(project(x, from_x) + spatial + temporal[:, :, tf.newaxis], None)
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        activated, mean, variance = project_normalise_relu(x, spatial, temporal, from_x, gamma, beta)
        return self.update_moving_stats(activated, mean, variance, momentum)

    def update_moving_stats(
        self, activated: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, momentum: tf.Tensor
    ) -> tf.Tensor:
        """Move the statistics towards the batch's; returns `activated`."""
        mean, momentum = mean + self.bias, tf.cast(momentum, mean.dtype)
        old_mean = tf.convert_to_tensor(self.moving_mean)
        old_variance = tf.convert_to_tensor(self.moving_variance)
        self.moving_mean.assign(mean + momentum * (old_mean - mean))
        self.moving_variance.assign(variance + momentum * (old_variance - variance))
        return activated


class ProjectionPair(keras.layers.Layer):
    """Two projections: BN and ReLU after the first, the second linear (`FC` with activations [relu, None])."""

    def __init__(self, hidden: int, units: int, **keras_arguments: Any) -> None:
        super().__init__(autocast=False, **keras_arguments)  # the precision of `x` is the caller's business
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
    """Product over the last axis, in the precision of `x`.

    One flat GEMM: a batched product of the same size is far slower on CPUs.
    """
    width_in, width_out = kernel.shape
    flat = tf.matmul(tf.reshape(x, [-1, width_in]), tf.cast(kernel, x.dtype))
    return _unflattened(flat, x, width_out)


def _unflattened(flat: tf.Tensor, like: tf.Tensor, width: int) -> tf.Tensor:
    """Rows (rows, width) as (..., width), with the leading axes of `like` (..., C).

    At most one of them is unknown as a rule, the batch: then no operation of the graph has to look its size up.
    """
    sizes = [-1 if size is None else size for size in like.shape[:-1]]
    if sizes.count(-1) > 1:
        return tf.reshape(flat, tf.concat([tf.shape(like)[:-1], [width]], axis=0))
    return tf.reshape(flat, [*sizes, width])


@tf.custom_gradient
def normalise_relu(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[Any, Any]:
    """relu(BN(x)) with batch moments, for x (..., C); also returns the moments (C,), without gradient."""
    flat = tf.reshape(x, [-1, x.shape[-1]])
    activated, mean, variance = _normalise(flat, gamma, beta)

    def gradient(upstream: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        d_flat, d_gamma, d_beta = _normalise_gradient(upstream, flat, mean, variance, gamma, beta)
        return _unflattened(d_flat, x, x.shape[-1]), d_gamma, d_beta

    return (_unflattened(activated, x, x.shape[-1]), tf.stop_gradient(mean), tf.stop_gradient(variance)), gradient


@tf.custom_gradient
def project_normalise_relu(
    x: tf.Tensor, spatial: tf.Tensor, temporal: tf.Tensor, kernel: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
) -> tuple[Any, Any]:
    """relu(BN(x kernel + spatial + temporal)) and the moments, with x (B, P, N, C), (N, units) and (B, P, units).

    The product is the widest tensor of a block, six times the residual stream. The gradient makes it again from `x`
    rather than keeping it: 2 to 15 % more time, a fifth less memory.
    """
    units = kernel.shape[1]

    def product() -> tf.Tensor:
        embedded = project(x, kernel) + spatial + temporal[:, :, tf.newaxis]
        return tf.reshape(embedded, [-1, units])

    activated, mean, variance = _normalise(product(), gamma, beta)

    def gradient(upstream: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # The dependence keeps the graph optimiser from merging both products into one that is kept after all.
        with tf.control_dependencies([upstream]):
            again = product()
        d_flat, d_gamma, d_beta = _normalise_gradient(upstream, again, mean, variance, gamma, beta)
        d_x = _unflattened(tf.matmul(d_flat, tf.cast(kernel, x.dtype), transpose_b=True), x, x.shape[-1])
        d_kernel = tf.cast(tf.matmul(tf.reshape(x, [-1, x.shape[-1]]), d_flat, transpose_a=True), kernel.dtype)
        d_product = _unflattened(d_flat, x, units)
        d_temporal = tf.reduce_sum(d_product, axis=2)
        return d_x, tf.reduce_sum(d_product, axis=[0, 1]), d_temporal, d_kernel, d_gamma, d_beta

    return (_unflattened(activated, x, units), tf.stop_gradient(mean), tf.stop_gradient(variance)), gradient


@tf.custom_gradient
def fuse(logits: tf.Tensor, over_sensors: tf.Tensor, over_steps: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Gated fusion z HS + (1 - z) HT with z = sigmoid(logits) (paper, equations 9-10); only z is kept."""
    gate = tf.sigmoid(logits)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        to_sensors = upstream * gate
        to_steps = upstream - to_sensors
        return to_steps * gate * (over_sensors - over_steps), to_sensors, to_steps

    return over_steps + gate * (over_sensors - over_steps), gradient


def _normalise(flat: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """relu(BN(flat)) in the precision of `flat` (rows, C); mean and variance of its rows in that of the parameters."""
    number, flat = flat.dtype, tf.cast(flat, gamma.dtype)
    mean = tf.reduce_mean(flat, axis=0)
    centred = flat - mean
    variance = tf.reduce_mean(tf.square(centred), axis=0)
    activated = tf.nn.relu(centred * (gamma * _inverse_deviation(variance)) + beta)
    return tf.cast(activated, number), mean, variance


def _normalise_gradient(
    upstream: tf.Tensor, flat: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Gradients of relu(BN(flat)) with regard to `flat` (rows, C), gamma and beta.

    Written by hand because it needs five passes over memory where the automatic one takes eleven: with g the upstream
    gradient where the output is positive, r = 1 / sqrt(variance + epsilon) and the normalised h = (flat - mean) r,
        dbeta = sum g,   dgamma = sum g h,   dflat = gamma r (g - dbeta / rows - h dgamma / rows).
    Where the output is positive is found again too: to keep the output would double the memory.
    """
    number, flat = flat.dtype, tf.cast(flat, gamma.dtype)
    rows = tf.cast(tf.shape(flat)[0], flat.dtype)
    inverse = _inverse_deviation(variance)
    scale = gamma * inverse
    centred = flat - mean
    upstream = tf.cast(tf.reshape(upstream, [-1, flat.shape[-1]]), flat.dtype)
    # One operation, and twice as fast as a comparison and a selection.
    passed = tf.raw_ops.ReluGrad(gradients=upstream, features=centred * scale + beta)
    d_beta = tf.reduce_sum(passed, axis=0)
    d_gamma = tf.reduce_sum(passed * centred, axis=0) * inverse
    d_flat = passed * scale - (centred * (scale * inverse * d_gamma / rows) + scale * d_beta / rows)
    return tf.cast(d_flat, number), d_gamma, d_beta


def _inverse_deviation(variance: tf.Tensor) -> tf.Tensor:
    return tf.math.rsqrt(variance + tf.constant(BN_EPSILON, variance.dtype))
