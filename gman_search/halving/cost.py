"""What an evaluation costs, before anything was trained: seconds on two cores, by a model fitted to measured steps.

The constants are fitted to `benchmarks/results/step.json` and `step-curve.json` (2 cores, one process, float32) and to
seven whole evaluations: of the 34 measured steps, 20 to 1000 sensors, they give 0.76 to 1.30 times the time, of the
evaluations (`estimate.json` measures them again) 0.86 to 1.26 times. Other machines are faster or slower by a
common factor, which the ratios of the stages do not notice: reduction factors and the dry run's savings are ratios.
"""

from collections.abc import Sequence
from itertools import pairwise

from gman_search.stages import Stage

__all__ = ["LEAST_FACTOR", "evaluation_seconds", "reduction_factors", "step_seconds", "steps_per_epoch"]

BLOCK_SECONDS = 3.30e-3
"""Of one ST-attention block in one training step, whatever its size: small operations."""
CHANNEL_SECONDS = 125e-9
"""Of one channel of one token (a sensor at a step of a window), in one block of the encoder and one of the decoder."""
SCORE_SECONDS = 1.54e-9
"""Of one score of attention of all sensors to all: a token, another sensor, a head. In groups they do not count."""
LEAST_FACTOR = 3
"""Promoting one in two costs half as much again and finds nothing better (benchmarks/searches.md)."""
TRACE_SECONDS = 0.83
"""Before the first step, for one of the L blocks in encoder and decoder."""


def step_seconds(stage: Stage, *, sensors: int, history: int = 12, horizon: int = 12, groups: int = 0) -> float:
    """Seconds of one training step on (B, P, N) inputs."""
    windows = stage.batch_size * (history + horizon)
    channels = windows * sensors * stage.D * stage.L
    scores = 0 if groups else windows * sensors**2 * stage.K * stage.L
    return 2 * stage.L * BLOCK_SECONDS + channels * CHANNEL_SECONDS + scores * SCORE_SECONDS


def steps_per_epoch(stage: Stage, *, windows: int) -> int:
    """Steps of one epoch: all windows (the last batch may be partial), or the stage's own cut."""
    everything = -(-windows // stage.batch_size)
    return everything if stage.steps_per_epoch is None else min(stage.steps_per_epoch, everything)


def evaluation_seconds(
    stage: Stage,
    *,
    sensors: int,
    windows: int,
    validation: int,
    history: int = 12,
    horizon: int = 12,
    groups: int = 0,
) -> float:
    """Seconds of an evaluation that uses all its epochs.

    Args:
        stage: shape, batch size, epochs.
        sensors: N.
        windows: for training.
        validation: windows that are scored after every epoch.
        history: P.
        horizon: Q.
        groups: of sensors, 0 for attention of all to all.
    """
    step = step_seconds(stage, sensors=sensors, history=history, horizon=horizon, groups=groups)
    # A forecast is the forward third of a step.
    validating = validation * step / stage.batch_size / 3
    return stage.max_epochs * (steps_per_epoch(stage, windows=windows) * step + validating) + TRACE_SECONDS * stage.L


def reduction_factors(costs: Sequence[float]) -> tuple[int, ...]:
    """Whole-number cost ratios of neighbouring stages, at least `LEAST_FACTOR`.

    With eta equal to the cost ratio every stage receives about the same total budget.
    """
    return tuple(max(LEAST_FACTOR, round(dear / cheap)) for cheap, dear in pairwise(costs))
