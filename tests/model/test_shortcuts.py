"""Shortcuts past the network: what they add, what they leave as it was, and that they teach what is easy."""

import dataclasses

import numpy as np
import pytest

from gman_search.data.series import TrafficSeries
from gman_search.data.task import make_task
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError
from gman_search.metrics import masked_scores
from gman_search.model.gman import GMAN
from gman_search.model.mup import rate_factors
from gman_search.model.original import from_original, to_original
from gman_search.model.param_count import parameter_counts
from gman_search.model.shape import ModelShape
from gman_search.training.step import CompiledModel, StepValues, model_shape

SHAPE = (2, 3, 2)
STARTS = np.array([0, 5, 11])
NAMES = ["shortcuts/projection/kernel", "shortcuts/projection/bias", "shortcuts/coefficients", "shortcuts/window"]


def step_values(rate=0.0, decay=0.0, step=0):
    return StepValues(rate, decay, 0.0, 0.0, 0.9, True, step, 3)


@pytest.mark.parametrize("size, trainable, total", [
    ((2, 4, 4), 31_337, 32_745), ((3, 6, 6), 188_569, 193_033), ((5, 8, 8), 901_961, 914_505),
])  # fmt: skip
def test_counts(size, trainable, total):
    model = GMAN(ModelShape(*size, shortcuts=True), np.zeros((3, 64)))
    counted = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert (trainable, total) == parameter_counts(*size, shortcuts=True)
    assert counted == trainable
    other = GMAN(ModelShape(*size, P=5, Q=3, C=2, shortcuts=True), np.zeros((3, 64)))
    counted = sum(int(np.prod(v.shape)) for v in other.trainable_variables)
    assert counted == parameter_counts(*size, shortcuts=True, P=5, Q=3, C=2)[0]


def test_all_other_weights_keep_their_names_and_their_initial_values(small_task):
    plain, ours = CompiledModel(small_task(), SHAPE), CompiledModel(small_task(), SHAPE, shortcuts=True)
    names = [v.path for v in ours.model.trainable_variables]
    assert names[:-4] == [v.path for v in plain.model.trainable_variables] and set(names[-4:]) == set(NAMES)
    before, after = plain.fresh_weights(4), ours.fresh_weights(4)
    assert set(after) - set(before) == set(NAMES)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)


def test_initial_values(small_task):
    fresh = CompiledModel(small_task(), (1, 8, 8), shortcuts=True).fresh_weights(0)
    kernel, bias, coefficients, window = (fresh[name] for name in NAMES)
    assert kernel.shape == (4, 64) and bias.shape == (64,) and coefficients.shape == (5, 6)
    limit = (6 / (4 + 64)) ** 0.5  # glorot: four numbers in, D channels out
    assert 0.9 * limit < np.abs(kernel).max() <= limit
    assert not bias.any() and not coefficients.any() and not window.any()


def test_without_weights_they_add_nothing(small_task, generic_weights):
    plain, ours = (CompiledModel(small_task(), SHAPE, shortcuts=s, dtype="float64") for s in (False, True))
    weights = generic_weights(plain.fresh_weights(0))
    plain.state.load_weights(weights)
    ours.state.load_weights({**weights, **{name: ours.fresh_weights(0)[name] * 0 for name in NAMES}})
    np.testing.assert_array_equal(plain.forecast(STARTS, causal=True), ours.forecast(STARTS, causal=True))


def test_the_coefficients_are_of_last_reading_usual_then_usual_now_and_mean(small_task):
    task = small_task()
    model = CompiledModel(task, SHAPE, shortcuts=True, dtype="float64")
    neutral = {
        name: value * (0 if name.startswith(("output/second", "shortcuts")) else 1)
        for name, value in model.fresh_weights(0).items()
    }
    inputs = task.inputs[STARTS[:, None] + np.arange(task.P)] * task.std + task.mean
    usual = task.usual_rows[STARTS[:, None] + np.arange(task.P + task.Q)]
    expected = [inputs[:, -1], usual[:, task.P + 2], usual[:, task.P - 1], inputs.mean(axis=1)]
    for number, wanted in enumerate(expected):
        coefficients = np.zeros((task.Q, 6))
        coefficients[2, number] = 1.0
        model.state.load_weights({**neutral, NAMES[2]: coefficients})
        forecast = model.forecast(STARTS, causal=True)
        np.testing.assert_allclose(forecast[:, 2], wanted, rtol=1e-5)
        np.testing.assert_allclose(forecast[:, [0, 1, 3, 4]], task.mean, rtol=1e-6)


def test_the_window_leads_every_input_less_the_usual_value_now_to_the_decoder(small_task):
    task = small_task()
    shortcuts = CompiledModel(task, SHAPE, shortcuts=True, dtype="float64").model.shortcuts
    inputs = task.inputs[STARTS[:, None] + np.arange(task.P)].astype(np.float64)  # (B, P, N)
    usual = np.random.default_rng(0).normal(size=(len(STARTS), 1 + task.Q, inputs.shape[2]))
    deviations = shortcuts.deviations(inputs, usual)
    np.testing.assert_allclose(deviations[:, 0], (inputs - usual[:, :1]).transpose(0, 2, 1))
    window = np.arange(task.P * 6.0).reshape(task.P, 6)
    shortcuts.window.assign(window)
    numbers = shortcuts(inputs, usual)
    added = shortcuts.to_decoder(numbers, deviations) - shortcuts.projection(numbers)  # (B, Q, N, D)
    wanted = np.einsum("bpn,pd->bnd", inputs - usual[:, :1], window)
    np.testing.assert_allclose(added, np.broadcast_to(wanted[:, None], added.shape), rtol=1e-6, atol=1e-9)


def test_of_several_channels_the_first_is_used(small_task, generic_weights):
    task = small_task()
    noise = np.random.default_rng(5).normal(size=task.inputs.shape)
    both = dataclasses.replace(task, inputs=np.stack([task.inputs, noise], axis=-1).astype(np.float32))
    single = CompiledModel(task, SHAPE, shortcuts=True, dtype="float64")
    double = CompiledModel(both, SHAPE, shortcuts=True, dtype="float64")
    weights = generic_weights(single.fresh_weights(0))
    single.state.load_weights(weights)
    kernel = "input/first/kernel"
    double.state.load_weights({**weights, kernel: np.vstack([weights[kernel], np.zeros((1, 6))])})
    expected = single.forecast(STARTS, causal=True)
    np.testing.assert_allclose(double.forecast(STARTS, causal=True), expected, rtol=1e-12)
    assert np.isfinite(float(double.train_step(STARTS, step_values(1e-3))[0]))


def test_weight_decay_and_rates_by_width(small_task, generic_weights):
    model = CompiledModel(small_task(), SHAPE, shortcuts=True, dtype="float64")
    weights = generic_weights(model.fresh_weights(0))
    moved = []
    for decay in (0.0, 0.1):
        model.state.load_weights(weights)
        model.train_step(STARTS, step_values(1e-2, decay))
        moved.append(model.state.weights())
    np.testing.assert_allclose(moved[0][NAMES[0]] - moved[1][NAMES[0]], 1e-3 * weights[NAMES[0]], rtol=1e-9)
    for name in NAMES[1:]:
        np.testing.assert_array_equal(moved[0][name], moved[1][name])
    # They read four numbers, whatever the width: their rate stays.
    np.testing.assert_array_equal(rate_factors(NAMES, [1] * len(NAMES), width=64, base_width=16), 1)


def test_usual_values_are_asked_for(small_task):
    task = small_task()
    model = GMAN(model_shape(task, SHAPE, shortcuts=True), task.embedding)
    with pytest.raises(ValueError, match="usual"):
        model(np.zeros((1, 3, 5), np.float32), np.zeros((1, 8), np.int32), np.zeros((1, 8), np.int32), None)


def test_weights_of_the_original_go_into_a_model_with_shortcuts(small_task, generic_weights):
    plain, ours = (CompiledModel(small_task(), SHAPE, shortcuts=s) for s in (False, True))
    weights = generic_weights(plain.fresh_weights(0))
    plain.state.load_weights(weights)
    variables = to_original(weights, 2)
    ours.state.load_weights(from_original(variables, *SHAPE, E=3, T=8, shortcuts=True, P=3, Q=5))
    np.testing.assert_array_equal(plain.forecast(STARTS, causal=True), ours.forecast(STARTS, causal=True))
    with pytest.raises(DataError, match="without shortcuts"):
        to_original(ours.state.weights(), 2)


def easy_task():
    """Readings every quarter of an hour whose deviation from the usual value is 0.9 of the last one and noise."""
    random = np.random.default_rng(0)
    sensors, T, days = 6, 96, 14
    phase, steps = random.uniform(0, 2 * np.pi, sensors), np.arange(T * days)
    usual = 50 + 20 * np.sin(2 * np.pi * steps[:, None] / T + phase)
    deviation, values = np.zeros(sensors), []
    for row in usual:
        deviation = 0.9 * deviation + random.normal(0, 1.5, sensors)
        values.append(row + deviation)
    times = np.datetime64("2025-03-03T00:00", "m") + steps * 15
    series = TrafficSeries(np.float32(values), times, tuple("abcdef"), 15)
    return make_task(DataSpec(history=4, horizon=3), series, random.normal(size=(sensors, 4)))


def test_what_is_easy_is_learned_in_few_steps():
    task = easy_task()
    rows = task.starts["val"][:, None] + task.P + np.arange(task.Q)
    errors = {}
    for shortcuts in (True, False):
        model = CompiledModel(task, (1, 2, 3), shortcuts=shortcuts)
        model.state.load_weights(model.fresh_weights(0))
        random = np.random.default_rng(0)
        for step in range(150):
            model.train_step(random.choice(task.starts["train"], 16), step_values(0.01, step=step))
        forecast = model.forecast(task.starts["val"], causal=True)
        errors[shortcuts] = masked_scores(task.targets[rows], forecast).mae
    assert errors[True] < 0.85 * errors[False], errors
