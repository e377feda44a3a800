"""The contract between the search and whatever trains: a job goes in, epochs are reported, an outcome comes back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from gman_search.config import Hyperparameters
from gman_search.halving.evaluations import State
from gman_search.model.growth import GrowthRules
from gman_search.record import Epoch

__all__ = ["Job", "StopTraining", "Trainer", "TrainingResult"]


class StopTraining(Exception):
    """Raised by the epoch callback to leave training at once: the lease was lost or the user asked to stop."""


@dataclass(frozen=True)
class Job:
    """One evaluation to train.

    `folder` takes everything the evaluation writes: `weights.npz` (best epoch so far) and `checkpoint.npz`, after each
    epoch. It belongs to this attempt alone, so a stalled worker cannot write into its replacement's files.
    `resume_from` is the folder of an earlier attempt whose checkpoint is continued, `parent` that of the smaller
    model's evaluation, whose weights are grown by the rules of `growth` (None: cold). `logs` is the TensorBoard folder
    of this evaluation, None for no logs. `refit`: the output's shortcuts are fitted anew at the end (`training.refit`).
    `keep`: the weights of the best epoch are left, or those of the last, where nothing is left to validate on.
    """

    config_id: int
    stage: str
    hyperparameters: Hyperparameters
    seed: int
    folder: Path
    parent: Path | None = None
    growth: GrowthRules = field(default_factory=GrowthRules)
    resume_from: Path | None = None
    logs: Path | None = None
    refit: bool = False
    keep: Literal["best", "last"] = "best"


@dataclass(frozen=True)
class TrainingResult:
    """How an evaluation ended. `val_mae` is the best epoch's and belongs to the saved weights."""

    state: State
    val_mae: float | None
    epochs: int
    seconds: float
    reason: str
    diagnosis: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


class Trainer(Protocol):
    """Trains jobs of a study; one instance lives in each worker process and keeps its compiled steps."""

    def train(self, job: Job, on_epoch: Callable[[Epoch], None]) -> TrainingResult:
        """Train `job`, reporting each epoch; raise nothing for divergence (that is an outcome)."""
        ...
