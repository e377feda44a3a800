"""What reading a graph gives: its matrix, and what has to be said of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

__all__ = ["Graph"]


@dataclass(frozen=True)
class Graph:
    """Adjacency (M, M) float32 of all M sensors of the readings; a bigger entry is a closer pair.

    `notes` say what was decided in reading the file. `listed` counts the links between two known sensors that the file
    lists, `dropped` those of them that have the weight 0. `places` has (latitude, longitude) of sensors where the file
    gives them.
    """

    matrix: np.ndarray
    notes: tuple[str, ...] = ()
    listed: int = 0
    dropped: int = 0
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def noted(self, *notes: str) -> "Graph":
        """The same with further notes before its own."""
        return replace(self, notes=(*notes, *self.notes))
