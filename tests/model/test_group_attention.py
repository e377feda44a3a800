"""Group spatial attention: the partition, its limits, a plain numpy version, and the model that uses it."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError
from gman_search.model.attention import attention_over_sensors
from gman_search.model.group_attention import (
    _group,
    _ungroup,
    attention_in_groups,
    attention_within_groups,
    random_partition,
)
from gman_search.model.growth import grow
from gman_search.model.layers import Projection
from gman_search.model.param_count import best_groups, parameter_counts
from gman_search.training.step import CompiledModel, StepValues

STARTS = np.array([0, 5, 11])


def part(sensors, groups, seed=0):
    return random_partition(sensors, groups, tf.constant([seed, 0]))


def grouped_task(small_task, groups, sensors=5):
    return dataclasses.replace(small_task(sensors=sensors), groups=groups)


def values(step=0, rate=0.0):
    return StepValues(rate, 0.0, 0.0, 0.0, 0.9, True, step, 3)


@settings(max_examples=60)
@given(st.integers(1, 60), st.data())
def test_every_sensor_has_one_place_and_groups_are_even(sensors, data):
    groups = data.draw(st.integers(1, sensors))
    members, places = (x.numpy() for x in part(sensors, groups, data.draw(st.integers(0, 99))))
    sizes = (members < sensors).sum(axis=1)
    assert sorted(members[members < sensors]) == list(range(sensors))
    assert sizes.max() - sizes.min() <= 1 and sizes.min() >= 1
    np.testing.assert_array_equal(members.reshape(-1)[places], np.arange(sensors))


def test_partitions_are_random_and_repeatable():
    assert not np.array_equal(part(50, 7, 1).members, part(50, 7, 2).members)
    np.testing.assert_array_equal(part(50, 7, 1).members, part(50, 7, 1).members)


def test_grouping_is_undone_and_has_the_gradient_of_a_permutation():
    x, partition = tf.constant(np.random.default_rng(0).normal(size=(2, 3, 7, 4))), part(7, 3)
    weight = np.random.default_rng(1).normal(size=(2, 3, 9, 4))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        grouped = _group(x, partition)
        plain = tf.gather(tf.pad(x, [[0, 0], [0, 0], [0, 1], [0, 0]]), tf.reshape(partition.members, [-1]), axis=2)
        losses = [tf.reduce_sum(y * weight) for y in (grouped, plain)]
        back = _ungroup(tf.reshape(grouped, [2, 3, 3, 3, 4]), partition)
        again = tf.reduce_sum(back * weight[:, :, :7])
    np.testing.assert_array_equal(back, x)
    np.testing.assert_allclose(*(tape.gradient(loss, x) for loss in losses), atol=1e-12)
    np.testing.assert_allclose(tape.gradient(again, x), weight[:, :, :7], atol=1e-12)


@pytest.mark.parametrize("sensors", [6, 160])  # plain, and in chunks
def test_one_group_is_full_attention(sensors):
    random = np.random.default_rng(0)
    q, k, v = (tf.constant(random.normal(size=(2, 3, sensors, 6))) for _ in range(3))
    partition = part(sensors, 1)
    within = _ungroup(attention_within_groups(q, k, v, 3, partition), partition)
    np.testing.assert_allclose(within, attention_over_sensors(q, k, v, 3), atol=1e-12)


@pytest.mark.parametrize("chunked_from", [150, 1])
def test_equals_a_plain_numpy_version(monkeypatch, chunked_from):
    monkeypatch.setattr("gman_search.model.attention.CHUNKED_FROM", chunked_from)
    sensors, groups, heads, width = 7, 3, 3, 6  # groups of 3, 2 and 2; K != d
    random = np.random.default_rng(0)
    q, k, v = (random.normal(size=(2, 1, sensors, width)) for _ in range(3))
    partition = part(sensors, groups, 5)
    between = Projection(3 * width, activated=True, parts=3, dtype="float64")
    between.build(width)
    for variable in between.variables:
        variable.assign(random.uniform(0.5, 1.5, variable.shape))

    def attend(q, k, v):
        out = np.zeros_like(q)
        for c in (slice(h * 2, h * 2 + 2) for h in range(heads)):
            e = np.exp(q[:, c] @ k[:, c].T / np.sqrt(2))
            out[:, c] = e / e.sum(1, keepdims=True) @ v[:, c]
        return out

    expected = np.zeros_like(q)
    for b in range(2):
        rows = [[n for n in group if n < sensors] for group in partition.members.numpy()]
        local = [attend(q[b, 0, r], k[b, 0, r], v[b, 0, r]) for r in rows]
        pooled = np.stack([x.max(axis=0) for x in local])
        y = pooled @ between.kernel.numpy() + between.bias.numpy() - between.moving_mean.numpy()
        y = between.gamma.numpy() * y / np.sqrt(between.moving_variance.numpy() + 1e-3) + between.beta.numpy()
        shared = attend(*np.split(np.maximum(y, 0), 3, axis=1))
        for group, own, common in zip(rows, local, shared, strict=True):
            expected[b, 0, group] = own + common
    received = attention_in_groups(*(tf.constant(x) for x in (q, k, v)), heads, partition, between, None)
    np.testing.assert_allclose(received, expected, atol=1e-9)


def test_uneven_groups_have_the_same_gradients_in_chunks(monkeypatch):
    random = np.random.default_rng(0)
    inputs = [tf.constant(random.normal(size=(2, 3, 7, 6))) for _ in range(3)]
    upstream, found = random.normal(size=(2, 3, 7, 6)), []
    for chunked_from in (150, 1):
        monkeypatch.setattr("gman_search.model.attention.CHUNKED_FROM", chunked_from)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            within = attention_within_groups(*inputs, 3, part(7, 3))
            loss = tf.reduce_sum(_ungroup(within, part(7, 3)) * upstream)
        found.append(tape.gradient(loss, inputs))
    for plain, chunked in zip(*found, strict=True):
        assert np.abs(plain).max() > 0.01
        np.testing.assert_allclose(chunked, plain, atol=1e-12)


def test_a_sensor_hears_its_own_group_only_within():
    q, k, v = (np.random.default_rng(i).normal(size=(1, 1, 8, 4)) for i in range(3))
    partition = part(8, 3)
    moved = v.copy()
    moved[0, 0, 2] += 10
    first, second = (
        _ungroup(attention_within_groups(*map(tf.constant, (q, k, x)), 2, partition), partition) for x in (v, moved)
    )
    changed = np.flatnonzero(np.abs(first - second).max(axis=(0, 1, 3)) > 1e-9)
    group = next(g for g in partition.members.numpy() if 2 in g)
    assert set(changed) == {n for n in group if n < 8}


@given(st.integers(20, 5000))
def test_scores_grow_as_the_paper_says(sensors):
    groups = best_groups(sensors)
    size = -(-sensors // groups)
    # (3/2) 2^(1/3) N^(4/3), and a little for whole numbers.
    assert groups * size**2 + groups**2 <= 1.45 * 1.5 * 2 ** (1 / 3) * sensors ** (4 / 3)


def test_training_parts_anew_each_step_and_forecasts_repeat(small_task):
    model = CompiledModel(grouped_task(small_task, 2), (1, 3, 2), dtype="float64")
    errors = []
    for step in (0, 0, 1):
        model.state.load_weights(model.fresh_weights(0))
        errors.append(float(model.train_step(STARTS, values(step))[0]))
    assert errors[0] == errors[1] != errors[2]
    np.testing.assert_array_equal(model.forecast(STARTS, causal=True), model.forecast(STARTS, causal=True))


def test_training_by_groups_learns(small_task):
    model = CompiledModel(grouped_task(small_task, 2), (1, 3, 2))
    model.state.load_weights(model.fresh_weights(0))
    errors = [float(model.train_step(STARTS, values(step, 0.01))[0]) for step in range(40)]
    assert np.mean(errors[-5:]) < 0.7 * np.mean(errors[:3])


def test_parameters_are_counted(small_task):
    model = CompiledModel(grouped_task(small_task, 2), (2, 3, 2)).model
    counted = [sum(int(np.prod(v.shape)) for v in some) for some in (model.trainable_variables, model.variables)]
    assert parameter_counts(2, 3, 2, E=3, T=8, grouped=True) == tuple(counted)


@pytest.mark.usefixtures("untraced")
def test_growth_keeps_the_function_by_groups(small_task, generic_weights):
    task, old, new = grouped_task(small_task, 2), (1, 3, 2), (2, 4, 3)
    small, big = CompiledModel(task, old, dtype="float64"), CompiledModel(task, new, dtype="float64")
    weights = generic_weights(small.fresh_weights(0))
    small.state.load_weights(weights)
    big.state.load_weights(grow(weights, generic_weights(big.fresh_weights(1), seed=2), old, new).weights)
    np.testing.assert_allclose(big.forecast(STARTS, causal=True), small.forecast(STARTS, causal=True), rtol=1e-10)
    losses = [float(model.train_step(STARTS, values())[0]) for model in (small, big)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-10)


def test_groups_of_the_specification(small_task):
    task = small_task(sensors=40)
    made = [
        make_task(
            DataSpec(history=3, horizon=5, train_share=0.6, test_share=0.25, spatial_groups=groups),
            task.series,
            task.embedding,
        )
        for groups in (0, 3, "auto")
    ]
    assert [one.groups for one in made] == [0, 3, best_groups(40)]
    assert len({one.fingerprint for one in made}) == 3
    with pytest.raises(DataError, match="at most as many groups as sensors, 40; received groups = 41"):
        make_task(DataSpec(history=3, horizon=5, spatial_groups=41), task.series, task.embedding)
