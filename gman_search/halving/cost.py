"""What an evaluation costs, before anything was measured: multiply-adds of one training step.

The estimate only has to get the *ratio* of the stages right, because reduction factors and the dry run's savings are
ratios. It counts the matrix products of the model; a training step is three times its forward pass.
"""

from collections.abc import Sequence
from itertools import pairwise

from gman_search.stages import Stage

__all__ = ["evaluation_cost", "reduction_factors", "step_cost", "steps_per_epoch"]


def step_cost(stage: Stage, *, sensors: int, history: int = 12, horizon: int = 12, groups: int = 0) -> float:
    """Multiply-adds of one training step of `stage` on (B, P, N) inputs.

    A block projects X and STE to Q, K and V twice (12 D^2 a token), has two output layers of two projections each
    (4 D^2), and the gated fusion (4 D^2); spatial attention compares N x N sensors and temporal attention P x P steps.
    With G `groups` of M sensors it compares G M^2 sensors and G^2 groups, and projects the groups again (3 D^2 each).
    """
    width, batch = stage.D, stage.batch_size
    encoder = stage.L * _block_cost(width, stage.K, batch, history, sensors, groups)
    decoder = stage.L * _block_cost(width, stage.K, batch, horizon, sensors, groups)
    tokens = batch * sensors * (history + horizon)
    edges = tokens * 6 * width * width + batch * sensors * history * horizon * 2 * width
    return 3.0 * (encoder + decoder + edges)


def _block_cost(width: int, heads: int, batch: int, steps: int, sensors: int, groups: int) -> float:
    tokens = batch * steps * sensors
    dense = tokens * 20 * width * width + batch * steps * groups * 3 * width * width
    pairs = groups * (-(-sensors // groups)) ** 2 + groups**2 if groups else sensors**2
    # A score costs d multiply-adds, but its softmax and gradient move as much memory as about 16 of them.
    spatial = batch * steps * pairs * (2 * width + 16 * heads)
    temporal = tokens * steps * (2 * width + 16 * heads)
    return float(dense + spatial + temporal)


def steps_per_epoch(stage: Stage, *, windows: int) -> int:
    """Steps of one epoch: all windows (the last batch may be partial), or the stage's own cut."""
    everything = -(-windows // stage.batch_size)
    return everything if stage.steps_per_epoch is None else min(stage.steps_per_epoch, everything)


def evaluation_cost(
    stage: Stage, *, sensors: int, windows: int, history: int = 12, horizon: int = 12, groups: int = 0
) -> float:
    """Multiply-adds of a whole evaluation that uses all its epochs."""
    steps = stage.max_epochs * steps_per_epoch(stage, windows=windows)
    return steps * step_cost(stage, sensors=sensors, history=history, horizon=horizon, groups=groups)


def reduction_factors(costs: Sequence[float]) -> tuple[int, ...]:
    """Whole-number cost ratios of neighbouring stages, at least 2.

    With eta equal to the cost ratio every stage receives about the same total budget.
    """
    return tuple(max(2, round(dear / cheap)) for cheap, dear in pairwise(costs))
