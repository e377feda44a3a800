"""All that training changes, as a few flat vectors: parameters, Adam's moments, moving BN statistics.

One flat vector instead of hundreds of variables makes the optimizer three vector operations, a fresh start or a
checkpoint a handful of assignments, and lets one traced step serve trial after trial.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from gman_search.model.gman import GMAN
from gman_search.model.mup import rate_factors

__all__ = ["FlatLayout", "TrainState"]


MOMENTS = ("first_moment", "second_moment", "carried", "loss_scale")
FIRST_LOSS_SCALE = 2.0**15


class FlatLayout:
    """Where each named tensor lies in a flat vector."""

    def __init__(self, variables: Iterable[Any]) -> None:
        pairs = [(variable.path, tuple(int(size) for size in variable.shape)) for variable in variables]
        self.names = [name for name, _ in pairs]
        self.shapes = [shape for _, shape in pairs]
        self.sizes = [int(np.prod(shape)) for shape in self.shapes]
        self.total = sum(self.sizes)

    def split(self, flat: tf.Tensor) -> list[tf.Tensor]:
        """The named tensors, in layout order, as pieces of `flat` (gradients flow back into it by one concat)."""
        pieces = zip(tf.split(flat, self.sizes), self.shapes, strict=True)
        return [piece if len(shape) == 1 else tf.reshape(piece, shape) for piece, shape in pieces]

    def join(self, tensors: Iterable[tf.Tensor]) -> tf.Tensor:
        """Inverse of `split`."""
        return tf.concat([tensor if len(tensor.shape) == 1 else tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)

    def to_named(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """Named numpy arrays."""
        pieces = np.split(flat, np.cumsum(self.sizes)[:-1])
        return {name: piece.reshape(shape) for name, piece, shape in zip(self.names, pieces, self.shapes, strict=True)}

    def from_named(self, named: Mapping[str, np.ndarray]) -> np.ndarray:
        """Flat vector of the named arrays; raises KeyError for a missing name."""
        return np.concatenate([np.asarray(named[name]).reshape(-1) for name in self.names])


class TrainState:
    """Flat variables of one model in training."""

    def __init__(self, model: GMAN) -> None:
        self.trained = FlatLayout(model.trainable_variables)
        self.moving = FlatLayout(model.non_trainable_variables)
        number = model.compute_dtype
        self.parameters = tf.Variable(tf.zeros([self.trained.total], number), name="parameters")
        self.first_moment = tf.Variable(tf.zeros([self.trained.total], number), name="first_moment")
        self.second_moment = tf.Variable(tf.zeros([self.trained.total], number), name="second_moment")
        # 1 where a moment began in a smaller model, 0 where it began at nothing with this training.
        self.carried = tf.Variable(tf.zeros([self.trained.total], number), name="carried")
        self.statistics = tf.Variable(tf.zeros([self.moving.total], number), name="statistics")
        self.rate_factors = tf.Variable(tf.ones([self.trained.total], number), name="rate_factors")
        # Scale of the loss in float16, and the steps since it last changed.
        self.loss_scale = tf.Variable([FIRST_LOSS_SCALE, 0.0], dtype=number, name="loss_scale")
        kernels = [
            np.full(size, name.endswith("kernel"))
            for name, size in zip(self.trained.names, self.trained.sizes, strict=True)
        ]
        # Weight decay pulls on kernels only; on biases and BN it would change the function it is meant to smooth.
        self.decayed = tf.constant(np.concatenate(kernels), dtype=number)

    def load_weights(self, named: Mapping[str, np.ndarray]) -> None:
        """Set parameters and BN statistics from named arrays and start the optimizer afresh."""
        self.parameters.assign(self.trained.from_named(named))
        self.statistics.assign(self.moving.from_named(named))
        self.first_moment.assign(tf.zeros_like(self.first_moment))
        self.second_moment.assign(tf.zeros_like(self.second_moment))
        self.carried.assign(tf.zeros_like(self.carried))
        self.loss_scale.assign([FIRST_LOSS_SCALE, 0.0])

    def scale_rates(self, width: int, base_width: int | None) -> None:
        """Give every tensor its share of the learning rate (see `model.mup`)."""
        names, sizes = self.trained.names, self.trained.sizes
        self.rate_factors.assign(rate_factors(names, sizes, width=width, base_width=base_width))

    def scale_new_rates(self, kept: Mapping[str, np.ndarray], factor: float) -> None:
        """Multiply the rate of every element that is not `kept` (see `growth.kept_elements`) by `factor`."""
        self.rate_factors.assign(tf.where(self.trained.from_named(kept), self.rate_factors, self.rate_factors * factor))

    def weights(self) -> dict[str, np.ndarray]:
        """Parameters and BN statistics as named arrays."""
        return {
            **self.trained.to_named(self.parameters.numpy()),
            **self.moving.to_named(self.statistics.numpy()),
        }

    def moments(self) -> dict[str, np.ndarray]:
        """Adam's moments, where they began, and the loss scale, for a checkpoint."""
        return {name: getattr(self, name).numpy() for name in MOMENTS}

    def named_moments(self, steps: int) -> dict[str, np.ndarray]:
        """Adam's moments after `steps` by tensor, `first_moment/NAME` and so on: what a grown model can carry on.

        `carried/NAME` is 0 where there is none yet: what was new in this model has moments after its first step.
        """
        vectors = {name: getattr(self, name).numpy() for name in MOMENTS[:3]}
        if steps:
            vectors["carried"] = np.ones_like(vectors["carried"])
        return {
            f"{moment}/{name}": value
            for moment, vector in vectors.items()
            for name, value in self.trained.to_named(vector).items()
        }

    def load_moments(self, moments: Mapping[str, np.ndarray]) -> None:
        """Inverse of `moments`."""
        for name in MOMENTS:
            getattr(self, name).assign(moments[name])
