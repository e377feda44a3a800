"""What can be a member of an ensemble: an evaluation of the search or a baseline, opened when it is needed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidate", "Opened", "exportable_weights", "is_exportable"]

EXPORTABLE = ("persistence", "historical average")
"""Baselines that a TensorFlow or ONNX graph can hold, as it can every evaluation."""


@dataclass(frozen=True)
class Opened:
    """A forecaster with its weights in memory; only the one that was opened last may be used.

    `forecast` takes first rows of windows (W,) of the task and returns forecasts (W, Q, N) in the data's unit. `save`
    writes into a folder what a later forecast needs.
    """

    forecast: Callable[[NDArray[Any]], NDArray[np.floating]]
    save: Callable[[Path], None]


@dataclass(frozen=True)
class Candidate:
    """A forecaster that may join an ensemble.

    Args:
        name: what reports call it.
        kind: an evaluation of the search or a baseline.
        key: of the evaluation; None for baselines.
        role: of its row in the leaderboard.
        costs: seconds of training by what was trained: itself, and all that it was grown from.
        opened: loads its weights; raises a GmanSearchError where they are gone.
        refitted: the same, trained on the validation part too: what is tested and delivered; None: what was chosen.
    """

    name: str
    kind: Literal["evaluation", "baseline"]
    key: str | None
    role: Literal["winner", "reference", "evaluation", "baseline"]
    costs: Mapping[str, float]
    opened: Callable[[], Opened]
    refitted: Callable[[], Opened] | None = None

    def delivered(self) -> Opened:
        """What is tested and delivered."""
        return self.opened() if self.refitted is None else self.refitted()

    @property
    def train_seconds(self) -> float:
        """Seconds of training in all."""
        return sum(self.costs.values())


def is_exportable(kind: str, name: str) -> bool:
    """Whether a graph without Python can hold a forecaster of that kind and name."""
    return kind == "evaluation" or name in EXPORTABLE


def exportable_weights(weights: NDArray[np.floating], exportable: Sequence[bool]) -> NDArray[np.floating] | None:
    """Weights (Q, M) of the exportable members, made to add up to 1; None where all are exportable, or none is.

    A step whose members are all left out takes the mean weights of the others.
    """
    stays = np.array(exportable) & (weights > 0).any(axis=0)
    if not stays.any() or not (weights * ~stays).any():
        return None
    left = np.where(stays, weights, 0.0)
    left = np.where(left.sum(axis=1, keepdims=True) > 0, left, left.mean(axis=0))
    return np.asarray(left / left.sum(axis=1, keepdims=True))
