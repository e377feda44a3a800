"""Adam on the flat state: clipping, bias correction, decoupled weight decay, the loss scale of float16."""

from typing import NamedTuple

import tensorflow as tf

from gman_search.training.state import TrainState

__all__ = ["ADAM_BETA1", "ADAM_BETA2", "ADAM_EPSILON", "SCALE_STEPS", "AdamValues", "update", "update_if_finite"]

ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8
# Steps without overflow after which the loss scale of float16 is doubled.
SCALE_STEPS = 2000


class AdamValues(NamedTuple):
    """What an update depends on besides the gradient, as scalar tensors.

    `step` counts updates from 1; `carried_step` has those of the smaller model before it, too.
    """

    rate: tf.Tensor
    decay: tf.Tensor
    clip: tf.Tensor
    step: tf.Tensor
    carried_step: tf.Tensor


def update(state: TrainState, gradient: tf.Tensor, statistics: tf.Tensor, values: AdamValues) -> None:
    """One step of Adam, and the moving BN statistics that belong to it."""
    _adam(state, gradient, *values)
    state.statistics.assign(statistics)


def update_if_finite(state: TrainState, gradient: tf.Tensor, statistics: tf.Tensor, values: AdamValues) -> tf.Tensor:
    """Skip a step that overflowed in float16 and halve the loss scale; double it after many that did not.

    Returns whether the step was taken.
    """
    scale, since = tf.unstack(state.loss_scale)
    finite = tf.reduce_all(tf.math.is_finite(gradient))
    grown = since + 1 >= SCALE_STEPS

    def accept() -> tf.Tensor:
        update(state, gradient, statistics, values)
        return tf.stack([tf.where(grown, scale * 2, scale), tf.where(grown, 0.0, since + 1)])

    def reject() -> tf.Tensor:
        return tf.stack([tf.maximum(scale / 2, 1.0), 0.0])

    state.loss_scale.assign(tf.cond(finite, accept, reject))
    return finite


def _adam(
    state: TrainState,
    gradient: tf.Tensor,
    rate: tf.Tensor,
    decay: tf.Tensor,
    clip: tf.Tensor,
    step: tf.Tensor,
    carried_step: tf.Tensor,
) -> None:
    norm = tf.norm(gradient)
    gradient *= tf.where((clip > 0) & (norm > clip), clip / norm, tf.ones_like(norm))
    first = ADAM_BETA1 * state.first_moment + (1 - ADAM_BETA1) * gradient
    second = ADAM_BETA2 * state.second_moment + (1 - ADAM_BETA2) * tf.square(gradient)
    # Moments that were carried over have seen more updates than those that began at nothing: with one correction
    # for both, new weights would take steps of several times the rate until their second moment has caught up.
    carried = state.carried
    corrected = _correction(step) * (1 - carried) + _correction(carried_step) * carried
    change = rate * corrected * state.rate_factors * first / (tf.sqrt(second) + ADAM_EPSILON)
    state.parameters.assign_sub(change + rate * decay * state.decayed * state.parameters)
    state.first_moment.assign(first)
    state.second_moment.assign(second)


def _correction(updates: tf.Tensor) -> tf.Tensor:
    """Of Adam's bias after so many updates of its moments (Kingma and Ba 2015, section 2)."""
    return tf.sqrt(1 - ADAM_BETA2**updates) / (1 - ADAM_BETA1**updates)
