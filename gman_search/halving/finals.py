"""Evaluations outside the ladder that can win: the reference, and final trainings of the best (pure).

- The reference is the original GMAN with the settings and the schedule of the three-stage guide's quick stage. It is
  trained beside the ladder, cut only by its share of the time. So a search does not end worse than not searching.
- A search trains briefly, and its winner is half-trained. When the ladder is done, the best configs are trained on from
  their own weights, with a rate that falls to nothing at the end. The best of the final trainings usually wins.

Both take no quota and are never promoted.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from gman_search.config import Hyperparameters
from gman_search.halving.cost import FORECAST_SHARE
from gman_search.halving.decide import Done, decide, ranked
from gman_search.halving.ladder import Ladder
from gman_search.halving.table import Evaluation, latest_attempts
from gman_search.stages import Stage

__all__ = [
    "FINAL",
    "FINAL_SHARE",
    "FINAL_SHARE_OF_HOURS",
    "REFERENCE",
    "REFERENCE_SHARE",
    "FinalsPlan",
    "Schedule",
    "best_of_configs",
    "extra_share",
    "final_schedule",
    "finals_due",
    "reference_schedule",
]

REFERENCE, FINAL = "reference", "final"
REFERENCE_SHARE, FINAL_SHARE, FINAL_SHARE_OF_HOURS = 0.2, 0.45, 1.0
"""Worker time of the reference, and of all final trainings together, for a second of the ladder; in a search that is
planned for some hours, longer trainings use the time better than more configs."""
FINAL_EPOCHS, FINAL_PATIENCE, ANNEALED = 20, 8, 0.5
"""Epochs of a final training, those without a better one that end it, and the share in which the rate falls to 0."""
LOOKS, LONGEST_SECONDS = 8, 60.0
"""A reference that has time for fewer epochs, or whose epochs take longer, is validated at parts of an epoch."""
EARLY_STOP = "early stop"


@dataclass(frozen=True)
class Schedule:
    """How long an evaluation outside the ladder trains.

    `windows_per_epoch` None is one pass over the training windows. `stretch` multiplies the epochs between two decays,
    `anneal` is the share of the epochs at the end in which the rate falls to 0.
    """

    max_epochs: int
    windows_per_epoch: int | None
    patience: int
    stretch: float = 1.0
    anneal: float = 0.0

    def of(self, settings: Hyperparameters) -> Hyperparameters:
        """`settings` trained for as long."""
        return replace(
            settings,
            max_epochs=self.max_epochs,
            windows_per_epoch=self.windows_per_epoch,
            patience=self.patience,
            decay_epoch=settings.decay_epoch * self.stretch,
            anneal=self.anneal,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for storing."""
        return asdict(self)


@dataclass(frozen=True)
class FinalsPlan:
    """What the schedules follow from: `windows` of an epoch, of `validation` after it, and seconds of one worker.

    `window_seconds` is for training on one window, by stage; `reference_window_seconds` at the guide's quick stage.
    `reference_seconds` is for the reference, 0 for none; `final_seconds` for each of `count` final trainings.
    """

    windows: int
    validation: int
    window_seconds: Mapping[str, float]
    reference_window_seconds: float
    reference_seconds: float
    final_seconds: float
    count: int


def extra_share(*, reference: bool, finals: int, hours: bool = False) -> float:
    """Worker time outside the ladder for a second of the ladder; `hours`: in a search that is planned for some."""
    return REFERENCE_SHARE * reference + (FINAL_SHARE_OF_HOURS if hours else FINAL_SHARE) * (finals > 0)


def reference_schedule(plan: FinalsPlan, guide: Stage) -> Schedule:
    """The guide's own schedule at its stage `guide`, cut at its share of the time."""
    scored = FORECAST_SHARE * plan.validation
    affordable = plan.reference_seconds / plan.reference_window_seconds  # windows, trained on or scored
    epochs = affordable / (plan.windows + scored)
    long = (plan.windows + scored) * plan.reference_window_seconds / LONGEST_SECONDS
    parts = max(1, math.ceil(long), math.ceil(LOOKS / epochs) if epochs < LOOKS else 1)
    if parts == 1:
        return Schedule(min(guide.max_epochs, int(epochs)), None, guide.patience)
    part = min(plan.windows, max(guide.batch_size, math.ceil(plan.windows / parts)))
    stretch = plan.windows / part
    looks = max(1, int(affordable / (part + scored)))
    most = math.ceil(guide.max_epochs * stretch)
    return Schedule(min(looks, most), part, math.ceil(guide.patience * stretch), stretch)


def final_schedule(plan: FinalsPlan, stage: Stage, seconds: float, window_seconds: float | None = None) -> Schedule:
    """A training of `seconds` at `stage` with the whole of the stage's decays.

    `window_seconds` as measured, where it was.
    """
    scored = FORECAST_SHARE * plan.validation
    affordable = seconds / (plan.window_seconds[stage.name] if window_seconds is None else window_seconds)
    part = math.ceil(affordable / FINAL_EPOCHS - scored)
    part = max(stage.batch_size, min(part, plan.windows))
    epochs = max(1, int(affordable / (part + scored)))
    return Schedule(
        max_epochs=epochs,
        windows_per_epoch=part if part < plan.windows else None,
        patience=max(FINAL_PATIENCE, round(epochs * FINAL_PATIENCE / FINAL_EPOCHS)),
        stretch=epochs / stage.max_epochs,
        anneal=ANNEALED,
    )


def finals_due(
    evaluations: Iterable[Evaluation], ladder: Ladder, count: int, *, closing: bool = False
) -> list[Evaluation]:
    """The evaluations to train on: the best of each of the best `count` configs, as far as they were not yet.

    One that ended by early stopping is at its end already. None before the ladder is done; `closing`: the time for the
    ladder is over, and what is best now is trained on. No more than `count` are under way at a time.
    """
    rows = list(evaluations)
    if count == 0 or not (closing or isinstance(decide(rows, ladder), Done)):
        return []
    finals = [row for row in rows if row.control == FINAL]
    trained = {row.parent for row in finals}
    due = [
        row for row in best_of_configs(rows)[:count] if row.key not in trained and not row.reason.startswith(EARLY_STOP)
    ]
    under_way = {row.key for row in finals} - {row.key for row in finals if row.state.is_finished}
    return due[: max(0, count - len(under_way))]


def best_of_configs(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """The best evaluation of each config in the ladder, best first."""
    best: dict[int, Evaluation] = {}
    for row in ranked(latest_attempts(evaluations)):
        best.setdefault(row.config_id, row)
    return list(best.values())
