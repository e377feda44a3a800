"""Evaluations outside the halving that can win, and how long they train: the reference, and final trainings (pure).

- The reference is the original GMAN with the settings and the training schedule of the three-stage guide's quick stage.
  It takes no part in the halving, and only its share of the time ends it. So a search does not end worse than none.
- Halving trains briefly, and its winner is half-trained. When it is done, the best configs are trained on from their
  own weights, with a learning rate that falls to 0 at the end. The best of the final trainings usually wins.

Both take no place in a rung and are never promoted.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from gman_search.config import Hyperparameters
from gman_search.halving.cost import FORECAST_SHARE
from gman_search.stages import Stage

__all__ = [
    "AT_MOST",
    "FINAL",
    "FINALS",
    "FINAL_SHARE",
    "LEAST_STEPS",
    "MOST_FINALS",
    "REFERENCE",
    "REFERENCE_SHARE",
    "SHORTEST_STEPS",
    "TESTED",
    "FinalsPlan",
    "TrainingSchedule",
    "extra_share",
    "final_schedule",
    "final_share_of_all",
    "finals_that_fit",
    "further_final_seconds",
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
FINALS, MOST_FINALS, ENOUGH_STEPS, FEW_STEPS = 4, 8, 1500, 600
"""Final trainings by default; in a search of some hours as many as get ENOUGH_STEPS each, each at its own stage's speed
of the first one, but at most so many, and fewer than FINALS where those would not even get FEW_STEPS."""
LEAST_STEPS, SHORTEST_STEPS = 400, 200
"""A config is trained on at the largest stage at which the time is enough for LEAST_STEPS. What is left when all is
trained is used down to SHORTEST_STEPS."""
FURTHER_STEPS = 3000
"""About so many are for a further final training, where the planned ones left time over by stopping early."""
FINAL_EPOCHS, FINAL_PATIENCE, ANNEALED = 20, 8, 0.5
"""Epochs of a final training, those without a better one that end it, and the share in which the rate falls to 0. None
is ended within LEAST_STEPS: what a short one gains it gains when the rate falls."""
LOOKS_SHARE = 0.2
"""Validation takes at most so much of a final training's time: where it would take more, there are fewer epochs, and at
least LOOKS. On Orange County 20 of them took half of three minutes."""
AT_MOST = "at_most_seconds"
"""Attribute of a reference in a search of some hours: its share of them, which no epoch is begun after."""
TESTED = 11
"""About so many GMANs forecast the test part: members of the ensemble, those shown, and the preset. On US-101 a test
that was planned for 13 took 0.77 of its time."""
LOOKS, LONGEST_SECONDS = 8, 60.0
"""A reference that has time for fewer epochs, or whose epochs take longer, is validated at parts of an epoch. A final
training is validated at least LOOKS times."""


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
    `test_seconds` are for ensemble, test and report, in which every candidate forecasts `tested_windows`;
    `other_test_seconds` of them are no forecasts of GMANs. `first_fit_seconds` are of the baselines, before the search.
    """

    windows: int
    validation: int
    window_seconds: Mapping[str, float]
    reference_window_seconds: float
    reference_seconds: float
    final_seconds: float
    count: int
    test_seconds: float = 0.0
    tested_windows: int = 0
    other_test_seconds: float = 0.0
    first_fit_seconds: float = 0.0


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

    Whole rounds of the workers, where that is not more than fit. At least one for each worker, up to FINALS.
    """
    with_few = min(FINALS, max(1, workers, int(seconds / (FEW_STEPS * step_seconds))))
    fit = min(MOST_FINALS, max(with_few, int(seconds / (ENOUGH_STEPS * step_seconds))))
    return fit - fit % workers if workers <= fit else fit


def further_final_seconds(seconds: float, step_seconds: float) -> float:
    """Seconds of a further final training by a worker that has `seconds` left, at steps of `step_seconds`."""
    return seconds / max(1, int(seconds / (FURTHER_STEPS * step_seconds)))


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
    looks = min(FINAL_EPOCHS, max(LOOKS, int(LOOKS_SHARE * affordable / scored))) if scored else FINAL_EPOCHS
    part = math.ceil(affordable / looks - scored)
    part = max(stage.batch_size, min(part, plan.windows))
    epochs = max(1, int(affordable / (part + scored)))
    return TrainingSchedule(
        max_epochs=epochs,
        windows_per_epoch=part if part < plan.windows else None,
        patience=max(round(epochs * FINAL_PATIENCE / FINAL_EPOCHS), math.ceil(LEAST_STEPS * stage.batch_size / part)),
        stretch=epochs / stage.max_epochs,
        anneal=ANNEALED,
    )
