"""Warm against cold: what a grown model began with, what training added, and what its cold twin did (pure)."""

import math
from dataclasses import dataclass
from statistics import median

from gman_search.halving.table import CONTENDERS, Evaluation, State, latest_attempts
from gman_search.record import Epoch, StudyRecord

__all__ = ["ColdTwin", "GrownEvaluation", "GrowthSummary", "growth_summary"]


@dataclass(frozen=True)
class GrownEvaluation:
    """One grown evaluation. Validation MAE in the data's unit: the smaller model's best, the grown model before its
    first step, after its first epoch, and at its best. `inherited` is the share of its weights that were there."""

    config_id: int
    stage: str
    inherited: float | None
    before: float
    born: float
    first: float | None
    best: float


@dataclass(frozen=True)
class ColdTwin:
    """One config at one stage, grown and trained from random weights as well.

    The curves are (epoch, validation MAE) within the stage. `cold_epoch` is where the cold one was best, `matched` the
    first epoch at which the grown one was as good: none if it never was.
    """

    config_id: int
    stage: str
    grown: float
    cold: float
    cold_epoch: int
    matched: int | None
    grown_curve: tuple[tuple[int, float], ...]
    cold_curve: tuple[tuple[int, float], ...]

    @property
    def epochs_saved(self) -> int | None:
        """Epochs the grown one needed fewer to be as good as the cold one at its best."""
        return None if self.matched is None else self.cold_epoch - self.matched


@dataclass(frozen=True)
class GrowthSummary:
    """All grown evaluations in ladder order, and those that have a cold twin. `wanted` tells whether the study grows
    at all."""

    unit: str
    wanted: bool
    grown: tuple[GrownEvaluation, ...]
    twins: tuple[ColdTwin, ...]

    @property
    def median_jump(self) -> float | None:
        """Middle of the differences between the smaller model's best and the grown model before its first step."""
        return median(row.born - row.before for row in self.grown) if self.grown else None


def growth_summary(record: StudyRecord) -> GrowthSummary:
    """Grown evaluations with their epoch 0, and their cold twins."""
    rows = {
        row.key: row
        for row in latest_attempts(record.evaluations, controls=True)
        if row.control not in CONTENDERS  # nothing grew there
    }
    grown, twins = [], []
    for stage in record.ladder.stages:
        for row in rows.values():
            if row.stage != stage or row.state is not State.COMPLETE or row.control == "cold":
                continue
            curve = _finite(record.curves.get(row.key, ()))
            if found := _grown(row, rows.get(row.parent or ""), curve):
                grown.append(found)
            cold = rows.get(f"{row.key} cold")
            if not row.control and cold is not None and cold.state is State.COMPLETE and curve:
                twins += _twin(row, cold, curve, _finite(record.curves.get(cold.key, ())))
    halving = record.spec.get("halving") or {}
    return GrowthSummary(record.unit, halving.get("warm_start", "grow") != "none", tuple(grown), tuple(twins))


def _finite(curve: tuple[Epoch, ...]) -> dict[int, float]:
    return {point.epoch: point.val_mae for point in curve if math.isfinite(point.val_mae)}


def _grown(row: Evaluation, parent: Evaluation | None, curve: dict[int, float]) -> GrownEvaluation | None:
    if parent is None or parent.val_mae is None or row.val_mae is None or 0 not in curve:
        return None
    inherited = row.facts.get("inherited")
    return GrownEvaluation(
        config_id=row.config_id,
        stage=row.stage,
        inherited=None if inherited is None else float(inherited),
        before=parent.val_mae,
        born=curve[0],
        first=curve.get(1),
        best=row.val_mae,
    )


def _twin(row: Evaluation, cold: Evaluation, ours: dict[int, float], theirs: dict[int, float]) -> list[ColdTwin]:
    trained = {epoch: value for epoch, value in theirs.items() if epoch > 0}
    if row.val_mae is None or cold.val_mae is None or not trained:
        return []
    level = min(trained.values())
    return [
        ColdTwin(
            config_id=row.config_id,
            stage=row.stage,
            grown=row.val_mae,
            cold=cold.val_mae,
            cold_epoch=min(epoch for epoch, value in trained.items() if value == level),
            matched=min((epoch for epoch, value in ours.items() if value <= level), default=None),
            grown_curve=tuple(sorted(ours.items())),
            cold_curve=tuple(sorted(theirs.items())),
        )
    ]
