"""Reading a learning curve as the three-stage guide does (pure): one function a rule, thresholds named.

Curves are masked MAE per epoch, oldest first; epoch 0 (the model before its first step) is not part of them.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

__all__ = [
    "RULES",
    "diagnose",
    "has_diverged",
    "is_flat",
    "is_healthy",
    "is_oscillating",
    "is_overfitting",
    "is_rising",
]

Curve = Sequence[float]

MIN_EPOCHS = 3
"""Shorter curves are not judged."""
HEALTHY_FALL = 0.10
"""Training MAE has fallen by at least this share since the first epoch."""
FLAT_CHANGE = 0.03
"""Training MAE that moved by less than this share in all is flat."""
RISE = 0.03
"""Training MAE of the last third above that of the first third by more than this share is rising."""
TURN_SHARE, SWING = 0.6, 0.05
"""Validation MAE that changes direction this often, by this share of its level, oscillates."""
OVERFIT_EPOCHS, OVERFIT_RISE = 3, 0.02
"""Validation MAE this many epochs past its best and this share above it, while training MAE still falls."""
DIVERGENCE_FACTOR, DIVERGENCE_RISE = 3.0, 1.5
"""Validation MAE this many times its best, and training MAE that many times its own, is a divergence."""


def has_diverged(train: Curve, val: Curve) -> bool:
    """NaN, infinity, or both errors far above their best: the evaluation is ended.

    Validation alone does not tell: it goes by the moving statistics of batch normalisation, which one epoch may throw
    off and the next set right, while training, which goes by the batch's own, falls on.

    Args:
        train: MAE of every epoch that was trained.
        val: MAE of the same epochs, and before them of a grown model's start.
    """
    if not train or not val:
        return False
    if not (math.isfinite(train[-1]) and math.isfinite(val[-1])):
        return True
    return val[-1] > DIVERGENCE_FACTOR * min(val) and train[-1] > DIVERGENCE_RISE * min(train)


def is_healthy(train: Curve, val: Curve) -> bool:
    """Falling fast."""
    return _judged(train) and _change(train) <= -HEALTHY_FALL


def is_flat(train: Curve, val: Curve) -> bool:
    """Not moving at all, first epoch to last."""
    return _judged(train) and (max(train) - min(train)) < FLAT_CHANGE * train[0]


def is_rising(train: Curve, val: Curve) -> bool:
    """Training MAE goes up."""
    if not _judged(train):
        return False
    third = max(1, len(train) // 3)
    return fmean(train[-third:]) > (1 + RISE) * fmean(train[:third])


def is_oscillating(train: Curve, val: Curve) -> bool:
    """Validation MAE swings up and down instead of settling."""
    if len(val) < MIN_EPOCHS + 1 or not all(map(math.isfinite, val)):
        return False
    moves = [later - earlier for earlier, later in pairwise(val)]
    turns = sum(a * b < 0 for a, b in pairwise(moves))
    return turns >= TURN_SHARE * (len(moves) - 1) and fmean(map(abs, moves)) > SWING * fmean(val)


def is_overfitting(train: Curve, val: Curve) -> bool:
    """Validation MAE rises for some epochs while training MAE still falls."""
    if not _judged(train) or not _judged(val):
        return False
    best = min(range(len(val)), key=val.__getitem__)
    late = len(val) - 1 - best >= OVERFIT_EPOCHS and val[-1] > (1 + OVERFIT_RISE) * val[best]
    return late and best < len(train) and train[-1] < train[best]


RULES = {
    "falling fast: healthy": is_healthy,
    "flat: raise the learning rate (0.003-0.004) or shrink L, K, d": is_flat,
    "rising: lower the learning rate": is_rising,
    "oscillating: lower the learning rate or enlarge the batch": is_oscillating,
    "validation rising: overfitting, stop early or add dropout": is_overfitting,
}


def diagnose(train: Curve, val: Curve) -> tuple[str, ...]:
    """All rules that hold, in the guide's words."""
    return tuple(text for text, rule in RULES.items() if rule(train, val))


def _judged(curve: Curve) -> bool:
    return len(curve) >= MIN_EPOCHS and all(map(math.isfinite, curve))


def _change(curve: Curve) -> float:
    return (curve[-1] - curve[0]) / curve[0]
