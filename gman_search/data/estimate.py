"""How long a stage takes and how much memory it needs, before anything was trained (pure).

The constants of the memory are fitted to the same points as the seconds (`halving/cost.py`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gman_search.halving.cost import compile_seconds, evaluation_seconds, step_seconds
from gman_search.halving.plan import StageCost
from gman_search.stages import Stage

if TYPE_CHECKING:
    from gman_search.data.task import ForecastTask

__all__ = ["StageEstimate", "epoch_windows", "estimate_stages", "step_memory"]

BASE_GB, CHANNEL_GB = 0.75, 1.33e-7
"""TensorFlow itself; and for one token, channel and block of L."""
CHUNKED_FROM = 150
"""Sensors from which attention is computed in chunks, so that its weights are never whole in memory."""


@dataclass(frozen=True)
class StageEstimate(StageCost):
    """What one evaluation at a stage takes, seconds of one step of it, and GB of memory of one worker."""

    stage: str
    step_seconds: float
    memory_gb: float


def epoch_windows(task: "ForecastTask", validation_stride: int) -> dict[str, int]:
    """How many `windows` an epoch trains on and how many `validation` windows are scored after it."""
    return {"windows": len(task.starts["train"]), "validation": len(task.starts["val"][::validation_stride])}


def estimate_stages(
    stages: tuple[Stage, ...],
    task: "ForecastTask",
    validation_stride: int,
    *,
    threads: int = 1,
    groups: int | None = None,
) -> tuple[StageEstimate, ...]:
    """An evaluation of each stage on `task`, by a process of so many threads; `groups` other than the task's."""
    shape: dict[str, Any] = {"sensors": len(task.series.sensors), "history": task.P, "horizon": task.Q}
    shape["groups"] = task.groups if groups is None else groups
    windows = epoch_windows(task, validation_stride)
    return tuple(
        StageEstimate(
            seconds=evaluation_seconds(stage, **windows, threads=threads, **shape),
            compile_seconds=compile_seconds(stage),
            stage=stage.name,
            step_seconds=step_seconds(stage, threads=threads, **shape),
            memory_gb=step_memory(stage, **shape),
        )
        for stage in stages
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
