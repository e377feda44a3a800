"""What an evaluation costs, before anything was trained: seconds, by a model fitted to measured steps.

The constants are fitted to the 43 points of `benchmarks/results/step-curve.json`: 20 to 1000 sensors, one process of
two threads and two of one, float32, a machine of two cores with nothing else to do. They give 0.83 to 1.24 times the
time of a point. The same machine has been twice as slow on other days, and others differ more, a GPU most of
all: `tuning/step_timing.py` times a few steps instead. Ratios of the stages depend less on the machine.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from gman_search.stages import Stage

__all__ = [
    "LEAST_FACTOR",
    "compile_seconds",
    "epoch_steps",
    "evaluation_seconds",
    "reduction_factors",
    "step_seconds",
    "steps_per_epoch",
]

BLOCK_SECONDS = 1.38e-3
"""Of one ST-attention block in one training step, whatever its size: small operations."""
HEAD_SECONDS = 190e-9
"""Of one head of one token (a sensor at a step of a window), in one block of the encoder and one of the decoder."""
CHANNEL_SECONDS = 77e-9
"""Of one channel of one token, likewise."""
SCORE_SECONDS = 1.53e-9
"""Of one score of attention of all sensors to all: a token, another sensor, a head. In groups they do not count."""
GROUPED = 1.3
"""Group attention multiplies the cost per head and channel by this factor: sensors are reordered, and attend twice."""
THREADS_POWER = 0.52
"""Heads, channels and scores take 1 / threads ** 0.52: 1.43 times faster with two. More than two were not measured."""
COMPILE_SECONDS = 1.05
"""Before the first step of a model in a process, for one of the L blocks in encoder and decoder."""
FORECAST_SHARE = 1 / 3
"""A forecast is the forward third of a step."""
LEAST_FACTOR = 3
"""Promoting one in two costs 1.5 times as much and finds nothing better (benchmarks/searches.md)."""


def step_seconds(
    stage: Stage, *, sensors: int, history: int = 12, horizon: int = 12, groups: int = 0, threads: int = 1
) -> float:
    """Seconds of one training step on (B, P, N) inputs, with no more processes than cores."""
    tokens = stage.batch_size * (history + horizon) * sensors * stage.L
    passes = tokens * (stage.K * HEAD_SECONDS + stage.D * CHANNEL_SECONDS) * (GROUPED if groups else 1)
    scores = 0.0 if groups else tokens * sensors * stage.K * SCORE_SECONDS
    return 2 * stage.L * BLOCK_SECONDS + (passes + scores) / math.pow(threads, THREADS_POWER)


def steps_per_epoch(stage: Stage, *, windows: int) -> int:
    """Steps of one epoch: all windows (the last batch may be partial), or the stage's own cut."""
    everything = -(-windows // stage.batch_size)
    return everything if stage.steps_per_epoch is None else min(stage.steps_per_epoch, everything)


def epoch_steps(stage: Stage, *, windows: int, validation: int) -> float:
    """Training steps that take as long as an epoch: its own, and the scoring of `validation` windows after it."""
    return steps_per_epoch(stage, windows=windows) + FORECAST_SHARE * validation / stage.batch_size


def evaluation_seconds(
    stage: Stage,
    *,
    sensors: int,
    windows: int,
    validation: int,
    history: int = 12,
    horizon: int = 12,
    groups: int = 0,
    threads: int = 1,
) -> float:
    """Seconds of an evaluation that uses all its epochs, of a model that is compiled.

    Args:
        stage: shape, batch size, epochs.
        sensors: N.
        windows: for training.
        validation: windows that are scored after every epoch.
        history: P.
        horizon: Q.
        groups: of sensors, 0 for attention of all to all.
        threads: of the process.
    """
    step = step_seconds(stage, sensors=sensors, history=history, horizon=horizon, groups=groups, threads=threads)
    return stage.max_epochs * epoch_steps(stage, windows=windows, validation=validation) * step


def compile_seconds(stage: Stage) -> float:
    """Seconds before the first step of this stage's model in a process; the next evaluations find it compiled."""
    return COMPILE_SECONDS * stage.L


def reduction_factors(costs: Sequence[float]) -> tuple[int, ...]:
    """Whole-number cost ratios of neighbouring stages, at least `LEAST_FACTOR`.

    With factors equal to the cost ratios every stage receives about the same total budget.
    """
    return tuple(max(LEAST_FACTOR, round(above / below)) for below, above in pairwise(costs))
