"""Many steps at every stage's shape, on the paths that many sensors take, stay finite."""

import numpy as np
import pytest

from gman_search.model import attention
from gman_search.stages import PRESETS
from gman_search.training.step import CompiledModel, StepValues

STEPS = {"quick": 800, "medium": 300, "full": 250}


@pytest.mark.slow
@pytest.mark.parametrize("stage", PRESETS)
def test_a_long_training_stays_finite(small_task, monkeypatch, stage):
    monkeypatch.setattr(attention, "CHUNKED_FROM", 1)
    task, preset = small_task(sensors=3), PRESETS[stage]
    model = CompiledModel(task, (preset.L, preset.K, preset.d))
    model.state.load_weights(model.fresh_weights(0))
    random, errors = np.random.default_rng(0), []
    for step in range(STEPS[stage]):
        # Windows of random readings can only be learnt by heart: the fit gets tight and activations extreme.
        starts = random.choice(task.starts["train"], 2)
        momentum = min(0.99, (1 + step) / (10 + step))
        error, count = model.train_step(starts, StepValues(3e-3, 0.0, 0.0, 0.1, momentum, True, step, 1))
        errors.append((error, count))
    errors = np.array([float(error) / float(count) for error, count in errors])
    assert np.isfinite(errors).all()
    assert all(np.isfinite(weight).all() for weight in model.state.weights().values())
    assert np.isfinite(model.forecast(task.starts["test"], causal=True)).all()
    assert errors[-100:].mean() < 0.6 * errors[:10].mean()
