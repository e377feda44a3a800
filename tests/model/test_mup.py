"""Learning rates by width: which tensors they fall for, and that training then moves wide models as it moves narrow ones."""

import numpy as np
import pytest

from gman_search.model.mup import rate_factors
from gman_search.training.step import CompiledModel, StepValues

STARTS = np.arange(0, 16, 2)


def test_rates_fall_with_width_for_kernels_that_read_the_channels_only():
    names = ["encoder_0/qkv/kernel", "encoder_0/qkv/beta", "input/first/kernel", "input/second/kernel",
             "st_embedding/temporal/first/kernel", "output/second/kernel", "transform/output/first/kernel"]  # fmt: skip
    factors = rate_factors(names, [2, 1, 1, 1, 1, 1, 1], width=64, base_width=16)
    np.testing.assert_array_equal(factors, [0.25, 0.25, 1, 1, 0.25, 1, 0.25, 0.25])
    assert rate_factors(names, [1] * 7, width=64, base_width=None).tolist() == [1] * 7


def movement(model: CompiledModel, width: int, base_width: int | None) -> float:
    """How far four steps at a high rate move the normalised forecasts, on average over three starts."""
    model.state.scale_rates(width, base_width)
    moved = []
    for seed in range(3):
        model.state.load_weights(model.fresh_weights(seed))
        before = model.forecast(STARTS, causal=True)
        for step in range(4):
            # Momentum 1 leaves the moving statistics alone, so that only the weights speak.
            model.train_step(STARTS, StepValues(0.02, 0.0, 0.0, 0.0, 1.0, True, step, seed))
        moved.append(np.abs(model.forecast(STARTS, causal=True) - before).mean() / model.task.std)
    return float(np.mean(moved))


@pytest.mark.slow
def test_coordinate_check(small_task):
    widths = (8, 16, 32, 64)
    models = {width: CompiledModel(small_task(), (1, width // 4, 4)) for width in widths}
    slopes = {}
    for base in (None, 8):
        moved = [movement(model, width, base) for width, model in models.items()]
        slopes[base] = np.polyfit(np.log2(widths), np.log2(moved), 1)[0]
    assert slopes[8] < 0.5 < 1 < slopes[None]
