"""Steps in less memory: blocks computed again give the same step, parts of a batch its gradient but for BN."""

import dataclasses

import numpy as np
import pytest

from gman_search.config import Hyperparameters
from gman_search.data.step_plan import StepPlan, StepSizes, plan_step, step_gb
from gman_search.training import loop
from gman_search.training.loop import GmanTrainer
from gman_search.training.step import CompiledModel, StepValues

STARTS = np.array([0, 5, 11, 12, 17])
SHAPE = (2, 3, 2)
FULL = StepSizes(5, 8, 8, batch_size=8, sensors=1000, history=12, horizon=12, groups=79)


SETTINGS = Hyperparameters(
    L=1, K=2, d=3, learning_rate=0.01, decay_epoch=2, decay_rate=0.7, batch_size=16, dropout=0.1, weight_decay=0.0,
    clip_norm=0.0, causal=True, bn_momentum=0.99, max_epochs=4, windows_per_epoch=100, patience=10, warmup_steps=5,
)  # fmt: skip


def values(step=0, rate=0.01, dropout=0.3):
    return StepValues(rate, 1e-3, 5.0, dropout, 0.9, True, step, 3)


def trained(task, *, steps=3, windows_at_once=None, dropout=0.3, **options):
    """Errors of some steps, and parameters, moments and BN statistics after them."""
    model = CompiledModel(task, SHAPE, shortcuts=True, **options)
    model.state.load_weights(model.fresh_weights(0))
    model.windows_at_once = windows_at_once
    told = [[float(x) for x in model.train_step(STARTS, values(step, dropout=dropout))] for step in range(steps)]
    state = model.state
    return [np.array(told), *(x.numpy() for x in (state.parameters, state.first_moment, state.statistics))]


def assert_close(found, expected, tolerance):
    for one, other in zip(found, expected, strict=True):
        assert np.linalg.norm(one - other) <= tolerance * np.linalg.norm(other)
        assert np.linalg.norm(other) > 0


@pytest.mark.parametrize("groups", [0, 2])
def test_blocks_computed_again_give_the_same_steps(small_task, groups):
    """With K != d, dropout, random groups, clipping and decay; values, gradients and BN statistics of three steps."""
    task = dataclasses.replace(small_task(), groups=groups)
    whole, again = (trained(task, dtype="float64", recompute=on) for on in (False, True))
    np.testing.assert_array_equal(again[0][0], whole[0][0])  # before the first update nothing is rounded otherwise
    assert_close(again, whole, 1e-9)


def test_blocks_computed_again_in_float16(small_task):
    whole, again = (trained(small_task(), precision="float16", steps=8, recompute=on) for on in (False, True))
    assert np.isfinite(again[1]).all()
    assert_close(again[:1], whole[:1], 0.05)


@pytest.fixture
def without_bn(monkeypatch):
    """BN by fixed moments, which do not depend on the batch: parts of it then add up exactly."""
    import tensorflow as tf

    from gman_search.model import layers

    def normalise(flat, gamma, beta):
        return tf.nn.relu(flat * gamma + beta), tf.zeros_like(gamma), tf.ones_like(gamma)

    def fixed(x, gamma, beta):
        return normalise(x, gamma, beta)

    def fixed_projection(x, spatial, temporal, kernel, gamma, beta):
        return normalise(layers.project(x, kernel) + spatial + temporal[:, :, None], gamma, beta)

    monkeypatch.setattr(layers, "normalise_relu", fixed)
    monkeypatch.setattr(layers, "project_normalise_relu", fixed_projection)


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("at_once", [4, 2, 1])
def test_parts_of_a_batch_add_up_to_its_gradient(small_task, without_bn, at_once, recompute):
    whole = trained(small_task(), dtype="float64", dropout=0.0)
    parts = trained(small_task(), dtype="float64", dropout=0.0, windows_at_once=at_once, recompute=recompute)
    assert_close(parts, whole, 1e-9)


def test_parts_have_bn_moments_and_dropout_of_their_own(small_task):
    whole, parts = (trained(small_task(), dtype="float64", windows_at_once=n, dropout=0.0) for n in (None, 2))
    assert whole[0][0, 1] == parts[0][0, 1]  # the same observed targets
    assert 1e-4 < np.linalg.norm(parts[1] - whole[1]) / np.linalg.norm(whole[1]) < 0.5
    same = trained(small_task(), dtype="float64", windows_at_once=2, dropout=0.3)
    assert not np.allclose(same[1], parts[1])
    np.testing.assert_array_equal(same[1], trained(small_task(), dtype="float64", windows_at_once=2, dropout=0.3)[1])


def test_a_batch_that_fits_is_not_parted(small_task):
    """Bit by bit what it was, whatever the limit: that it may be larger than the batch changes nothing."""
    whole, limited = (trained(small_task(), windows_at_once=n) for n in (None, len(STARTS)))
    for one, other in zip(whole, limited, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_step_that_overflows_in_parts_counts_nowhere(small_task):
    model = CompiledModel(small_task(), SHAPE, precision="float16")
    model.state.load_weights(model.fresh_weights(0))
    model.state.loss_scale.assign([2.0**40, 0.0])
    model.windows_at_once = 2
    before = model.state.parameters.numpy()
    assert [float(x) for x in model.train_step(STARTS, values())] == [0.0, 0.0]
    np.testing.assert_array_equal(model.state.parameters.numpy(), before)
    model.state.loss_scale.assign([2.0**4, 0.0])
    assert float(model.train_step(STARTS, values())[1]) > 0  # and what overflowed is not added to the next step


def test_the_plan_is_the_fastest_that_fits():
    whole = step_gb(FULL)
    assert whole > 8
    assert plan_step(FULL, None) == plan_step(FULL, whole) == StepPlan(False, 8, whole, whole)
    again = plan_step(FULL, 8.0)
    assert again.recompute and again.windows_at_once == 8 and again.gb == step_gb(FULL, recompute=True) < 8
    tight = plan_step(FULL, 1.5)
    assert tight.recompute and tight.windows_at_once < 8 and tight.gb <= 1.5 and tight.whole_gb == whole
    assert plan_step(FULL, 0.1).windows_at_once == 1


def test_a_trainer_takes_the_steps_that_fit_its_memory(small_task, monkeypatch):
    asked = []

    def planned(sizes, room_gb):
        asked.append((sizes.batch_size, sizes.K, sizes.sensors, room_gb))
        return StepPlan(room_gb is not None, 16 if room_gb is None else 4, 1.0, 2.0)

    monkeypatch.setattr(loop, "plan_step", planned)
    for room in (None, 1.5):
        trainer = GmanTrainer(small_task(), room_gb=room)
        model = trainer.fitting(SETTINGS, "quick")
        assert model.windows_at_once == (16 if room is None else 4)
        assert trainer.compiled(SETTINGS.shape, "quick", recompute=room is not None) is model
    assert asked == [(16, 2, 5, None), (16, 2, 5, 1.5)]
