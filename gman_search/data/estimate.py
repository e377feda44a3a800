"""How long a stage takes and how much memory it needs, before anything was trained (pure).

The constants are fitted to `benchmarks/results/step.json` and `step-curve.json` (2 cores, one process, float32): of the
34 measured steps, 20 to 1000 sensors, they give 0.75 to 1.32 times the time and 0.8 to 1.2 times the memory. Other
machines are faster or slower by a common factor.
"""

from dataclasses import dataclass

from gman_search.halving.cost import steps_per_epoch
from gman_search.stages import Stage

__all__ = ["StageEstimate", "estimate_stage", "step_memory", "step_seconds"]

BLOCK_SECONDS = 3.23e-3
"""Of one ST-attention block in one training step, whatever its size: small operations."""
CHANNEL_SECONDS = 128e-9
"""Of one channel of one token (a sensor at a step of a window), in one block of the encoder and one of the decoder."""
SCORE_SECONDS = 1.52e-9
"""Of one score of attention of all sensors to all: a token, another sensor, a head. In groups they do not count."""
TRACE_SECONDS = 1.7
"""Before the first step, for one of the L blocks in encoder and decoder."""
BASE_GB, CHANNEL_GB = 0.75, 1.33e-7
"""TensorFlow itself; and for one token, channel and block of L."""
CHUNKED_FROM = 150
"""Sensors from which attention is computed in chunks, so that its weights are never whole in memory."""


@dataclass(frozen=True)
class StageEstimate:
    """One evaluation at a stage: seconds of one step and in all, GB of memory of one worker."""

    stage: str
    step_seconds: float
    seconds: float
    memory_gb: float


def estimate_stage(
    stage: Stage, *, sensors: int, windows: int, validation: int, history: int, horizon: int, groups: int = 0
) -> StageEstimate:
    """An evaluation that uses all its epochs, on `windows` for training and `validation` windows after each epoch."""
    step = step_seconds(stage, sensors=sensors, history=history, horizon=horizon, groups=groups)
    # A forecast is the forward third of a step.
    validating = validation * step / stage.batch_size / 3
    epochs = stage.max_epochs * (steps_per_epoch(stage, windows=windows) * step + validating)
    return StageEstimate(
        stage=stage.name,
        step_seconds=step,
        seconds=epochs + TRACE_SECONDS * stage.L,
        memory_gb=step_memory(stage, sensors=sensors, history=history, horizon=horizon, groups=groups),
    )


def step_seconds(stage: Stage, *, sensors: int, history: int, horizon: int, groups: int = 0) -> float:
    """Seconds of one training step on (B, P, N) inputs."""
    windows = stage.batch_size * (history + horizon)
    channels = windows * sensors * stage.D * stage.L
    scores = 0 if groups else windows * sensors**2 * stage.K * stage.L
    return 2 * stage.L * BLOCK_SECONDS + channels * CHANNEL_SECONDS + scores * SCORE_SECONDS


def step_memory(stage: Stage, *, sensors: int, history: int, horizon: int, groups: int = 0) -> float:
    """Peak GB of a process that trains this stage."""
    windows = stage.batch_size * (history + horizon)
    kept = BASE_GB + CHANNEL_GB * windows * sensors * stage.D * stage.L
    if groups or sensors < CHUNKED_FROM:  # scores and weights of every block wait for their gradient
        kept += 2 * 4e-9 * windows * _pairs(sensors, groups) * stage.K * stage.L
    return kept


def _pairs(sensors: int, groups: int) -> int:
    return groups * (-(-sensors // groups)) ** 2 + groups**2 if groups else sensors**2
