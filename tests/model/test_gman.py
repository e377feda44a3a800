"""GMAN against an independent numpy version, and its particular promises. K != d throughout."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from gman_search.model.attention import attention_over_sensors, attention_over_steps
from gman_search.model.gman import GMAN, StepInputs
from gman_search.model.layers import normalise_relu
from gman_search.model.param_count import parameter_counts
from gman_search.model.shape import ModelShape
from gman_search.training.step import CompiledModel, StepValues

SHAPE = (2, 3, 2)
STARTS = np.array([0, 5, 11])


def step_values(**changes) -> StepValues:
    return StepValues(**{**dict(learning_rate=0.0, weight_decay=0.0, clip_norm=0.0, dropout=0.0, bn_momentum=0.9,
                                causal=True, step=0, seed=3), **changes})  # fmt: skip


def loaded(task, generic_weights, shape=SHAPE, shortcuts=False):
    model = CompiledModel(task, shape, shortcuts=shortcuts, dtype="float64")
    weights = generic_weights(model.fresh_weights(0))
    model.state.load_weights(weights)
    return model, weights


def oracle_forecast(task, oracle, causal, training):
    rows = STARTS[:, None] + np.arange(task.P + task.Q)
    seen = np.concatenate([task.seen_days, task.seen_times])
    usual = (task.usual_rows[rows[:, task.P - 1 :]].astype(float) - task.mean) / task.std
    normalised = oracle(
        task.inputs[rows[:, : task.P]].astype(float), task.embedding.astype(float), task.day_of_week[rows],
        task.time_of_day[rows], causal, seen, training,
        usual if "shortcuts/coefficients" in oracle.w else None,
    )  # fmt: skip
    return normalised * task.std + task.mean


@pytest.mark.parametrize("size, trainable, total", [
    ((2, 4, 4), 30_993, 32_401), ((3, 6, 6), 187_885, 192_349), ((5, 8, 8), 900_801, 913_345), ((1, 8, 8), 229_569, None),
])  # fmt: skip
def test_parameter_counts_are_the_originals(size, trainable, total):
    model = GMAN(ModelShape(*size), np.zeros((3, 64)))
    counted = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    moving = sum(int(np.prod(v.shape)) for v in model.non_trainable_variables)
    assert counted == trainable
    assert total in (None, counted + moving)
    assert parameter_counts(*size) == (counted, counted + moving)
    paths = [v.path for v in model.variables]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("causal, shortcuts", [(True, False), (False, False), (True, True)])
def test_evaluation_equals_the_numpy_model(small_task, generic_weights, numpy_gman, causal, shortcuts):
    task = small_task()
    model, weights = loaded(task, generic_weights, shortcuts=shortcuts)
    expected = oracle_forecast(task, numpy_gman(weights, *SHAPE, task.P, task.T), causal, training=False)
    np.testing.assert_allclose(model.forecast(STARTS, causal=causal), expected, atol=1e-9, rtol=1e-12)


@pytest.mark.parametrize("causal, shortcuts", [(True, False), (False, False), (True, True)])
def test_training_loss_equals_the_numpy_model(small_task, generic_weights, numpy_gman, causal, shortcuts):
    task = small_task()
    model, weights = loaded(task, generic_weights, shortcuts=shortcuts)
    forecast = oracle_forecast(task, numpy_gman(weights, *SHAPE, task.P, task.T), causal, training=True)
    rows = STARTS[:, None] + task.P + np.arange(task.Q)
    truth = task.targets[rows]
    error, count = model.train_step(STARTS, step_values(causal=causal))
    assert float(count) == (truth != 0).sum() < truth.size
    np.testing.assert_allclose(float(error), np.abs(forecast - truth)[truth != 0].sum(), rtol=1e-10)


def test_swapped_heads_would_be_seen(small_task, generic_weights, numpy_gman):
    # The control of the two tests above: cutting D into d heads of K channels is another function.
    task = small_task()
    model, weights = loaded(task, generic_weights)
    wrong = oracle_forecast(task, numpy_gman(weights, 2, 2, 3, task.P, task.T), True, training=False)
    assert np.abs(model.forecast(STARTS, causal=True) - wrong).max() > 1e-3


def test_attention_by_hand():
    # Two sensors, one head of one channel: scores are products, weights their softmax.
    q = tf.constant([[[[1.0], [0.0]]]])
    k = tf.constant([[[[np.log(3.0)], [0.0]]]], tf.float32)
    v = tf.constant([[[[4.0], [8.0]]]])
    mixed = attention_over_sensors(q, k, v, heads=1).numpy().ravel()
    np.testing.assert_allclose(mixed, [0.75 * 4 + 0.25 * 8, 6.0], rtol=1e-6)
    over_time = [tf.transpose(x, [0, 2, 1, 3]) for x in (q, k, v)]
    masked = attention_over_steps(*over_time, heads=1, causal=tf.constant(True)).numpy().ravel()
    np.testing.assert_allclose(masked, [4.0, 6.0], rtol=1e-6)


def test_a_causal_step_does_not_see_later_ones():
    random = np.random.default_rng(0)
    q, k, v = (random.normal(size=(2, 4, 3, 6)) for _ in range(3))
    later_k, later_v = k.copy(), v.copy()
    later_k[:, 2:] += 1.0
    later_v[:, 2:] += 1.0
    for causal, same in ((True, True), (False, False)):
        before = attention_over_steps(q, tf.constant(k), v, 3, tf.constant(causal)).numpy()
        after = attention_over_steps(q, tf.constant(later_k), later_v, 3, tf.constant(causal)).numpy()
        assert np.allclose(before[:, :2], after[:, :2]) is same


def test_permuting_sensors_permutes_forecasts(small_task):
    task = small_task(sensors=6)
    order = np.random.default_rng(0).permutation(6)
    shape = ModelShape(2, 3, 2, E=3, T=8, P=3, Q=5)
    readings = np.random.default_rng(1).normal(size=(2, 3, 6))
    calendar = np.zeros((2, 8), np.int32)
    none = tf.zeros([])
    step_inputs = StepInputs(tf.constant(True), none, none, tf.zeros([2], tf.int32))
    outputs = []
    for permutation in (np.arange(6), order):
        tf.keras.utils.set_random_seed(0)
        model = GMAN(shape, task.embedding[permutation], dtype="float64")
        outputs.append(model(tf.constant(readings[:, :, permutation]), calendar, calendar, step_inputs).numpy())
    np.testing.assert_allclose(outputs[0][:, :, order], outputs[1], atol=1e-12)


def test_categories_never_seen_contribute_nothing(small_task, generic_weights):
    task = small_task()
    assert not task.seen_days[6]  # the training part ends on a Saturday, the others have a Sunday
    model, weights = loaded(task, generic_weights)
    unseen = 6
    rows = np.concatenate([task.starts["val"], task.starts["test"]])
    assert (task.day_of_week[rows[:, None] + np.arange(8)] == unseen).any()
    before = model.forecast(rows, causal=True)
    changed = {name: value.copy() for name, value in weights.items()}
    changed["st_embedding/temporal/first/kernel"][unseen] += 100.0
    model.state.load_weights(changed)
    np.testing.assert_array_equal(model.forecast(rows, causal=True), before)
    changed["st_embedding/temporal/first/kernel"][5] += 100.0  # a Saturday, which training has seen
    model.state.load_weights(changed)
    assert not np.array_equal(model.forecast(rows, causal=True), before)


def test_gradient_of_normalise_relu_by_finite_differences():
    random = np.random.default_rng(0)
    x, gamma, beta = random.normal(size=(7, 3)), random.uniform(0.5, 1.5, 3), random.normal(size=3)
    weight = random.normal(size=(7, 3))

    def loss(x, gamma, beta):
        return tf.reduce_sum(normalise_relu(tf.constant(x), tf.constant(gamma), tf.constant(beta))[0] * weight)

    inputs = [tf.Variable(value) for value in (x, gamma, beta)]
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(normalise_relu(*[tf.convert_to_tensor(i) for i in inputs])[0] * weight)
    for position, gradient in enumerate(tape.gradient(value, inputs)):
        numeric = np.zeros_like(gradient.numpy())
        for index in np.ndindex(numeric.shape):
            sides = []
            for sign in (1, -1):
                moved = [x.copy(), gamma.copy(), beta.copy()]
                moved[position][index] += sign * 1e-6
                sides.append(float(loss(*moved)))
            numeric[index] = (sides[0] - sides[1]) / 2e-6
        np.testing.assert_allclose(gradient.numpy(), numeric, atol=1e-6)


def test_one_training_step_follows_the_gradient_of_the_loss(small_task, generic_weights):
    # First Adam step: every parameter moves by the rate against the sign of its gradient. Finite differences give the sign.
    task = small_task()
    model, weights = loaded(task, generic_weights)
    name = "decoder_1/qkv/kernel"
    coordinates = [(0, 0), (3, 7), (8, 20), (11, 35)]

    def loss(changed):
        model.state.load_weights(changed)
        error, count = model.train_step(STARTS, step_values())
        return float(error) / float(count)

    slopes = []
    for index in coordinates:
        sides = []
        for sign in (1, -1):
            changed = {**weights, name: weights[name].copy()}
            changed[name][index] += sign * 1e-6
            sides.append(loss(changed))
        slopes.append((sides[0] - sides[1]) / 2e-6)
    model.state.load_weights(weights)
    model.train_step(STARTS, step_values(learning_rate=1e-3))
    moved = model.state.weights()[name] - weights[name]
    for index, slope in zip(coordinates, slopes, strict=True):
        assert abs(slope) > 1e-7
        assert moved[index] == pytest.approx(-1e-3 * np.sign(slope), rel=1e-2)


def test_one_trace_serves_all_batch_sizes_and_hyperparameters(small_task, generic_weights):
    model, _ = loaded(small_task(), generic_weights)
    model.train_step(STARTS, step_values())
    model.train_step(STARTS[:2], step_values(causal=False, dropout=0.3, learning_rate=0.1, clip_norm=1.0, step=5))
    assert model._step.experimental_get_tracing_count() == 1


def test_dropout_is_repeatable_and_only_in_training(small_task, generic_weights):
    model, weights = loaded(small_task(), generic_weights)
    losses = []
    for seed in (1, 1, 2):
        model.state.load_weights(weights)
        losses.append(float(model.train_step(STARTS, step_values(dropout=0.5, seed=seed))[0]))
    assert losses[0] == losses[1] != losses[2]


def test_clipping_and_weight_decay_act(small_task, generic_weights):
    model, weights = loaded(small_task(), generic_weights)
    moves = {}
    for label, changes in {"plain": {}, "decayed": {"weight_decay": 0.1}}.items():
        model.state.load_weights(weights)
        model.train_step(STARTS, step_values(learning_rate=1e-2, **changes))
        moves[label] = model.state.weights()
    kernel, bias = "encoder_0/qkv/kernel", "encoder_0/qkv/beta"
    np.testing.assert_allclose(moves["plain"][kernel] - moves["decayed"][kernel], 1e-3 * weights[kernel], rtol=1e-9)
    np.testing.assert_array_equal(moves["plain"][bias], moves["decayed"][bias])
    model.state.load_weights(weights)
    model.train_step(STARTS, step_values(clip_norm=1e-3))
    clipped = np.linalg.norm(model.state.first_moment.numpy()) / 0.1  # the first moment is 0.1 of the gradient
    assert clipped == pytest.approx(1e-3, rel=1e-6)


def test_several_input_channels(small_task, generic_weights):
    # The second channel is noise times its weights: without them it must not count, with them it must.
    task = small_task()
    noise = np.random.default_rng(5).normal(size=task.inputs.shape)
    both = dataclasses.replace(task, inputs=np.stack([task.inputs, noise], axis=-1).astype(np.float32))
    single, weights = loaded(task, generic_weights)
    double = CompiledModel(both, SHAPE, dtype="float64")
    kernel = "input/first/kernel"
    assert double.fresh_weights(0)[kernel].shape == (2, 6)
    double.state.load_weights({**weights, kernel: np.vstack([weights[kernel], np.zeros((1, 6))])})
    expected = single.forecast(STARTS, causal=True)
    np.testing.assert_allclose(double.forecast(STARTS, causal=True), expected, rtol=1e-12)
    double.state.load_weights({**weights, kernel: np.vstack([weights[kernel], np.ones((1, 6))])})
    assert not np.allclose(double.forecast(STARTS, causal=True), expected)
    double.train_step(STARTS, step_values(learning_rate=1e-3))
    assert np.abs(double.state.weights()[kernel][1] - 1).min() > 1e-4
    trained = sum(int(np.prod(variable.shape)) for variable in double.model.trainable_variables)
    assert trained == parameter_counts(*SHAPE, E=3, T=8, C=2)[0]
