"""Every hand-written gradient and the attention in chunks against its plain twin, whose gradient TensorFlow derives."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.model import attention, gman, layers
from gman_search.model.attention import attention_over_sensors, attention_over_steps
from gman_search.model.chunked_attention import attention_in_chunks, slices_in_chunk
from gman_search.training.step import CompiledModel, StepValues

NEVER, ALWAYS = 10**9, 1


def slow_normalise_relu(x, gamma, beta):
    mean, variance = tf.nn.moments(x, list(range(x.shape.rank - 1)))
    epsilon = tf.constant(layers.BN_EPSILON, x.dtype)
    activated = tf.nn.relu((x - mean) / tf.sqrt(variance + epsilon) * gamma + beta)
    return activated, tf.stop_gradient(mean), tf.stop_gradient(variance)


def slow_project_normalise_relu(x, spatial, temporal, kernel, gamma, beta):
    product = tf.einsum("bpnc,cu->bpnu", x, kernel) + spatial[None, None] + temporal[:, :, None]
    return slow_normalise_relu(product, gamma, beta)


def slow_fuse(logits, over_sensors, over_steps):
    gate = tf.sigmoid(logits)
    return gate * over_sensors + (1 - gate) * over_steps


def values_and_gradients(function, arguments, weight):
    arguments = [tf.constant(argument) for argument in arguments]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        value = function(*arguments)
        loss = tf.reduce_sum(value * weight)
    return [value, *tape.gradient(loss, arguments)]


def assert_equal_up_to(fast, slow, tolerance=1e-10):
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance, rtol=tolerance)


@settings(max_examples=40)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), st.integers(1, 5), st.data())
def test_attention_over_sensors_in_chunks(batch, steps, sensors, heads, channels, data):
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    shape = (batch, steps, sensors, heads * channels)
    arguments, weight = [np.maximum(random.normal(size=shape), 0) for _ in range(3)], random.normal(size=shape)
    results = []
    for threshold in (ALWAYS, NEVER):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(attention, "CHUNKED_FROM", threshold)
            patch.setattr("gman_search.model.chunked_attention.CHUNK_ELEMENTS", data.draw(st.integers(1, 200)))
            results.append(values_and_gradients(lambda *a: attention_over_sensors(*a, heads), arguments, weight))
    assert_equal_up_to(*results)


@settings(max_examples=40)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_attention_over_steps_without_kept_weights(batch, targets, sensors, heads, channels, causal):
    random = np.random.default_rng(targets)
    sources = targets if causal else targets + 1
    query, weight = (random.normal(size=(batch, targets, sensors, heads * channels)) for _ in range(2))
    key, value = (random.normal(size=(batch, sources, sensors, heads * channels)) for _ in range(2))
    mask = tf.constant(True) if causal else None
    results = []
    for threshold in (ALWAYS, NEVER):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(attention, "CHUNKED_FROM", threshold)
            results.append(
                values_and_gradients(lambda *a: attention_over_steps(*a, heads, mask), (query, key, value), weight)
            )
    assert_equal_up_to(*results)


def test_large_logits_do_not_overflow_in_chunks():
    query = key = np.full((2, 3, 2), 40.0, np.float32)
    results = values_and_gradients(lambda *a: attention_in_chunks(*a, 1), (query, key, key), 1.0)
    assert all(np.isfinite(result).all() for result in results)


@given(st.integers(1, 300), st.integers(1, 3000))
def test_chunks_divide_the_slices_and_fit(slices, sensors):
    chunk = slices_in_chunk(slices, sensors)
    assert slices % chunk == 0
    assert chunk == 1 or chunk * sensors**2 <= 700_000


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6))
def test_projection_with_embedding_and_bn(batch, steps, sensors, width, units):
    random = np.random.default_rng(width)
    shapes = [(batch, steps, sensors, width), (sensors, units), (batch, steps, units), (width, units)]
    arguments = [random.normal(size=shape) for shape in shapes]
    arguments += [random.uniform(0.5, 1.5, units), random.normal(size=units)]
    weight = random.normal(size=(batch, steps, sensors, units))
    fast = values_and_gradients(lambda *a: layers.project_normalise_relu(*a)[0], arguments, weight)
    slow = values_and_gradients(lambda *a: slow_project_normalise_relu(*a)[0], arguments, weight)
    assert_equal_up_to(fast, slow, 1e-9)


def test_gated_fusion():
    random = np.random.default_rng(0)
    arguments = [random.normal(size=(2, 3, 4)) for _ in range(3)]
    weight = random.normal(size=(2, 3, 4))
    assert_equal_up_to(*(values_and_gradients(f, arguments, weight) for f in (gman.fuse, slow_fuse)))


@pytest.mark.parametrize("number, tolerance, shortcuts", [
    ("float64", 1e-10, False), ("float32", 1e-4, False), ("float64", 1e-10, True),
])  # fmt: skip
def test_whole_model(small_task, generic_weights, monkeypatch, number, tolerance, shortcuts):
    """Forecast error, gradient and BN statistics of one step at L = 2, by relative L2 error."""
    task, starts = small_task(), np.array([0, 5, 11])

    def one_step():
        model = CompiledModel(task, (2, 3, 2), shortcuts=shortcuts, dtype=number)
        model.state.load_weights(generic_weights(model.fresh_weights(0)))
        error, _ = model.train_step(starts, StepValues(0.0, 0.0, 0.0, 0.0, 0.9, True, 0, 0))
        return float(error), model.state.first_moment.numpy(), model.state.statistics.numpy()

    monkeypatch.setattr(attention, "CHUNKED_FROM", ALWAYS)
    fast = one_step()
    monkeypatch.setattr(attention, "CHUNKED_FROM", NEVER)
    monkeypatch.setattr(layers, "normalise_relu", slow_normalise_relu)
    monkeypatch.setattr(layers, "project_normalise_relu", slow_project_normalise_relu)
    monkeypatch.setattr(gman, "fuse", slow_fuse)
    slow = one_step()
    assert fast[0] == pytest.approx(slow[0], rel=tolerance)
    for one, other in zip(fast[1:], slow[1:], strict=True):
        assert np.linalg.norm(one - other) <= tolerance * np.linalg.norm(other)
        assert np.linalg.norm(other) > 0
