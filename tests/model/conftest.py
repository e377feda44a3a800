"""Small tasks, generic weights, and an independent GMAN in plain numpy."""

import math

import numpy as np
import pytest
import tensorflow as tf

from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec


@pytest.fixture
def untraced():
    """For models that take a handful of steps: tracing them would cost far more than running them."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def small_task():
    """A task of 5 sensors, 3-hour steps (T = 8), P = 3 and Q = 5, with missing readings and no Sunday in training."""

    def build(sensors: int = 5, width: int = 3, seed: int = 0):
        random = np.random.default_rng(seed)
        steps = 8 * 9
        values = random.uniform(20, 60, (steps, sensors)).astype(np.float32)
        values[random.random(values.shape) < 0.05] = 0
        times = np.datetime64("2025-03-03T00:00", "m") + np.arange(steps) * 180
        series = TrafficSeries(values, times, tuple(f"s{i}" for i in range(sensors)), 180)
        return make_task(
            DataSpec(history=3, horizon=5, train_share=0.6, test_share=0.25),
            series,
            random.normal(size=(sensors, width)),
        )

    return build


@pytest.fixture
def generic_weights():
    """Weights that hide nothing: no zeros, gammas of both sizes, BN statistics away from 0 and 1."""

    def perturbed(weights, seed: int = 1):
        random = np.random.default_rng(seed)
        result = {}
        for name, value in weights.items():
            value = value.astype(np.float64)
            if name.endswith(("gamma", "moving_variance")):
                result[name] = random.uniform(0.5, 1.5, value.shape)
            else:
                result[name] = value + 0.1 * random.normal(size=value.shape)
        return result

    return perturbed


class NumpyGman:
    """GMAN written down from its description: explicit concat and one-hot, a loop over heads; float64."""

    def __init__(self, weights, L, K, d, P, T, partitions=None):
        self.w, self.L, self.K, self.d, self.P, self.T = weights, L, K, d, P, T
        self.partitions = partitions  # by block's name: lists of sensors

    def __call__(self, X, SE, day, time, causal, seen, training, usual=None):
        self.training = training
        D = self.K * self.d
        one_hot = np.concatenate([np.eye(7)[day], np.eye(self.T)[time]], axis=-1) * seen
        ste = (
            self.pair("st_embedding/spatial", SE)[None, None] + self.pair("st_embedding/temporal", one_hot)[:, :, None]
        )
        past, future = ste[:, : self.P], ste[:, self.P :]
        h = self.pair("input", X[..., None])
        for block in range(self.L):
            h = self.block(f"encoder_{block}", h, past, causal)
        query = self.fc("transform/query", future)
        key = self.fc("transform/key", past)
        value = self.fc("transform/value", h)
        h = self.pair("transform/output", self.steps(query, key, value, False))
        coefficients = np.zeros((len(future[0]), 6))
        numbers = np.zeros((*h.shape[:3], 4))
        if usual is not None:
            coefficients = self.w["shortcuts/coefficients"]
            for q in range(h.shape[1]):
                numbers[:, q] = np.stack([X[:, -1], usual[:, 1 + q], usual[:, 0], X.mean(axis=1)], axis=-1)
            window = np.einsum("bpn,pd->bnd", X - usual[:, :1], self.w["shortcuts/window"])
            h = h + self.fc("shortcuts/projection", numbers) + window[:, None]
        for block in range(self.L):
            h = self.block(f"decoder_{block}", h, future, causal)
        assert h.shape[-1] == D
        by_step = coefficients[:, None]  # (Q, 1, 6)
        return (
            (1 + by_step[..., 5]) * self.pair("output", h)[..., 0]
            + (numbers * by_step[..., :4]).sum(-1)
            + by_step[..., 4]
        )

    def fc(self, name, x, part=None):
        kernel, vectors = self.w[f"{name}/kernel"], {}
        for vector in ("bias", "gamma", "beta", "moving_mean", "moving_variance"):
            vectors[vector] = self.w.get(f"{name}/{vector}")
        if part is not None:
            D = self.K * self.d
            columns = slice(part * D, (part + 1) * D)
            kernel = kernel[:, columns]
            vectors = {key: value[columns] for key, value in vectors.items()}
        y = x @ kernel
        if vectors["bias"] is not None:
            y = y + vectors["bias"]
        if vectors["gamma"] is None:
            return y
        axes = tuple(range(y.ndim - 1))
        mean = y.mean(axes) if self.training else vectors["moving_mean"]
        variance = y.var(axes) if self.training else vectors["moving_variance"]
        return np.maximum(vectors["gamma"] * (y - mean) / np.sqrt(variance + 1e-3) + vectors["beta"], 0)

    def pair(self, name, x):
        return self.fc(f"{name}/second", self.fc(f"{name}/first", x))

    def sensors(self, q, k, v):
        out = np.zeros_like(q)
        for head in range(self.K):
            c = slice(head * self.d, (head + 1) * self.d)
            for b in range(q.shape[0]):
                for t in range(q.shape[1]):
                    out[b, t, :, c] = softmax(q[b, t, :, c] @ k[b, t, :, c].T / math.sqrt(self.d)) @ v[b, t, :, c]
        return out

    def grouped(self, name, q, k, v):
        out, groups = np.zeros_like(q), self.partitions[name]
        local = [self.sensors(q[:, :, group], k[:, :, group], v[:, :, group]) for group in groups]
        pooled = np.stack([x.max(axis=2) for x in local], axis=2)
        shared = self.sensors(*(self.fc(f"{name}/between_groups", pooled, part) for part in range(3)))
        for number, group in enumerate(groups):
            out[:, :, group] = local[number] + shared[:, :, number, None]
        return out

    def steps(self, q, k, v, causal):
        out = np.zeros((q.shape[0], q.shape[1], q.shape[2], q.shape[3]))
        for head in range(self.K):
            c = slice(head * self.d, (head + 1) * self.d)
            for b in range(q.shape[0]):
                for n in range(q.shape[2]):
                    scores = q[b, :, n, c] @ k[b, :, n, c].T / math.sqrt(self.d)
                    if causal:
                        scores = np.where(np.tri(*scores.shape, dtype=bool), scores, -(2**15) + 1)
                    out[b, :, n, c] = softmax(scores) @ v[b, :, n, c]
        return out

    def block(self, name, x, ste, causal):
        both = np.concatenate([x, np.broadcast_to(ste, x.shape)], axis=-1)
        q_s, k_s, v_s, q_t, k_t, v_t = (self.fc(f"{name}/qkv", both, part) for part in range(6))
        mixed = self.sensors(q_s, k_s, v_s) if self.partitions is None else self.grouped(name, q_s, k_s, v_s)
        hs = self.pair(f"{name}/spatial_output", mixed)
        ht = self.pair(f"{name}/temporal_output", self.steps(q_t, k_t, v_t, causal))
        z = 1 / (1 + np.exp(-(self.fc(f"{name}/spatial_gate", hs) + self.fc(f"{name}/temporal_gate", ht))))
        return x + self.pair(f"{name}/fusion_output", z * hs + (1 - z) * ht)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.fixture
def numpy_gman():
    return NumpyGman
