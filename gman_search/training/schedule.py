"""Learning rate and BN momentum as functions of the position in training (pure)."""

import math
from typing import Literal

__all__ = ["RATE_FLOOR", "bn_momentum", "learning_rate"]

RATE_FLOOR = 1e-5
"""The original never lets the rate fall below this."""


def learning_rate(
    base: float,
    *,
    epoch: float,
    step: int,
    decay_epoch: float,
    decay_rate: float,
    warmup_steps: int = 0,
    max_epochs: int = 0,
    anneal: float = 0.0,
) -> float:
    """Staircase decay with a floor, after a linear warm-up.

    Args:
        base: rate of the first epoch.
        epoch: position in this stage in epochs, from 0; 1.5 is the middle of the second epoch.
        step: 0-based step of this stage, counted over all epochs.
        decay_epoch: epochs between two drops, possibly a fraction.
        decay_rate: factor of a drop.
        warmup_steps: steps over which the rate rises from base/warmup_steps to base; 0 for none.
        max_epochs: of this stage; only `anneal` needs it.
        anneal: share of them, at the end, in which the rate also falls linearly to 0, below the floor; 0 for none.
    """
    decayed = base * decay_rate ** math.floor(epoch / decay_epoch + 1e-9)
    floored = max(decayed, min(RATE_FLOOR, base))
    if anneal:
        floored *= min(1.0, max(0.0, max_epochs - epoch) / (anneal * max_epochs))
    return floored * min(1.0, (step + 1) / warmup_steps) if warmup_steps else floored


def bn_momentum(
    limit: float, rule: Literal["counted", "original", "constant"], *, step: int, epoch: float, decay_epoch: float
) -> float:
    """Momentum of the moving BN statistics, by one of three rules; never more than `limit`.

    A constant 0.99 has not forgotten the start values after a few hundred steps, and evaluation would use them.

    - counted: (1 + step) / (10 + step). It averages over about the last ninth of the steps until the limit is reached,
      so the statistics have converged at whatever step an evaluation happens.
    - original: 0.5, 0.75, 0.875, ... one step further at every drop of the learning rate, as in the original code.
    - constant: `limit`.
    """
    if rule == "constant":
        return limit
    if rule == "original":
        return min(limit, 1.0 - 0.5 ** (1 + math.floor(epoch / decay_epoch + 1e-9)))
    return min(limit, (1.0 + step) / (10.0 + step))
