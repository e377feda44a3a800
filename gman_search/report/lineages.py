"""Learning curves over the cumulative epochs of a lineage: quick, then medium, then full (pure)."""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from gman_search.halving.evaluations import Evaluation, State
from gman_search.provenance import EvaluationFacts
from gman_search.record import Epoch
from gman_search.report.axis_range import downsample
from gman_search.report.figure import Table
from gman_search.report.formats import count
from gman_search.report.view import StudyView

__all__ = [
    "CurveChain",
    "CurveSegment",
    "DiagnosisCount",
    "chains",
    "diagnosis_counts",
    "diagnosis_table",
    "growth_jumps",
    "is_still_falling",
]

MAX_POINTS = 200
"""Epochs drawn of one evaluation."""
FALLING_SHARE = 0.01
"""A curve that gained more than this share of its level in its last quarter was still falling."""


@dataclass(frozen=True)
class CurveSegment:
    """One evaluation's part of a chain; `epochs` are cumulative over the lineage, errors in the data's unit.

    `stage` includes the role of an evaluation outside the stages: "quick final". `gained` is how far training went
    below the value before its first step, None where there is no such value: a grown model that was only disturbed
    gained nothing. `train_fell` is the share by which its last training MAE is below the first, or below the last of
    the smaller model if that is lower: growth disturbs the first. `resumed` are the epochs after which an attempt
    ended and another went on. `diagnosis` has the readings of the curve in the three-stage guide's terms.
    """

    stage: str
    epochs: tuple[int, ...]
    val_mae: tuple[float | None, ...]
    still_falling: bool
    gained: float | None = None
    train_fell: float | None = None
    resumed: tuple[int, ...] = ()
    diagnosis: tuple[str, ...] = ()


@dataclass(frozen=True)
class CurveChain:
    """All evaluations of a config, the first stage first, with its final trainings, and how it ended.

    `final_state` is "winner", "pruned", "failed", "running", or else the last stage the config completed. The reference
    has a chain of its own: its `final_state` is "reference", or "winner".
    """

    config_id: int
    final_state: str
    segments: tuple[CurveSegment, ...]


def chains(view: StudyView) -> tuple[CurveChain, ...]:
    """The curves of each config joined over its stages, and the reference with a chain of its own."""
    best, resumed, found = view.winner, _resumes(view), []
    for config_id in sorted({row.config_id for row in view.contenders.values() if row.control != "reference"}):
        rows = view.lineage(config_id)
        curves = {row.key: view.curve(row) for row in rows if view.curve(row)}
        segments = tuple(
            _segment(row, curves[row.key], curves.get(row.parent or "", ()), resumed.get(row.key, ()))
            for row in rows
            if row.key in curves
        )
        if segments:
            is_best = best is not None and best.config_id == config_id and best.control != "reference"
            last = ([row for row in rows if not row.control] or rows)[-1]
            found.append(CurveChain(config_id, "winner" if is_best else _final_state(last), segments))
    for row in view.outside:
        if row.control == "reference" and view.curve(row):
            state = "winner" if best is not None and best.key == row.key else "reference"
            segment = _segment(row, view.curve(row), (), resumed.get(row.key, ()))
            found.append(CurveChain(row.config_id, state, (segment,)))
    return tuple(found)


def is_still_falling(val_mae: list[float]) -> bool:
    """True when the best epoch is among the last and the last quarter still gained more than one percent."""
    if len(val_mae) < 4 or not all(map(math.isfinite, val_mae)):
        return False
    tail = max(1, len(val_mae) // 4)
    before, late = min(val_mae[:-tail]), min(val_mae[-tail:])
    return late < (1 - FALLING_SHARE) * before


def _resumes(view: StudyView) -> dict[str, tuple[int, ...]]:
    """Epochs at which an attempt was left, by key; those that left nothing to resume are not among them."""
    left: dict[str, set[int]] = {}
    for row in view.record.evaluations:
        last = view.contenders.get(row.key)
        if row is not last and last is not None and 0 < row.epochs < last.epochs:
            left.setdefault(row.key, set()).add(row.epochs)
    return {key: tuple(sorted(epochs)) for key, epochs in left.items()}


def _segment(
    row: Evaluation, curve: tuple[Epoch, ...], parent: tuple[Epoch, ...], resumed: tuple[int, ...]
) -> CurveSegment:
    kept, _ = downsample(curve, MAX_POINTS)
    return CurveSegment(
        stage=f"{row.stage} {row.control}".rstrip(),
        epochs=tuple(row.initial_epoch + point.epoch for point in kept),
        val_mae=tuple(point.val_mae if math.isfinite(point.val_mae) else None for point in kept),
        still_falling=is_still_falling([point.val_mae for point in curve if point.epoch > 0]),
        gained=_gained(curve),
        train_fell=_train_fell(curve, parent),
        resumed=tuple(row.initial_epoch + epoch for epoch in resumed),
        diagnosis=EvaluationFacts.of(row).diagnosis,
    )


def _gained(curve: tuple[Epoch, ...]) -> float | None:
    trained = [point.val_mae for point in curve if point.epoch > 0 and math.isfinite(point.val_mae)]
    born = [point.val_mae for point in curve if point.epoch == 0 and math.isfinite(point.val_mae)]
    return born[0] - min(trained) if born and trained else None


def _train_fell(curve: tuple[Epoch, ...], parent: tuple[Epoch, ...]) -> float | None:
    errors, before = _train_errors(curve), _train_errors(parent)
    if len(errors) < 2:
        return None
    began = min(errors[:1] + before[-1:])
    return 1 - errors[-1] / began if began > 0 else None


def _train_errors(curve: tuple[Epoch, ...]) -> list[float]:
    return [point.train_mae for point in curve if point.train_mae is not None and math.isfinite(point.train_mae)]


def _final_state(last: Evaluation) -> str:
    if last.state is State.COMPLETE:
        return last.stage
    return str(last.state) if last.state.is_finished else "running"


def growth_jumps(view: StudyView) -> tuple[float, ...]:
    """Validation MAE of each grown model before its first step, minus the best of the smaller model."""
    rows, jumps = view.contenders, []
    for below, stage in pairwise(view.stages):
        for row in (row for row in rows.values() if not row.control):
            parent, curve = rows.get(f"{below}/{row.config_id}"), view.curve(row)
            if row.stage == stage and curve and curve[0].epoch == 0 and parent is not None:
                jump = None if parent.val_mae is None else curve[0].val_mae - parent.val_mae
                if jump is not None and math.isfinite(jump):
                    jumps.append(jump)
    return tuple(jumps)


@dataclass(frozen=True)
class DiagnosisCount:
    """How many evaluations of each stage a reading of the learning curve applies to."""

    text: str
    by_stage: tuple[tuple[str, int], ...]


def diagnosis_counts(view: StudyView) -> tuple[DiagnosisCount, ...]:
    """The readings of the learning curves, the most frequent first."""
    found = Counter((text, row.stage) for row in view.latest for text in EvaluationFacts.of(row).diagnosis)
    totals: Counter[str] = Counter()
    for (text, _), number in found.items():
        totals[text] += number
    order = sorted(totals, key=lambda text: (-totals[text], text))
    return tuple(DiagnosisCount(text, tuple((stage, found[text, stage]) for stage in view.stages)) for text in order)


def diagnosis_table(counts: tuple[DiagnosisCount, ...]) -> Table:
    """How often each reading of a learning curve applies."""
    stages = tuple(stage for stage, _ in counts[0].by_stage) if counts else ()
    rows = tuple((row.text, *(count(number) for _, number in row.by_stage)) for row in counts)
    return Table(("reading of the learning curve", *stages), rows)
