"""The tensors of shortcuts past the network, by name (pure; see `model.shortcuts`)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COEFFICIENTS",
    "COEFFICIENTS_NAME",
    "NUMBERS",
    "SHORTCUTS",
    "WINDOW_NAME",
    "has_shortcuts",
    "is_shortcut",
    "neutral_shortcuts",
]

NUMBERS = 4
"""Last input, usual value at the target's time, usual value at the last input's time, mean of the inputs."""
COEFFICIENTS = NUMBERS + 2
"""Of each step: those of the numbers, an offset, and one of the network's own output, all 0 at the start."""
SHORTCUTS = "shortcuts"
COEFFICIENTS_NAME, WINDOW_NAME = f"{SHORTCUTS}/coefficients", f"{SHORTCUTS}/window"


def is_shortcut(name: str) -> bool:
    """Whether a tensor of that name belongs to the shortcuts."""
    return name.startswith(f"{SHORTCUTS}/")


def has_shortcuts(names: Iterable[str]) -> bool:
    """Whether weights of these names are of a model with shortcuts."""
    return any(map(is_shortcut, names))


def neutral_shortcuts(D: int, P: int, Q: int) -> dict[str, NDArray[np.float32]]:
    """Weights by name of shortcuts that add nothing: for a model that was trained without them."""
    return {
        f"{SHORTCUTS}/projection/kernel": np.zeros((NUMBERS, D), np.float32),
        f"{SHORTCUTS}/projection/bias": np.zeros(D, np.float32),
        COEFFICIENTS_NAME: np.zeros((Q, COEFFICIENTS), np.float32),
        WINDOW_NAME: np.zeros((P, D), np.float32),
    }
