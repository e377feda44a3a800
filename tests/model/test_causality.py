"""What a causal encoder may see, and what evaluation may not depend on."""

import numpy as np
import pytest
import tensorflow as tf

from gman_search.model.gman import StepInputs
from gman_search.training.step import CompiledModel, StepValues

pytestmark = pytest.mark.usefixtures("untraced")
SHAPE = (2, 3, 2)


@pytest.fixture
def model(small_task, generic_weights) -> CompiledModel:
    made = CompiledModel(small_task(), SHAPE, dtype="float64")
    weights = generic_weights(made.fresh_weights(0))
    made.state.load_weights(weights)
    for variable in made.model.variables:
        variable.assign(weights[variable.path])
    return made


def encoded(model: CompiledModel, readings: np.ndarray, causal: bool) -> np.ndarray:
    """Output of the encoder alone: through transform attention every forecast step sees every input step."""
    net, calendar = model.model, tf.constant(np.arange(8)[None] % 7)
    spatial, temporal = net.st_embedding(net.embedding, calendar, calendar, net.seen, None)
    x = net.input_pair(tf.constant(readings)[..., None], momentum=None)
    step_inputs = StepInputs(tf.constant(causal), tf.zeros([]), tf.zeros([]), tf.zeros([2], tf.int32))
    for block in net.encoder:
        x = block(x, spatial, temporal[:, : net.shape.P], step_inputs, None)
    return x.numpy()


@pytest.mark.parametrize("changed", [1, 2])
def test_later_readings_do_not_reach_earlier_steps_of_a_causal_encoder(model, changed):
    readings = np.random.default_rng(0).normal(size=(1, 3, 5))
    later = readings.copy()
    later[:, changed:] += 1.0
    before, after = encoded(model, readings, True), encoded(model, later, True)
    np.testing.assert_array_equal(before[:, :changed], after[:, :changed])
    assert np.abs(before[:, changed:] - after[:, changed:]).max() > 1e-3
    # The control: without the mask they do reach them.
    free = encoded(model, readings, False) - encoded(model, later, False)
    assert np.abs(free[:, :changed]).max() > 1e-6


def test_a_forecast_does_not_depend_on_the_other_windows_of_its_batch(model):
    # With batch moments instead of the moving statistics it would.
    together = model.forecast(np.array([0, 9, 17]), causal=True)
    alone = model.forecast(np.array([9]), causal=True, batch_size=1)
    np.testing.assert_allclose(together[1], alone[0], rtol=1e-12)
    cut = model.forecast(np.array([0, 9, 17]), causal=True, batch_size=2)
    np.testing.assert_allclose(together, cut, rtol=1e-12)


def test_training_moves_the_statistics_towards_the_batch_and_evaluation_leaves_them(model):
    before = model.state.statistics.numpy()
    model.forecast(np.array([0, 9]), causal=True)
    np.testing.assert_array_equal(model.state.statistics.numpy(), before)
    still = StepValues(0.0, 0.0, 0.0, 0.0, 1.0, True, 0, 3)  # momentum 1 keeps everything
    model.train_step(np.array([0, 9]), still)
    np.testing.assert_allclose(model.state.statistics.numpy(), before, rtol=1e-10)
    moments = []
    for _ in range(2):
        model.train_step(np.array([0, 9]), still._replace(bn_momentum=0.0))  # momentum 0 takes the batch's own
        moments.append(model.state.statistics.numpy())
    np.testing.assert_allclose(moments[0], moments[1], rtol=1e-12)
    half = before + 0.5 * (moments[0] - before)
    model.state.statistics.assign(before)
    model.train_step(np.array([0, 9]), still._replace(bn_momentum=0.5))
    np.testing.assert_allclose(model.state.statistics.numpy(), half, rtol=1e-10)


def test_dropout_never_touches_the_forecast_itself(model):
    # The output layer's own dropout stands in front of it; behind it, zeros would stand for "the mean" in the forecast.
    net = model.model
    step_inputs = StepInputs(
        tf.constant(True), tf.constant(0.9, tf.float64), tf.constant(0.9, tf.float64), tf.constant([1, 2])
    )
    calendar = tf.constant(np.arange(8)[None] % 7)
    forecast = net(tf.constant(np.ones((1, 3, 5))), calendar, calendar, step_inputs, training=True).numpy()
    assert (forecast != 0).all()
