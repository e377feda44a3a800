"""The compiled training step and forecast: traced once per model shape, fed with every config's hyperparameters.

Hyperparameters are values of the graph, not constants in it: the second trial of a stage starts at once.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gman_search.data.task import ForecastDataset
from gman_search.model.gman import GMAN, StepInputs
from gman_search.model.initial_weights import fresh_tensors
from gman_search.model.shape import ModelShape
from gman_search.training.state import TrainState

__all__ = ["CompiledModel", "StepValues", "model_shape"]

ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8
# Steps without overflow after which the loss scale of float16 is doubled.
SCALE_STEPS = 2000


class StepValues(NamedTuple):
    """What a step is fed besides its windows; plain numbers."""

    learning_rate: float
    weight_decay: float
    clip_norm: float
    dropout: float
    bn_momentum: float
    causal: bool
    step: int
    seed: int
    earlier_updates: int = 0  # of Adam, where its moments were carried over


class CompiledModel:
    """GMAN of one shape on one forecasting task, with its state and its two traced functions.

    Args:
        task: readings, calendar, spatial embedding and windows.
        shape: L, K and d (widths and steps come from the task).
        shortcuts: whether the last reading and usual values are led past the network.
        xla: compile the step with XLA.
        precision: of products and activations in training: float32, float16 (with a loss scale) or bfloat16.
            Forecasts are made in full precision, so that validation judges the weights as they will be used.
        dtype: of the parameters: float32, or float64 for proofs (which `precision` then follows).
    """

    def __init__(
        self,
        task: ForecastDataset,
        shape: tuple[int, int, int],
        *,
        shortcuts: bool = False,
        xla: bool = False,
        precision: str = "float32",
        dtype: str = "float32",
    ) -> None:
        self.task = task
        seen = np.concatenate([task.seen_days, task.seen_times])
        self.model = GMAN(model_shape(task, shape, shortcuts=shortcuts), task.embedding, seen, dtype=dtype)
        self._precision = dtype if precision == "float32" else precision
        self.state = TrainState(self.model)
        # The whole series is resident once; windows are gathered from it inside the step.
        self._inputs = tf.constant(task.inputs, dtype=dtype)
        self._targets = tf.constant(task.targets, dtype=dtype)
        usual = (task.usual_rows.astype(dtype) - task.mean) / task.std
        self._usual = tf.constant(usual, dtype=dtype) if shortcuts else None
        self._day = tf.constant(task.day_of_week, dtype=tf.int32)
        self._time = tf.constant(task.time_of_day, dtype=tf.int32)
        starts = tf.TensorSpec([None], tf.int32)
        values = tf.TensorSpec([8], dtype)
        counters = tf.TensorSpec([2], tf.int32)
        self._dtype = dtype
        # No `if` or `for` here looks at a tensor: AutoGraph would find nothing to do, and take a second to see it.
        self._step = tf.function(
            self._train_step, input_signature=[starts, values, counters], jit_compile=xla, autograph=False
        )
        self._forecast = tf.function(
            self._predict, input_signature=[starts, tf.TensorSpec([], tf.bool)], autograph=False
        )

    def train_step(self, starts: np.ndarray, values: StepValues) -> tuple[tf.Tensor, tf.Tensor]:
        """One Adam step on the windows that begin at `starts` (B,).

        Returns the sum of absolute errors and the number of observed targets, as tensors that are not waited for; both
        are 0 where float16 overflowed and the step was skipped.
        """
        numbers = np.array(
            [
                values.learning_rate,
                values.weight_decay,
                values.clip_norm,
                values.dropout,
                values.bn_momentum,
                float(values.causal),
                float(values.step + 1),
                float(values.earlier_updates + values.step + 1),
            ],
            dtype=self._dtype,
        )
        counters = np.array([values.seed, values.step], dtype=np.int32)
        error, count = self._step(starts.astype(np.int32), numbers, counters)
        return error, count

    def forecast(self, starts: np.ndarray, *, causal: bool, batch_size: int | None = None) -> np.ndarray:
        """Forecasts (W, Q, N) in the data's unit for all windows, with the moving BN statistics.

        `batch_size` windows at a time; by default as many as keep the widest tensor at 32 MB.
        """
        if batch_size is None:
            batch_size = self.model.shape.windows_at_once(len(self.task.series.sensors))
        parts = [
            self._forecast(starts[first : first + batch_size].astype(np.int32), tf.constant(causal)).numpy()
            for first in range(0, len(starts), batch_size)
        ]
        return np.concatenate(parts)

    def fresh_weights(self, seed: int) -> dict[str, np.ndarray]:
        """Newly initialised weights: glorot-uniform kernels, zero biases, neutral BN."""
        random = np.random.default_rng(seed)
        return {
            **fresh_tensors(random, self.state.trained.names, self.state.trained.shapes),
            **fresh_tensors(random, self.state.moving.names, self.state.moving.shapes),
        }

    def _windows(self, starts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | None]:
        P, Q = self.task.P, self.task.Q
        steps = starts[:, tf.newaxis] + tf.range(P + Q)[tf.newaxis]  # (B, P+Q)
        past, future = steps[:, :P], steps[:, P:]
        return (
            tf.gather(self._inputs, past),
            tf.gather(self._targets, future),
            tf.gather(self._day, steps),
            tf.gather(self._time, steps),
            None if self._usual is None else tf.gather(self._usual, steps[:, P - 1 :]),
        )

    def _train_step(self, starts: tf.Tensor, values: tf.Tensor, counters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        rate, decay, clip, dropout, momentum, causal, step, carried_step = tf.unstack(values)
        readings, targets, day, time, usual = self._windows(starts)
        step_inputs = StepInputs(causal > 0.5, momentum, dropout, counters * tf.constant([1, 2]))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            flat = tf.convert_to_tensor(self.state.parameters)
            tape.watch(flat)
            normalised, statistics = self.model.stateless_call(
                self.state.trained.split(flat),
                self.state.moving.split(self.state.statistics),
                readings,
                day,
                time,
                step_inputs,
                usual,
                training=True,
                precision=self._precision,
            )
            error, count = self._masked_error(normalised, targets)
            # Original: mask divided by its mean, then the mean of everything. That is the sum over the observed count.
            loss = error / tf.maximum(count, 1.0)
            scaled = loss * self.state.loss_scale[0] if self._precision == "float16" else loss
        gradient = tape.gradient(scaled, flat)
        statistics = self.state.moving.join(statistics)
        if self._precision == "float16":
            gradient /= self.state.loss_scale[0]
            taken = self._update_if_finite(gradient, statistics, rate, decay, clip, step, carried_step)
            return tf.where(taken, error, 0.0), tf.where(taken, count, 0.0)
        self._update(gradient, statistics, rate, decay, clip, step, carried_step)
        return error, count

    def _update_if_finite(self, gradient: tf.Tensor, *rest: tf.Tensor) -> tf.Tensor:
        """Skip a step that overflowed in float16 and halve the loss scale; double it after many that did not.

        Returns whether the step was taken.
        """
        scale, since = tf.unstack(self.state.loss_scale)
        finite = tf.reduce_all(tf.math.is_finite(gradient))
        grown = since + 1 >= SCALE_STEPS

        def accept() -> tf.Tensor:
            self._update(gradient, *rest)
            return tf.stack([tf.where(grown, scale * 2, scale), tf.where(grown, 0.0, since + 1)])

        def reject() -> tf.Tensor:
            return tf.stack([tf.maximum(scale / 2, 1.0), 0.0])

        self.state.loss_scale.assign(tf.cond(finite, accept, reject))
        return finite

    def _update(self, gradient: tf.Tensor, statistics: tf.Tensor, *adam: tf.Tensor) -> None:
        self._adam(gradient, *adam)
        self.state.statistics.assign(statistics)

    def _masked_error(self, normalised: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        forecast = normalised * self.task.std + self.task.mean
        observed = tf.not_equal(targets, 0.0)
        error = tf.where(observed, tf.abs(forecast - targets), tf.zeros_like(targets))
        return tf.reduce_sum(error), tf.reduce_sum(tf.cast(observed, targets.dtype))

    def _adam(
        self,
        gradient: tf.Tensor,
        rate: tf.Tensor,
        decay: tf.Tensor,
        clip: tf.Tensor,
        step: tf.Tensor,
        carried_step: tf.Tensor,
    ) -> None:
        norm = tf.norm(gradient)
        gradient *= tf.where((clip > 0) & (norm > clip), clip / norm, tf.ones_like(norm))
        first = ADAM_BETA1 * self.state.first_moment + (1 - ADAM_BETA1) * gradient
        second = ADAM_BETA2 * self.state.second_moment + (1 - ADAM_BETA2) * tf.square(gradient)
        # Moments that were carried over have seen more updates than those that began at nothing: with one correction
        # for both, new weights would take steps of several times the rate until their second moment has caught up.
        carried = self.state.carried
        corrected = _correction(step) * (1 - carried) + _correction(carried_step) * carried
        update = rate * corrected * self.state.rate_factors * first / (tf.sqrt(second) + ADAM_EPSILON)
        self.state.parameters.assign_sub(update + rate * decay * self.state.decayed * self.state.parameters)
        self.state.first_moment.assign(first)
        self.state.second_moment.assign(second)

    def _predict(self, starts: tf.Tensor, causal: tf.Tensor) -> tf.Tensor:
        readings, _, day, time, usual = self._windows(starts)
        none = tf.zeros([], readings.dtype)
        step_inputs = StepInputs(causal, none, none, tf.zeros([2], tf.int32))
        parameters = self.state.trained.split(self.state.parameters)
        statistics = self.state.moving.split(self.state.statistics)
        normalised, _ = self.model.stateless_call(
            parameters, statistics, readings, day, time, step_inputs, usual, training=False
        )
        return normalised * self.task.std + self.task.mean


def _correction(updates: tf.Tensor) -> tf.Tensor:
    """Of Adam's bias after so many updates of its moments (Kingma and Ba 2015, section 2)."""
    return tf.sqrt(1 - ADAM_BETA2**updates) / (1 - ADAM_BETA1**updates)


def model_shape(task: ForecastDataset, shape: tuple[int, int, int], *, shortcuts: bool = False) -> ModelShape:
    """All sizes of a model of `shape` (L, K, d) on `task`, with or without shortcuts."""
    L, K, d = shape
    channels = task.inputs.shape[2] if task.inputs.ndim == 3 else 1
    widths = {"E": task.embedding.shape[1], "C": channels, "groups": task.groups}
    return ModelShape(L, K, d, T=task.T, P=task.P, Q=task.Q, shortcuts=shortcuts, **widths)
