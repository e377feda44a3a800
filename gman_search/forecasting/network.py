"""What forecasts with a saved GMAN's weights: one interface, made in numpy and in TensorFlow, and which to take."""

from typing import Literal, Protocol

import numpy as np

from gman_search.errors import DataError, UsageError
from gman_search.forecasting.model_io import SavedModel
from gman_search.model.shape import ModelShape, weight_shapes

__all__ = ["Backend", "ChosenBackend", "Network", "chosen_backend", "network_shape", "opened_network"]

Backend = Literal["auto", "numpy", "tensorflow"]
ChosenBackend = Literal["numpy", "tensorflow"]

NUMPY_WORK = 150e9
"""Multiplications that numpy does in about 12 s. TensorFlow starts in 6 s, and is 1.2 to 2 times as fast."""


class Network(Protocol):
    """A GMAN with its weights, embedding and groups, for normalised readings."""

    @property
    def windows_at_once(self) -> int:
        """How many windows to forecast in one call, so that memory stays bounded."""

    def __call__(self, readings: np.ndarray, day: np.ndarray, time: np.ndarray, usual: np.ndarray | None) -> np.ndarray:
        """Normalised forecasts (B, Q, N), float32.

        Args:
            readings: (B, P, N), normalised and filled.
            day: (B, P+Q), day of the week of every step.
            time: (B, P+Q), time of day of every step.
            usual: (B, 1+Q, N), normalised usual readings at the last input step and at the targets; for shortcuts.
        """


def network_shape(model: SavedModel) -> ModelShape:
    """The sizes of `model`, after a look at its weights.

    Raises:
        DataError: a tensor is missing or has another shape, or the model has several input channels.
    """
    config = model.config
    if config.C != 1:
        raise DataError(f"expected a model of one input channel; this one was trained with {config.C}")
    L, K, d = config.shape
    widths = {"E": model.embedding.shape[1], "T": config.T, "groups": config.groups}
    shape = ModelShape(L, K, d, P=config.P, Q=config.Q, shortcuts=config.hyperparameters.shortcuts, **widths)
    for name, expected in weight_shapes(shape).items():
        if name not in model.weights:
            raise DataError(f"expected a tensor {name} in the saved model; there is none of that name")
        if model.weights[name].shape != expected:
            raise DataError(f"expected {name} of shape {expected}; received {model.weights[name].shape}")
    return shape


def opened_network(model: SavedModel, shape: ModelShape, backend: ChosenBackend, *, traced: bool = True) -> Network:
    """The network of `model`; `traced` as in `Forecaster`. Starts TensorFlow only where it is asked for."""
    causal = model.config.hyperparameters.causal
    given = (shape, model.weights, model.embedding, model.seen)
    if backend == "numpy":
        from gman_search.forecasting.numpy_network import NumpyNetwork

        return NumpyNetwork(*given, causal=causal, partitions=model.partitions)
    from gman_search.tf_logging import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.forecasting.tensorflow_network import TensorFlowNetwork

    return TensorFlowNetwork(*given, causal=causal, partitions=model.partitions, traced=traced)


def chosen_backend(backend: Backend, work: float) -> ChosenBackend:
    """What to forecast with, by the multiplications (`ModelShape.work`) of all forecasts that are asked for.

    Raises:
        UsageError: there is no such backend.
    """
    if backend not in ("auto", "numpy", "tensorflow"):
        raise UsageError(f"expected backend auto, numpy or tensorflow; received {backend!r}")
    if backend == "auto":
        return "numpy" if work <= NUMPY_WORK else "tensorflow"
    return backend
