"""Where an evaluation stands between two epochs: everything that a resumed attempt needs besides the vectors."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from gman_search.halving.evaluations import State
from gman_search.record import Epoch
from gman_search.training.diagnosis import diagnose
from gman_search.training.job import Job, TrainingResult
from gman_search.training.warm_start import WarmStart

__all__ = ["TrainingProgress"]


@dataclass
class TrainingProgress:
    """Epochs so far, the best of them, steps, the share of inherited weights and the start from a smaller model."""

    epochs: list[Epoch] = field(default_factory=list)
    best_val: float = math.inf
    best_epoch: int = 0
    step: int = 0
    inherited: float = 0.0
    warm: WarmStart = field(default_factory=WarmStart)

    @classmethod
    def resumed(cls, description: Mapping[str, Any], best_description: Mapping[str, Any]) -> Self:
        """From the descriptions of a checkpoint and of the best weights next to it.

        The weights may be of a later epoch than the checkpoint: the best value belongs to them.
        """
        return cls(
            epochs=[Epoch(**epoch) for epoch in description["epochs"]],
            best_val=best_description["best_val"],
            best_epoch=best_description["best_epoch"],
            step=description["step"],
            inherited=description["inherited"],
            warm=WarmStart.described(description),
        )

    @property
    def last_epoch(self) -> int:
        """Number of the last epoch; 0 before the first."""
        return self.epochs[-1].epoch if self.epochs else 0

    @property
    def seconds(self) -> float:
        """Of all epochs, those of earlier attempts included."""
        return sum(epoch.seconds for epoch in self.epochs)

    def description(self, job: Job) -> dict[str, Any]:
        """What is stored with weights and checkpoints of `job`."""
        return {
            "shape": list(job.hyperparameters.shape),
            "hyperparameters": job.hyperparameters.to_dict(),
            "seed": job.seed,
            "step": self.step,
            "best_val": self.best_val,
            "best_epoch": self.best_epoch,
            "inherited": self.inherited,
            **self.warm._asdict(),
            "epochs": [asdict(epoch) for epoch in self.epochs],
        }

    def result(self, reason: str) -> TrainingResult:
        """The result of an evaluation that ends here for `reason`; "" where all its epochs are done."""
        trained = [epoch for epoch in self.epochs if epoch.epoch > 0]
        diverged = reason.startswith("diverged")
        return TrainingResult(
            state=State.PRUNED if diverged else State.COMPLETE,
            val_mae=self.best_val if math.isfinite(self.best_val) else None,
            epochs=self.last_epoch,
            seconds=self.seconds,
            reason=reason,
            diagnosis=diagnose([e.train_mae for e in trained if e.train_mae is not None], [e.val_mae for e in trained]),
            facts={"best_epoch": self.best_epoch, "inherited": self.inherited, "steps": self.step},
        )
