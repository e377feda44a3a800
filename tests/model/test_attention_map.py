"""The map of attention shows the weights that the model itself uses."""

import numpy as np
import tensorflow as tf

from gman_search.model import gman
from gman_search.model.attention_map import sensor_attention
from gman_search.model.gman import GMAN, StepInputs
from gman_search.model.shape import ModelShape

KNOBS = (tf.zeros([]), tf.zeros([]), tf.zeros([2], tf.int32))


def network_and_windows(sensors=5, windows=7):
    random = np.random.default_rng(0)
    network = GMAN(ModelShape(2, 2, 3, E=4, T=8, P=3, Q=5), random.normal(size=(sensors, 4)))
    for variable in network.variables:
        small = random.normal(0, 0.6, variable.shape)
        variable.assign(np.abs(small) + 0.5 if "variance" in variable.path or "gamma" in variable.path else small)
    readings = random.normal(size=(windows, 3, sensors)).astype(np.float32)
    calendar = [random.integers(0, high, (windows, 8)).astype(np.int32) for high in (7, 8)]
    return network, readings, *calendar


def test_it_is_the_mean_of_the_weights_that_the_forecast_was_made_with(monkeypatch):
    network, readings, day, time = network_and_windows()
    seen = []

    def watched(query, key, value, heads):
        q, k = (np.stack(np.split(part.numpy(), heads, axis=-1)) for part in (query, key))  # (K, B, P, N, d)
        logits = q @ k.swapaxes(-1, -2) / q.shape[-1] ** 0.5
        weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
        seen.append((weights / weights.sum(axis=-1, keepdims=True)).mean(axis=(0, 1, 2)))
        return attend(query, key, value, heads)

    attend = gman.attention_over_sensors
    for causal in (True, False):
        seen.clear()
        with monkeypatch.context() as patch:
            patch.setattr(gman, "attention_over_sensors", watched)
            network(readings, tf.constant(day), tf.constant(time), StepInputs(tf.constant(causal), *KNOBS))
        assert len(seen) == 4  # two blocks in the encoder, two in the decoder
        found = sensor_attention(network, readings, day, time, causal=causal)
        np.testing.assert_allclose(found, np.mean(seen, axis=0), rtol=1e-5)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
        assert found.std() > 0.01
