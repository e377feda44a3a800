"""How the hours of a search are divided between more configs and longer trainings (pure).

Twice the time buys 1.4 times the configs, each trained 1.4 times as long. More configs alone choose whatever learns
fast; longer trainings alone compare too few. Which of the two pays more depends on the
network, and is not known before.
"""

from collections.abc import Callable

__all__ = ["FEWEST_TRIALS", "LARGEST_SCALE", "balanced_scale"]

FEWEST_TRIALS = 24
"""Fewer configs than that get no longer trainings: a sampler learns nothing from fewer."""
LARGEST_SCALE = 200.0
STEPS = 24
"""Scales that are tried, evenly spread in their logarithm."""


def balanced_scale(trials_at: Callable[[float], int], *, largest: float = LARGEST_SCALE) -> float:
    """The scale of training steps at which `trials_at(scale)` configs fit and are FEWEST_TRIALS * scale, about.

    Args:
        trials_at: how many configs fit into the time when each trains `scale` times as many steps; falls with `scale`.
        largest: at which the trainings are as long as they can usefully be.

    Returns:
        1.0 where the time is short.

    Example:
        >>> balanced_scale(lambda scale: int(20 / scale))
        1.0
        >>> 3.5 < balanced_scale(lambda scale: int(400 / scale)) <= 4.1
        True
    """
    best = 1.0
    for step in range(1, STEPS + 1):
        scale = float(largest ** (step / STEPS))
        if trials_at(scale) < FEWEST_TRIALS * scale:
            break
        best = scale
    return round(best, 2)
