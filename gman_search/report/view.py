"""A study as the report reads it: what follows from its record, derived once and typed (pure)."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from gman_search.halving.evaluations import CONTENDERS, Evaluation, contenders, latest_attempts
from gman_search.halving.promotion import Done, best_evaluation, decide, ranked
from gman_search.provenance import Provenance
from gman_search.record import Epoch, StudyRecord, TestResult
from gman_search.space import Choice, FloatRange, IntRange
from gman_search.spec import StudySpec

__all__ = ["REFERENCE_NAME", "ROLE_NAMES", "Dimension", "Source", "StudyView", "improvement", "marked_steps"]

REFERENCE_NAME = "reference (three-stage guide)"
ROLE_NAMES = {"reference": REFERENCE_NAME, "final": "final training"}
"""Names of the roles in `Evaluation.control`, for people."""
MARKED_STEPS = (3, 6, 12)
"""The steps every traffic paper reports: 15, 30 and 60 minutes ahead at five minutes a step."""

Dimension = FloatRange | IntRange | Choice
Found = TypeVar("Found")
This = TypeVar("This", bound="Source")


@dataclass(frozen=True)
class Source:
    """What figures are computed from. Results are kept, because several figures and checks read the same one."""

    _found: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def of(self: This, compute: Callable[[This], Found]) -> Found:
        """`compute(self)`, done once.

        Example:
            >>> view.of(timeline.compute) is view.of(timeline.compute)
            True
        """
        if compute not in self._found:
            self._found[compute] = compute(self)
        found: Found = self._found[compute]
        return found


@dataclass(frozen=True)
class StudyView(Source):
    """The record of a study with all that several parts of a report derive from it.

    Everything is computed when it is first asked for. The record does not change; a study that goes on has a new one.
    """

    record: StudyRecord

    @property
    def name(self) -> str:
        """The study's name."""
        return self.record.name

    @property
    def unit(self) -> str:
        """Unit of the readings and of every MAE and RMSE."""
        return self.record.unit

    @property
    def step_minutes(self) -> int:
        """Minutes between two readings."""
        return self.record.step_minutes

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages, the cheapest first."""
        return self.record.schedule.stages

    @property
    def test(self) -> TestResult | None:
        """The test result, whoever it is of; see `winner_test`."""
        return self.record.test

    @cached_property
    def spec(self) -> StudySpec:
        """The specification; settings that the record does not have are at their defaults."""
        return StudySpec.model_validate(self.record.spec)

    @cached_property
    def searched(self) -> Mapping[str, Dimension]:
        """The dimensions of the space that have more than one value."""
        return {name: one for name, one in self.spec.space.dimensions().items() if _is_searched(one)}

    @cached_property
    def fixed(self) -> Mapping[str, Any]:
        """The dimensions of the space that have a single value, with that value."""
        return {name: one.default for name, one in self.spec.space.dimensions().items() if not _is_searched(one)}

    @cached_property
    def provenance(self) -> Provenance:
        """When, where and on what data the study was made."""
        return Provenance.of(self.record.provenance)

    @cached_property
    def latest(self) -> tuple[Evaluation, ...]:
        """The attempt that counts of every evaluation of the stages; no controls, reference or final trainings."""
        return tuple(latest_attempts(self.record.evaluations))

    @cached_property
    def latest_of_all(self) -> tuple[Evaluation, ...]:
        """The attempt that counts of every evaluation, with controls, reference and final trainings."""
        return tuple(latest_attempts(self.record.evaluations, controls=True))

    @cached_property
    def contenders(self) -> Mapping[str, Evaluation]:
        """The evaluations that can win, by key."""
        return {row.key: row for row in contenders(self.record.evaluations)}

    @cached_property
    def outside(self) -> tuple[Evaluation, ...]:
        """The reference, then final trainings by config: they can win, but take no place at a stage."""
        rows = [row for row in self.contenders.values() if row.control]
        return tuple(sorted(rows, key=lambda row: (CONTENDERS.index(row.control), row.config_id, row.stage)))

    @cached_property
    def _ranked(self) -> Mapping[str | None, tuple[Evaluation, ...]]:
        rows = tuple(ranked(self.latest))
        stages: tuple[str | None, ...] = (None, *self.stages)
        return {stage: tuple(row for row in rows if stage in (None, row.stage)) for stage in stages}

    def ranked(self, stage: str | None = None) -> tuple[Evaluation, ...]:
        """Complete evaluations of one stage, or of all, the lowest validation MAE first."""
        return self._ranked[stage]

    def rows_at(self, stage: str) -> tuple[Evaluation, ...]:
        """All evaluations of one stage, in the order in which they began."""
        return tuple(row for row in self.latest if row.stage == stage)

    def promoted_from(self, stage: str) -> frozenset[int]:
        """The configs that went on from `stage` to the next one."""
        above = self.stages[self.stages.index(stage) + 1 :][:1]
        return frozenset(row.config_id for row in self.latest if row.stage in above)

    @cached_property
    def is_finished(self) -> bool:
        """Whether the search has nothing left to do."""
        return isinstance(decide(self.record.evaluations, self.record.schedule), Done)

    @cached_property
    def leader(self) -> Evaluation | None:
        """The evaluation that a search would test now."""
        return best_evaluation(self.record.evaluations, self.record.schedule)

    @cached_property
    def winner(self) -> Evaluation | None:
        """The evaluation that was tested, while the record has it complete; else the leader.

        A longer search may have found a better config whose test is still to come. The page then stays with the tested
        one, so that its validation and test errors belong to the same weights.
        """
        tested = None if self.test is None else self.contenders.get(self.test.key)
        return self.leader if tested is None or not ranked([tested]) else tested

    @cached_property
    def config_winner(self) -> Evaluation | None:
        """The winner, unless it is the reference: that has settings of its own and is no config of the space."""
        return None if self.winner is None or self.winner.control == "reference" else self.winner

    @cached_property
    def winner_test(self) -> TestResult | None:
        """The test result, if it is the winner's."""
        if self.winner is None or self.test is None or self.winner.key != self.test.key:
            return None
        return self.test

    @cached_property
    def reference(self) -> Evaluation | None:
        """The complete training of the reference config by the three-stage guide, the best if there are several."""
        return next(iter(ranked(row for row in self.outside if row.control == "reference")), None)

    def lineage(self, config_id: int) -> tuple[Evaluation, ...]:
        """A config's evaluations, the first stage first, then its final trainings."""
        keys = (f"{stage}/{config_id}" for stage in self.stages)
        finals = (row for row in self.outside if row.control == "final" and row.config_id == config_id)
        return (*(self.contenders[key] for key in keys if key in self.contenders), *finals)

    def curve(self, row: Evaluation) -> tuple[Epoch, ...]:
        """The epochs of an evaluation; empty where its curve was not recorded."""
        return self.record.curves.get(row.key, ())

    def final_change(self, row: Evaluation) -> tuple[float, float] | None:
        """Validation MAE before and after a final training; None where one of them is not known."""
        start = next(self._starts(row), None)
        before = math.nan if start is None or start.val_mae is None else start.val_mae
        after = math.nan if row.val_mae is None else row.val_mae
        return (before, after) if math.isfinite(before) and math.isfinite(after) else None

    def _starts(self, row: Evaluation) -> Iterator[Evaluation]:
        """What a final training may have started from: its parent, else the same config at the same stage."""
        for key in (row.parent, f"{row.stage}/{row.config_id}"):
            if key is not None and key in self.contenders and key != row.key:
                yield self.contenders[key]


def improvement(baseline: float, ours: float) -> float:
    """Percent by which `ours` is below `baseline`; negative when it is worse, NaN where it has no meaning."""
    return 100.0 * (baseline - ours) / baseline if baseline > 0 else math.nan


def marked_steps(test: TestResult) -> tuple[int, ...]:
    """Steps 3, 6 and 12 where the horizon has them, else its last step."""
    marked = tuple(step for step in MARKED_STEPS if step in test.steps)
    return marked or tuple(sorted(test.steps)[-1:])


def _is_searched(dimension: Dimension) -> bool:
    return len(dimension.choices) > 1 if isinstance(dimension, Choice) else dimension.low != dimension.high
