"""Evaluations outside the halving that can win: the reference, and final trainings of the best (pure).

- The reference is the original GMAN with the settings and the training schedule of the three-stage guide's quick stage.
  It takes no part in the halving, and only its share of the time ends it. So a search does not end worse than none.
- Halving trains briefly, and its winner is half-trained. When it is done, the best configs are trained on from their
  own weights, with a learning rate that falls to 0 at the end. The best of the final trainings usually wins.

Both take no place in a rung and are never promoted.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from gman_search.config import Hyperparameters
from gman_search.halving.cost import FORECAST_SHARE
from gman_search.halving.evaluations import Evaluation, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Done, Wait, decide, ranked
from gman_search.stages import Stage

__all__ = [
    "FINAL",
    "FINALS",
    "FINAL_SHARE",
    "MOST_FINALS",
    "REFERENCE",
    "REFERENCE_SHARE",
    "FinalsPlan",
    "TrainingSchedule",
    "best_of_configs",
    "extra_share",
    "final_schedule",
    "final_share_of_all",
    "finals_due",
    "finals_that_fit",
    "reference_schedule",
    "reference_share_of_all",
    "trainable_stages",
]

REFERENCE, FINAL = "reference", "final"
REFERENCE_SHARE, FINAL_SHARE = 0.2, 0.45
"""Worker time of the reference, and of all final trainings together, for a second of the halving."""
REFERENCE_SHARE_OF_HOURS, FINAL_SHARE_OF_HOURS = 0.3, 2.2
"""The same in a search that is planned for some hours: there longer trainings use the time better than more configs.
Where the user says how many configs to try, hours only end the search, and the time is divided as without them."""
FINALS, MOST_FINALS, ENOUGH_STEPS = 4, 8, 1500
"""Final trainings by default; as many in a search of some hours as get so many steps each, each at its own
stage's speed of the first one, but at most so many."""
LEAST_STEPS = 400
"""A config is trained on at the largest stage at which the time is enough for so many steps."""
FINAL_EPOCHS, FINAL_PATIENCE, ANNEALED = 20, 8, 0.5
"""Epochs of a final training, those without a better one that end it, and the share in which the rate falls to 0."""
LOOKS, LONGEST_SECONDS = 8, 60.0
"""A reference that has time for fewer epochs, or whose epochs take longer, is validated at parts of an epoch."""
EARLY_STOP = "early stop"


@dataclass(frozen=True)
class TrainingSchedule:
    """How long an evaluation outside the halving trains.

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
    `reference_seconds` is for the reference, 0 for none; `final_seconds` for each of `count` final trainings;
    `test_seconds` for ensemble, test and report.
    """

    windows: int
    validation: int
    window_seconds: Mapping[str, float]
    reference_window_seconds: float
    reference_seconds: float
    final_seconds: float
    count: int
    test_seconds: float = 0.0


def extra_share(*, reference: bool, finals: int, hours: bool = False) -> float:
    """Worker time outside the halving for a second of it; `hours`: in a search that is planned for some."""
    of_reference, of_finals = _shares(hours)
    return of_reference * reference + of_finals * (finals > 0)


def reference_share_of_all(finals: int, *, hours: bool = False) -> float:
    """Share of all worker time that the reference has."""
    return _shares(hours)[0] / (1 + extra_share(reference=True, finals=finals, hours=hours))


def final_share_of_all(*, reference: bool, hours: bool = False) -> float:
    """Share of all worker time that final trainings have."""
    return _shares(hours)[1] / (1 + extra_share(reference=reference, finals=1, hours=hours))


def _shares(hours: bool) -> tuple[float, float]:
    return (REFERENCE_SHARE_OF_HOURS, FINAL_SHARE_OF_HOURS) if hours else (REFERENCE_SHARE, FINAL_SHARE)


def finals_that_fit(seconds: float, step_seconds: float, workers: int) -> int:
    """How many final trainings the worker time `seconds` is enough for, at steps of `step_seconds`.

    Whole rounds of the workers, where that is not more than fit.
    """
    fit = min(MOST_FINALS, max(FINALS, int(seconds / (ENOUGH_STEPS * step_seconds))))
    return fit - fit % workers if workers <= fit else fit


def trainable_stages(stages: Sequence[str], step_seconds: Mapping[str, float], seconds: float) -> tuple[str, ...]:
    """The stages at which `seconds` of a worker are enough for a final training; the smallest one in any case."""
    return tuple(
        stage for index, stage in enumerate(stages) if not index or seconds >= LEAST_STEPS * step_seconds[stage]
    )


def reference_schedule(plan: FinalsPlan, guide: Stage) -> TrainingSchedule:
    """The guide's own schedule at its stage `guide`, cut at its share of the time."""
    scored = FORECAST_SHARE * plan.validation
    affordable = plan.reference_seconds / plan.reference_window_seconds  # windows, trained on or scored
    epochs = affordable / (plan.windows + scored)
    long = (plan.windows + scored) * plan.reference_window_seconds / LONGEST_SECONDS
    parts = max(1, math.ceil(long), math.ceil(LOOKS / epochs) if epochs < LOOKS else 1)
    if parts == 1:
        return TrainingSchedule(min(guide.max_epochs, int(epochs)), None, guide.patience)
    part = min(plan.windows, max(guide.batch_size, math.ceil(plan.windows / parts)))
    stretch = plan.windows / part
    looks = max(1, int(affordable / (part + scored)))
    most = math.ceil(guide.max_epochs * stretch)
    return TrainingSchedule(min(looks, most), part, math.ceil(guide.patience * stretch), stretch)


def final_schedule(
    plan: FinalsPlan, stage: Stage, seconds: float, window_seconds: float | None = None
) -> TrainingSchedule:
    """A training of `seconds` at `stage` with the whole of the stage's decays.

    `window_seconds` as measured, where it was.
    """
    scored = FORECAST_SHARE * plan.validation
    affordable = seconds / (plan.window_seconds[stage.name] if window_seconds is None else window_seconds)
    part = math.ceil(affordable / FINAL_EPOCHS - scored)
    part = max(stage.batch_size, min(part, plan.windows))
    epochs = max(1, int(affordable / (part + scored)))
    return TrainingSchedule(
        max_epochs=epochs,
        windows_per_epoch=part if part < plan.windows else None,
        patience=max(FINAL_PATIENCE, round(epochs * FINAL_PATIENCE / FINAL_EPOCHS)),
        stretch=epochs / stage.max_epochs,
        anneal=ANNEALED,
    )


def finals_due(
    evaluations: Iterable[Evaluation],
    schedule: HalvingSchedule,
    count: int,
    *,
    closing: bool = False,
    stages: Collection[str] | None = None,
) -> list[Evaluation]:
    """The evaluations to train on: the best of each of the best `count` configs, as far as they were not yet.

    One that ended by early stopping is at its end already. While evaluations of the last stage are still under way,
    those that will be among the best however these end; before that none. `closing`: the time of the halving is
    over, and what is best now is trained on. No more than `count` are under way at a time. `stages`: the
    evaluations of these stages only; None: of all. A config that was trained on at some stage is due again at a larger
    one only: with less time left a smaller one may be its best among `stages`.
    """
    rows = list(evaluations)
    if count == 0 or not (closing or isinstance(decide(rows, schedule), Done)):
        return _due_early(rows, schedule, count)
    return _due(rows, schedule, count, stages)


def _due_early(rows: list[Evaluation], schedule: HalvingSchedule, count: int) -> list[Evaluation]:
    """What is due while the last stage is under way: an idle worker need not wait for its end."""
    open_rows = [row for row in latest_attempts(rows) if not row.state.is_finished]
    is_last = all(row.stage == schedule.stages[-1] for row in open_rows)
    if not is_last or not isinstance(decide(rows, schedule), Wait):
        return []
    under_way = {row.config_id for row in open_rows}
    others = [row for row in rows if row.config_id not in under_way]
    return _due(others, schedule, max(0, count - len(under_way)))


def _due(
    rows: list[Evaluation], schedule: HalvingSchedule, count: int, stages: Collection[str] | None = None
) -> list[Evaluation]:
    finals = [row for row in rows if row.control == FINAL]
    order, trained = schedule.stages.index, dict[int, int]()
    for row in finals:
        trained[row.config_id] = max(order(row.stage), trained.get(row.config_id, 0))
    due = [
        row
        for row in best_of_configs(row for row in rows if stages is None or row.stage in stages)[:count]
        if order(row.stage) > trained.get(row.config_id, -1) and not row.reason.startswith(EARLY_STOP)
    ]
    under_way = {row.key for row in finals} - {row.key for row in finals if row.state.is_finished}
    return due[: max(0, count - len(under_way))]


def best_of_configs(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """The best evaluation of each config in the halving, best first."""
    best: dict[int, Evaluation] = {}
    for row in ranked(latest_attempts(evaluations)):
        best.setdefault(row.config_id, row)
    return list(best.values())
