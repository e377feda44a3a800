"""The first thing a reader wants to know: which config won, how good it is, and what finding it took (pure)."""

import math
from dataclasses import dataclass
from typing import Any

from gman_search.halving.decide import Done, best_evaluation, decide, ranked
from gman_search.halving.table import Evaluation, contenders
from gman_search.record import StudyRecord, TestResult
from gman_search.report.summaries.cost import Cost, cost
from gman_search.report.summaries.rivals import Defeat, defeats

__all__ = [
    "Delivery",
    "Headline",
    "StepScore",
    "delivery",
    "headline",
    "improvement",
    "ladder_winner",
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
class Delivery:
    """What `predict` uses: an ensemble of `members` forecasters, or with 0 members the winner alone.

    `only` names the member of an ensemble of one. Test MAE in the data's unit.
    """

    config_id: int
    members: int
    only: str
    steps: tuple[StepScore, ...]
    mean: float


@dataclass(frozen=True)
class Headline:
    """What is delivered, the winner and the price of finding it. `val_mae` is in `unit`.

    `role` is "reference" or "final" where the winner is outside the ladder. `defeats` are where what is delivered
    or the winner loses; they are said before all else. `overtaken_by` is the config that has done better since the
    winner was tested, and has no test of its own yet.
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
    role: str = ""
    delivery: Delivery | None = None
    defeats: tuple[Defeat, ...] = ()


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


def ladder_winner(record: StudyRecord) -> Evaluation | None:
    """The winner, unless it is the reference: that has settings of its own and is no config of the space."""
    best = winner(record)
    return None if best is None or best.control == "reference" else best


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


def delivery(record: StudyRecord) -> Delivery | None:
    """What is delivered; none before the test."""
    test = winner_test(record)
    if test is None:
        return None
    found = test.ensemble or test
    members = () if test.ensemble is None else test.ensemble.members
    steps = tuple(
        StepScore(q, q * record.step_minutes, found.steps[q].mae) for q in marked_steps(test) if q in found.steps
    )
    return Delivery(test.config_id, len(members), members[0].name if len(members) == 1 else "", steps, found.mean.mae)


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
        role="" if best is None else best.control,
        delivery=delivery(record),
        defeats=defeats(test, record.step_minutes),
    )
