"""How long a stage takes and how much memory it needs, before anything was trained (pure).

The constants of the memory are fitted to the same measurements as the seconds (`halving/cost.py`) and give 0.8 to 1.2
times of what was measured.
"""

from dataclasses import dataclass

from gman_search.halving.cost import evaluation_seconds, step_seconds
from gman_search.stages import Stage

__all__ = ["StageEstimate", "estimate_stage", "step_memory"]

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
    shape = {"sensors": sensors, "history": history, "horizon": horizon, "groups": groups}
    return StageEstimate(
        stage=stage.name,
        step_seconds=step_seconds(stage, **shape),
        seconds=evaluation_seconds(stage, windows=windows, validation=validation, **shape),
        memory_gb=step_memory(stage, **shape),
    )


def step_memory(stage: Stage, *, sensors: int, history: int, horizon: int, groups: int = 0) -> float:
    """Peak GB of a process that trains this stage."""
    windows = stage.batch_size * (history + horizon)
    kept = BASE_GB + CHANNEL_GB * windows * sensors * stage.D * stage.L
    if groups or sensors < CHUNKED_FROM:  # scores and weights of every block wait for their gradient
        kept += 2 * 4e-9 * windows * _pairs(sensors, groups) * stage.K * stage.L
    return kept


def _pairs(sensors: int, groups: int) -> int:
    return groups * (-(-sensors // groups)) ** 2 + groups**2 if groups else sensors**2
