"""GMAN's forward pass in plain numpy: a forecast from a fresh process need not wait for TensorFlow (pure).

What `model.gman` computes in evaluation, written again for the weights of a saved model; equations are those of the
paper (Zheng et al., AAAI 2020). BN is an affine map here, its moving statistics are constants; so it is folded into the
kernel and the bias of its projection. All arrays are float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gman_search.forecasting.numpy_attention import attention, attention_in_groups
from gman_search.model.shape import BN_EPSILON, DAYS, ModelShape, weight_shapes
from gman_search.model.shortcut_weights import COEFFICIENTS_NAME, NUMBERS, SHORTCUTS, WINDOW_NAME

__all__ = ["NumpyNetwork"]

Array = NDArray[np.float32]
Places = NDArray[np.integer]

ELEMENTS_AT_ONCE = 2**20
"""Of the widest tensor, the queries, keys and values of one block: more no longer fit the processor's cache."""


@dataclass(frozen=True)
class Projection:
    """`x kernel + bias`, and ReLU if `activated`."""

    kernel: Array
    bias: Array
    activated: bool

    def __call__(self, x: Array) -> Array:
        """(..., C) to (..., units)."""
        return self.bias_bn_relu(product(x, self.kernel))

    def bias_bn_relu(self, result: Array) -> Array:
        """Bias and ReLU, in place, on a product (..., units) of `kernel`."""
        result += self.bias
        return np.maximum(result, 0, out=result) if self.activated else result


class NumpyNetwork:
    """A GMAN that forecasts; see `Network`.

    Args:
        shape: its sizes.
        weights: all tensors of `weight_shapes(shape)`, by name.
        embedding: (N, E).
        seen: (7 + T,), days of the week and times of day that training saw; others contribute nothing.
        causal: whether a step sees only itself and earlier ones.
        partitions: (2 L, G, M), the groups of each block by stream, N for an empty place; with group attention.
    """

    def __init__(
        self,
        shape: ModelShape,
        weights: Mapping[str, NDArray[np.floating]],
        embedding: NDArray[np.floating],
        seen: NDArray[np.generic],
        *,
        causal: bool,
        partitions: Places | None = None,
    ) -> None:
        self.shape, self._causal, self._partitions = shape, causal, partitions
        self._layers = _layers(shape, weights)
        rows = self._layers["st_embedding/temporal/first"]
        self._calendar = rows.kernel * np.asarray(seen, np.float32)[:, np.newaxis]
        self._spatial = self._pair("st_embedding/spatial", np.asarray(embedding, np.float32))  # (N, D)
        self._coefficients = np.asarray(weights[COEFFICIENTS_NAME], np.float32) if shape.shortcuts else None
        window = weights[WINDOW_NAME] if shape.shortcuts else np.zeros((shape.P, shape.D))
        self._window = np.asarray(window, np.float32)

    @property
    def windows_at_once(self) -> int:
        """How many windows keep the widest tensor small; one may be more than that."""
        widest = max(self.shape.P, self.shape.Q) * len(self._spatial) * 6 * self.shape.D
        return max(1, ELEMENTS_AT_ONCE // widest)

    def __call__(self, readings: Array, day: Places, time: Places, usual: Array | None = None) -> Array:
        """Normalised forecasts (B, Q, N); arguments as in `Network`."""
        # Absurd readings overflow; the caller sees it in the forecast.
        with np.errstate(over="ignore", invalid="ignore"):
            return self._forecast(np.asarray(readings, np.float32), day, time, usual)

    def _forecast(self, readings: Array, day: Places, time: Places, usual: Array | None) -> Array:
        shape, layers = self.shape, self._layers
        temporal = self._temporal(day, time)
        past, future = temporal[:, : shape.P], temporal[:, shape.P :]
        x = self._pair("input", readings[..., np.newaxis])
        for block in range(shape.L):
            x = self._block(f"encoder_{block}", 2 * block, x, past)
        x = self._transform(x, past, future)
        numbers = None
        if self._coefficients is not None:
            if usual is None:
                raise ValueError("expected the usual readings that shortcuts need; received none")
            expected = np.asarray(usual, np.float32)
            numbers = _numbers(readings, expected)
            deviations = (readings - expected[:, :1]).transpose(0, 2, 1)  # (B, N, P)
            x += layers[f"{SHORTCUTS}/projection"](numbers) + (deviations @ self._window)[:, np.newaxis]
        for block in range(shape.L):
            x = self._block(f"decoder_{block}", 2 * block + 1, x, future)
        output = self._pair("output", x)[..., 0]
        if self._coefficients is None or numbers is None:
            return output
        of_numbers, offset, gain = np.split(self._coefficients, [NUMBERS, NUMBERS + 1], axis=-1)
        added: Array = (numbers * of_numbers[:, np.newaxis]).sum(axis=-1) + offset
        return output * (1 + gain) + added

    def _temporal(self, day: Places, time: Places) -> Array:
        """TE (B, P+Q, D): one-hot times kernel is a row of the kernel."""
        first = self._layers["st_embedding/temporal/first"].bias_bn_relu(
            self._calendar[day] + self._calendar[time + DAYS]
        )
        return self._layers["st_embedding/temporal/second"](first)

    def _block(self, name: str, stream: int, x: Array, temporal: Array) -> Array:
        """ST-attention block (figure 2b) on the residual stream (B, P, N, D), with TE (B, P, D) of its steps."""
        layers, K = self._layers, self.shape.K
        q_s, k_s, v_s, q_t, k_t, v_t = np.split(self._embedded(f"{name}/qkv", x, temporal), 6, axis=-1)
        if self._partitions is None:
            mixed = attention(q_s, k_s, v_s, K)  # equations 3-5
        else:
            between = layers[f"{name}/between_groups"]
            mixed = attention_in_groups(q_s, k_s, v_s, K, self._partitions[stream], between)
        over_sensors = self._pair(f"{name}/spatial_output", mixed)
        over_steps = self._pair(f"{name}/temporal_output", _over_steps(q_t, k_t, v_t, K, causal=self._causal))
        # Equations 9-10, z HS + (1 - z) HT; the sigmoid z by tanh, which cannot overflow.
        logits = layers[f"{name}/spatial_gate"](over_sensors) + layers[f"{name}/temporal_gate"](over_steps)
        gate = 0.5 + 0.5 * np.tanh(0.5 * logits)
        fused = over_steps + gate * (over_sensors - over_steps)
        return x + self._pair(f"{name}/fusion_output", fused)

    def _transform(self, x: Array, past: Array, future: Array) -> Array:
        """Transform attention (equations 12-14): (B, P, N, D) to (B, Q, N, D), TE of the past to that of the future."""

        def embedded(name: str, temporal: Array) -> Array:
            layer = self._layers[name]
            return layer.bias_bn_relu(
                product(self._spatial, layer.kernel) + product(temporal, layer.kernel)[:, :, np.newaxis]
            )

        query, key = embedded("transform/query", future), embedded("transform/key", past)
        value = self._layers["transform/value"](x)
        return self._pair("transform/output", _over_steps(query, key, value, self.shape.K, causal=False))

    def _embedded(self, name: str, x: Array, temporal: Array) -> Array:
        """The projection of concat(x, SE + TE): x W_x + SE W_e + TE W_e; the sum of embeddings is never built."""
        layer = self._layers[name]
        from_x, from_embedding = np.split(layer.kernel, 2)
        result = product(x, from_x)
        result += product(self._spatial, from_embedding) + product(temporal, from_embedding)[:, :, np.newaxis]
        return layer.bias_bn_relu(result)

    def _pair(self, name: str, x: Array) -> Array:
        return self._layers[f"{name}/second"](self._layers[f"{name}/first"](x))


def product(x: Array, kernel: Array) -> Array:
    """Product over the last axis, as one flat GEMM."""
    return (x.reshape(-1, x.shape[-1]) @ kernel).reshape(*x.shape[:-1], kernel.shape[1])


def _over_steps(query: Array, key: Array, value: Array, heads: int, *, causal: bool) -> Array:
    """Every step of a sensor attends to the steps of the same sensor (equations 6-8); all are (B, steps, N, D)."""
    q, k, v = (x.swapaxes(1, 2) for x in (query, key, value))  # (B, N, steps, D)
    return attention(q, k, v, heads, causal=causal).swapaxes(1, 2)


def _numbers(readings: Array, usual: Array) -> Array:
    """The four numbers (B, Q, N, 4) of shortcuts, see `model.shortcuts`."""
    now, then = usual[:, :1], usual[:, 1:]
    each = (readings[:, -1:], then, now, readings.mean(axis=1, keepdims=True))
    return np.stack(np.broadcast_arrays(*each), axis=-1)


def _layers(shape: ModelShape, weights: Mapping[str, NDArray[np.floating]]) -> dict[str, Projection]:
    """Every projection by name, with BN folded in."""
    layers = {}
    for name in [name.removesuffix("/kernel") for name in weight_shapes(shape) if name.endswith("/kernel")]:
        kernel = weights[f"{name}/kernel"].astype(np.float64)
        bias = weights.get(f"{name}/bias", np.zeros(1)).astype(np.float64)
        activated = f"{name}/gamma" in weights
        if activated:
            scale = weights[f"{name}/gamma"] / np.sqrt(
                weights[f"{name}/moving_variance"].astype(np.float64) + BN_EPSILON
            )
            kernel, bias = kernel * scale, weights[f"{name}/beta"] + (bias - weights[f"{name}/moving_mean"]) * scale
        layers[name] = Projection(kernel.astype(np.float32), bias.astype(np.float32), activated)
    return layers
