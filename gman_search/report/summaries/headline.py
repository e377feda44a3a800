"""The first thing a reader wants to know: which config won, how good it is, and what finding it took (pure)."""

import math
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from gman_search.halving.decide import Done, best_evaluation, decide, ranked
from gman_search.halving.table import Evaluation, State, contenders, counted_once, latest_attempts
from gman_search.record import StudyRecord, TestResult

__all__ = [
    "Cost",
    "Headline",
    "StepScore",
    "cost",
    "headline",
    "improvement",
    "leader",
    "marked_steps",
    "winner",
    "winner_test",
]

MARKED_STEPS = (3, 6, 12)
"""The steps every traffic paper reports: 15, 30 and 60 minutes ahead at five minutes a step."""


@dataclass(frozen=True)
class StepScore:
    """MAE of one forecast step alone, in the data's unit."""

    step: int
    minutes: int
    mae: float


@dataclass(frozen=True)
class Cost:
    """What the search took: wall-clock seconds of training and epochs over all attempts. Controls measure and do not
    search; theirs are `control_seconds`.

    `saved_share` compares the estimated cost of what was started with training every config at the last stage.
    `full_seconds` is what that would have taken at the measured mean of the last stage's complete evaluations.
    """

    seconds: float
    epochs: int
    configs: int
    saved_share: float | None
    full_seconds: float | None = None
    control_seconds: float = 0.0

    @property
    def measured_saved_share(self) -> float | None:
        """The share saved by measured times; none where no evaluation of the last stage is complete."""
        return 1.0 - self.seconds / self.full_seconds if self.full_seconds else None


@dataclass(frozen=True)
class Headline:
    """The winner and the price of finding it. `val_mae` is in `unit`.

    `overtaken_by` is the config that has done better since the winner was tested, and has no test of its own yet.
    """

    name: str
    unit: str
    finished: bool
    config_id: int | None
    stage: str | None
    val_mae: float | None
    params: tuple[tuple[str, Any], ...]
    steps: tuple[StepScore, ...]
    mean_test_mae: float | None
    overtaken_by: int | None
    cost: Cost


def winner(record: StudyRecord) -> Evaluation | None:
    """The evaluation that was tested, while the record has it complete; else the leader.

    A longer search may have found a better config whose test is still to come. The whole page then stays with the
    tested one, so that its validation and test errors belong to the same weights.
    """
    if record.test is not None:
        for row in ranked(contenders(record.evaluations)):
            if row.key == record.test.key:
                return row
    return leader(record)


def winner_test(record: StudyRecord) -> TestResult | None:
    """The test result, if it is the winner's."""
    best, test = winner(record), record.test
    if best is None or test is None or best.key != test.key:
        return None
    return test


def leader(record: StudyRecord) -> Evaluation | None:
    """The evaluation that a search would test."""
    return best_evaluation(record.evaluations, record.ladder)


def marked_steps(test: TestResult) -> tuple[int, ...]:
    """Steps 3, 6 and 12 where the horizon has them, else its last step."""
    marked = tuple(step for step in MARKED_STEPS if step in test.steps)
    return marked or tuple(sorted(test.steps)[-1:])


def improvement(baseline: float, ours: float) -> float:
    """Percent by which `ours` is below `baseline`; negative when it is worse, NaN where it has no meaning."""
    return 100.0 * (baseline - ours) / baseline if baseline > 0 else math.nan


def cost(record: StudyRecord) -> Cost:
    """Seconds and epochs spent, and the share saved against all configs in full."""
    once = counted_once(record.evaluations)
    rows = [row for row in once if not row.control]
    controls = sum(row.seconds for row in once if row.control)
    started = [row for row in rows if row.state is not State.WAITING]
    configs = len({row.config_id for row in started})
    units = record.provenance.get("cost_units") or {}
    saved = None
    if configs and all(stage in units for stage in record.ladder.stages):
        everything = configs * float(units[record.ladder.stages[-1]])
        spent = sum(float(units.get(row.stage, 0.0)) for row in started)
        saved = 1.0 - spent / everything if everything > 0 else None
    last = [row.seconds for row in ranked(latest_attempts(rows)) if row.stage == record.ladder.stages[-1]]
    full = configs * fmean(last) if last else None
    return Cost(sum(row.seconds for row in rows), sum(row.epochs for row in rows), configs, saved, full, controls)


def headline(record: StudyRecord) -> Headline:
    """Everything the top of the report says."""
    best, first, test = winner(record), leader(record), winner_test(record)
    steps: tuple[StepScore, ...] = ()
    if test is not None:
        steps = tuple(StepScore(q, q * record.step_minutes, test.steps[q].mae) for q in marked_steps(test))
    return Headline(
        name=record.name,
        unit=record.unit,
        finished=isinstance(decide(record.evaluations, record.ladder), Done),
        config_id=None if best is None else best.config_id,
        stage=None if best is None else best.stage,
        val_mae=None if best is None else best.val_mae,
        params=() if best is None else tuple(best.params.items()),
        steps=steps,
        mean_test_mae=None if test is None else test.mean.mae,
        overtaken_by=None if best is None or first is None or first.key == best.key else first.config_id,
        cost=cost(record),
    )
