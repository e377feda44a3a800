"""Training in half precision: close to float32, with a loss scale that scales and backs off."""

import numpy as np
import pytest

from gman_search.training.step import CompiledModel, StepValues

STARTS = np.array([0, 5, 11, 12])


def values(rate=0.0, step=0):
    return StepValues(rate, 0.0, 0.0, 0.0, 0.9, True, step, 0)


@pytest.fixture
def model(small_task, request):
    def build(precision):
        built = CompiledModel(small_task(), (2, 3, 2), shortcuts=True, precision=precision)
        built.state.load_weights(built.fresh_weights(0))
        return built

    if "learns" not in request.node.name:
        request.getfixturevalue("untraced")
    return build


@pytest.mark.parametrize("precision, tolerance", [("float16", 0.08), ("bfloat16", 0.6)])
def test_gradient_and_statistics_are_close_to_float32(model, precision, tolerance):
    exact, low = model("float32"), model(precision)
    low.state.loss_scale.assign([2.0**6, 0.0])  # the first scale overflows here, and the step would be skipped
    for one in (exact, low):
        one.train_step(STARTS, values())
    for vector in ("first_moment", "statistics"):
        expected = getattr(exact.state, vector).numpy()
        difference = np.linalg.norm(getattr(low.state, vector).numpy() - expected) / np.linalg.norm(expected)
        assert 0 < difference < tolerance, vector
    assert low.state.parameters.dtype == "float32"


def test_forecasts_are_made_in_full_precision(model):
    np.testing.assert_array_equal(
        model("float16").forecast(STARTS, causal=True), model("float32").forecast(STARTS, causal=True)
    )


def test_the_loss_scale_does_not_scale_the_gradient_that_adam_sees(model):
    low, moments = model("float16"), []
    for scale in (1.0, 2.0**6):
        low.state.load_weights(low.fresh_weights(0))
        low.state.loss_scale.assign([scale, 0.0])
        low.train_step(STARTS, values())
        moments.append(low.state.first_moment.numpy())
    assert np.linalg.norm(moments[0] - moments[1]) < 0.02 * np.linalg.norm(moments[1])


def test_small_gradients_vanish_without_the_scale(model):
    # What the scale is for: below 6e-8 float16 holds nothing but zero.
    exact, low, errors = model("float32"), model("float16"), []
    exact.train_step(STARTS, values())
    expected = exact.state.first_moment.numpy()
    for scale in (2.0**-26, 2.0**6):
        low.state.load_weights(low.fresh_weights(0))
        low.state.loss_scale.assign([scale, 0.0])
        low.train_step(STARTS, values())
        errors.append(np.linalg.norm(low.state.first_moment.numpy() - expected) / np.linalg.norm(expected))
    assert errors[0] > 0.3 > 0.08 > errors[1]


def test_an_overflow_skips_the_step_and_halves_the_scale(model):
    low = model("float16")
    low.state.loss_scale.assign([2.0**40, 7.0])
    before = low.state.weights()
    low.train_step(STARTS, values(rate=0.01))
    for name, weight in low.state.weights().items():
        np.testing.assert_array_equal(weight, before[name])
    np.testing.assert_array_equal(low.state.loss_scale.numpy(), [2.0**39, 0.0])


def test_the_scale_grows_after_many_steps_without_overflow(model):
    low = model("float16")
    low.state.loss_scale.assign([4.0, 1999.0])
    low.train_step(STARTS, values(rate=0.01))
    np.testing.assert_array_equal(low.state.loss_scale.numpy(), [8.0, 0.0])
    low.train_step(STARTS, values(rate=0.01, step=1))
    np.testing.assert_array_equal(low.state.loss_scale.numpy(), [8.0, 1.0])


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_training_in_half_precision_learns(model, precision):
    low = model(precision)
    errors = [float(low.train_step(STARTS, values(rate=0.01, step=step))[0]) for step in range(30)]
    errors = [error for error in errors if error]  # the first steps may overflow and be skipped
    assert len(errors) > 20 and np.isfinite(errors).all()
    assert np.mean(errors[-5:]) < 0.7 * np.mean(errors[:3])


def test_a_skipped_step_counts_nowhere(model):
    low = model("float16")
    low.state.loss_scale.assign([2.0**40, 0.0])
    assert [float(x) for x in low.train_step(STARTS, values(rate=0.01))] == [0.0, 0.0]
    low.state.loss_scale.assign([2.0**6, 0.0])
    assert float(low.train_step(STARTS, values(rate=0.01))[1]) > 0
