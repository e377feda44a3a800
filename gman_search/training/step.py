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
from gman_search.training.adam import AdamValues, update, update_if_finite
from gman_search.training.batches import Batches
from gman_search.training.state import TrainState

__all__ = ["CompiledModel", "StepValues", "model_shape"]

Inputs = tuple[tf.Tensor, ...]

# Parts of a batch draw their dropout and random groups from seeds of their own, so many steps apart.
PART_STEPS = 2**19


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
        recompute: compute blocks again for the gradient rather than keep what they computed: the same step in less
            memory (see `model.recompute`).

    `windows_at_once` may be set: a larger batch is then taken in parts of so many windows, whose gradients add up to
    that of the whole batch's loss. Only BN differs from the whole batch: it normalises each part by the part's moments.
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
        recompute: bool = False,
    ) -> None:
        self.task = task
        self.windows_at_once: int | None = None
        seen = np.concatenate([task.seen_days, task.seen_times])
        self.model = GMAN(model_shape(task, shape, shortcuts=shortcuts), task.embedding, seen, dtype=dtype)
        self._precision = dtype if precision == "float32" else precision
        self.state = TrainState(self.model)
        self._batches = Batches(task, dtype, usual=shortcuts)
        inputs, targets = self._batches.input_specs, self._batches.target_spec
        values, counters = tf.TensorSpec([8], dtype), tf.TensorSpec([2], tf.int32)
        self._dtype, self._recompute = dtype, recompute
        sizes = (self.state.trained.total, self.state.moving.total)
        self._sums = [tf.Variable(tf.zeros([size], dtype)) for size in sizes]
        # No `if` or `for` here looks at a tensor: AutoGraph would find nothing to do, and take a second to see it.
        self._step = tf.function(
            self._train_step, input_signature=[inputs, targets, values, counters], jit_compile=xla, autograph=False
        )
        self._add = tf.function(
            self._add_part,
            input_signature=[inputs, targets, values, counters, tf.TensorSpec([2], dtype)],
            jit_compile=xla,
            autograph=False,
        )
        self._finish = tf.function(self._update_by_sums, input_signature=[values], jit_compile=xla, autograph=False)
        self._forecast = tf.function(
            self._predict, input_signature=[inputs, tf.TensorSpec([], tf.bool)], autograph=False
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
        if self.windows_at_once is not None and self.windows_at_once < len(starts):
            return self._step_in_parts(starts, numbers, counters, -(-len(starts) // self.windows_at_once))
        error, count = self._step(
            self._batches.inputs(starts), self._batches.targets(starts), tf.constant(numbers), tf.constant(counters)
        )
        return error, count

    def _step_in_parts(
        self, starts: np.ndarray, numbers: np.ndarray, counters: np.ndarray, parts: int
    ) -> tuple[tf.Tensor, tf.Tensor]:
        pieces = np.array_split(starts, parts)
        targets = [self._batches.targets(piece) for piece in pieces]
        count = float(sum(np.count_nonzero(target.numpy()) for target in targets))
        for total in self._sums:
            total.assign(tf.zeros_like(total))
        errors = []
        for part, (piece, target) in enumerate(zip(pieces, targets, strict=True)):
            seeds = tf.constant(counters + np.array([0, part * PART_STEPS], dtype=np.int32))
            share = tf.constant([count, len(piece) / len(starts)], self._dtype)
            errors.append(self._add(self._batches.inputs(piece), target, tf.constant(numbers), seeds, share))
        taken, none = self._finish(tf.constant(numbers)), tf.zeros([], self._dtype)
        return tf.where(taken, tf.add_n(errors), none), tf.where(taken, tf.constant(count, self._dtype), none)

    def forecast(self, starts: np.ndarray, *, causal: bool, batch_size: int | None = None) -> np.ndarray:
        """Forecasts (W, Q, N) in the data's unit for all windows, with the moving BN statistics.

        `batch_size` windows at a time; by default as many as keep the widest tensor at 32 MB.
        """
        if batch_size is None:
            batch_size = self.model.shape.windows_at_once(len(self.task.series.sensors))
        parts = [
            self._forecast(self._batches.inputs(starts[first : first + batch_size]), tf.constant(causal)).numpy()
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

    def _train_step(
        self, inputs: Inputs, targets: tf.Tensor, values: tf.Tensor, counters: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        gradient, statistics, error, count = self._gradient(inputs, targets, values, counters)
        taken = self._update(gradient, statistics, values)
        if taken is None:
            return error, count
        return tf.where(taken, error, 0.0), tf.where(taken, count, 0.0)

    def _add_part(
        self, inputs: Inputs, targets: tf.Tensor, values: tf.Tensor, counters: tf.Tensor, share: tf.Tensor
    ) -> tf.Tensor:
        """Add the gradient of a part of a batch; `share` has the batch's observed targets and the part's windows."""
        count, windows = tf.unstack(share)
        gradient, statistics, error, _ = self._gradient(inputs, targets, values, counters, count)
        for total, value in zip(self._sums, (gradient, windows * statistics), strict=True):
            total.assign_add(value)
        return error

    def _update_by_sums(self, values: tf.Tensor) -> tf.Tensor:
        """The update by the parts that were added; false where float16 overflowed and it was not made."""
        gradient, statistics = (tf.convert_to_tensor(total) for total in self._sums)
        taken = self._update(gradient, statistics, values)
        return tf.constant(True) if taken is None else taken

    def _gradient(
        self, inputs: Inputs, targets: tf.Tensor, values: tf.Tensor, counters: tf.Tensor, count: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Gradient of the sum of errors over `count` (None: the targets observed), BN statistics, error and count."""
        _, _, _, dropout, momentum, causal, _, _ = tf.unstack(values)
        readings, day, time, *usual = inputs
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
                *usual,
                training=True,
                precision=self._precision,
                recompute=self._recompute,
            )
            error, observed = self._masked_error(normalised, targets)
            # Original: mask divided by its mean, then the mean of everything. That is the sum over the observed count.
            loss = error / tf.maximum(observed if count is None else count, 1.0)
            scaled = loss * self.state.loss_scale[0] if self._precision == "float16" else loss
        return tape.gradient(scaled, flat), self.state.moving.join(statistics), error, observed

    def _update(self, gradient: tf.Tensor, statistics: tf.Tensor, values: tf.Tensor) -> tf.Tensor | None:
        """Adam's step; whether it was taken in float16, None in other precisions, where it always is."""
        rate, decay, clip, _, _, _, step, carried_step = tf.unstack(values)
        adam = AdamValues(rate, decay, clip, step, carried_step)
        if self._precision == "float16":
            return update_if_finite(self.state, gradient / self.state.loss_scale[0], statistics, adam)
        update(self.state, gradient, statistics, adam)
        return None

    def _masked_error(self, normalised: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        forecast = normalised * self.task.std + self.task.mean
        observed = tf.not_equal(targets, 0.0)
        error = tf.where(observed, tf.abs(forecast - targets), tf.zeros_like(targets))
        return tf.reduce_sum(error), tf.reduce_sum(tf.cast(observed, targets.dtype))

    def _predict(self, inputs: Inputs, causal: tf.Tensor) -> tf.Tensor:
        readings, day, time, *usual = inputs
        none = tf.zeros([], readings.dtype)
        step_inputs = StepInputs(causal, none, none, tf.zeros([2], tf.int32))
        parameters = self.state.trained.split(self.state.parameters)
        statistics = self.state.moving.split(self.state.statistics)
        normalised, _ = self.model.stateless_call(
            parameters, statistics, readings, day, time, step_inputs, *usual, training=False
        )
        return normalised * self.task.std + self.task.mean


def model_shape(task: ForecastDataset, shape: tuple[int, int, int], *, shortcuts: bool = False) -> ModelShape:
    """All sizes of a model of `shape` (L, K, d) on `task`, with or without shortcuts."""
    L, K, d = shape
    channels = task.inputs.shape[2] if task.inputs.ndim == 3 else 1
    widths = {"E": task.embedding.shape[1], "C": channels, "groups": task.groups}
    return ModelShape(L, K, d, T=task.T, P=task.P, Q=task.Q, shortcuts=shortcuts, **widths)
