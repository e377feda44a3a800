"""How a training step fits into memory: whole, with blocks computed again, or with its batch in parts (pure).

The constants are fitted to benchmarks/results/step-curve.json and large.json.
"""

from dataclasses import dataclass, replace

from gman_search.model.shape import CHUNKED_FROM

__all__ = ["RECOMPUTED_TIME", "StepPlan", "StepSizes", "plan_step", "step_gb"]

BASE_GB, CHANNEL_GB = 0.75, 1.33e-7
"""TensorFlow itself; and what blocks keep for one token, channel and block of L, encoder and decoder together."""
SCORE_GB = 8e-9
"""A score of attention that is kept, and its weight."""
INPUT_GB = 4e-9
"""What a block that is computed again keeps for one token and channel: its input."""
HELD_BLOCKS = 1.6
"""What is in memory while one block is computed again, in blocks: what it keeps, and its gradients."""
RECOMPUTED_TIME = 1.3
"""Blocks that are computed again take so many times as long."""


@dataclass(frozen=True)
class StepSizes:
    """What the memory of a training step depends on."""

    L: int
    K: int
    d: int
    batch_size: int
    sensors: int
    history: int
    horizon: int
    groups: int = 0


@dataclass(frozen=True)
class StepPlan:
    """How steps are taken, what they need of memory by estimate, and what they would need as a whole.

    `recompute` has the gradient compute blocks again. A batch larger than `windows_at_once` is taken in parts.
    """

    recompute: bool
    windows_at_once: int
    gb: float
    whole_gb: float


def step_gb(sizes: StepSizes, *, recompute: bool = False) -> float:
    """Peak GB of a process that trains with such steps."""
    windows = sizes.batch_size * (sizes.history + sizes.horizon)
    channels = windows * sizes.sensors * sizes.K * sizes.d
    scores = 0.0
    # Scores and weights of a block wait for their gradient; chunked attention never has them whole in memory.
    if sizes.groups or sizes.sensors < CHUNKED_FROM:
        scores = SCORE_GB * windows * _pairs(sizes.sensors, sizes.groups) * sizes.K
    kept = CHANNEL_GB * channels + scores  # one block of the encoder and one of the decoder
    if not recompute:
        return BASE_GB + kept * sizes.L
    return BASE_GB + INPUT_GB * channels * sizes.L + HELD_BLOCKS * kept / 2


def plan_step(sizes: StepSizes, room_gb: float | None) -> StepPlan:
    """The fastest way to take steps in `room_gb` of memory; None: there is room for anything.

    Where nothing fits, one window at a time.
    """
    whole = step_gb(sizes)
    if room_gb is None or whole <= room_gb:
        return StepPlan(False, sizes.batch_size, whole, whole)
    parts = 1
    while True:
        windows = -(-sizes.batch_size // parts)
        needed = step_gb(replace(sizes, batch_size=windows), recompute=True)
        if needed <= room_gb or windows == 1:
            return StepPlan(True, windows, needed, whole)
        parts += 1


def _pairs(sensors: int, groups: int) -> int:
    return groups * (-(-sensors // groups)) ** 2 + groups**2 if groups else sensors**2
