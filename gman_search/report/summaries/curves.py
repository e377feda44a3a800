"""Learning curves over the cumulative epochs of a lineage: quick, then medium, then full (pure)."""

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from gman_search.halving.table import Evaluation, State, contenders
from gman_search.record import Epoch, StudyRecord
from gman_search.report.summaries.frame import Frame, frame, thin
from gman_search.report.summaries.headline import winner
from gman_search.report.summaries.outside import outside_rows

__all__ = ["CurveChain", "CurveSegment", "CurveSummary", "curve_summary", "is_still_falling"]

MAX_POINTS = 200
"""Epochs drawn of one evaluation."""
MAX_FAINT = 150
"""Configs drawn that ended at the first stage: more are a cloud that hides the others."""
FALLING_SHARE = 0.01
"""A curve that gained more than this share of its level in its last quarter had not ended."""


@dataclass(frozen=True)
class CurveSegment:
    """One evaluation's part of a chain; `epochs` are cumulative over the lineage, errors in the data's unit.

    `stage` has the role of an evaluation outside the ladder with it: "quick final". `gained` is how far training
    went below the reading before its first step, none where there is no such reading: a grown model that was only
    disturbed gained nothing. `train_fell` is the share by which its last training MAE is below the first, or below
    the last of the smaller model if that is lower: growth disturbs the first. `resumed` are the epochs after which
    an attempt ended and another went on. `diagnosis` reads the curve in the guide's terms.
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
    """All evaluations of a config in ladder order with its final training, and how it ended.

    `fate` is "winner", "pruned", "failed", "running", or else the last stage the config completed. The reference has a
    chain of its own: its fate is "reference", or "winner".
    """

    config_id: int
    fate: str
    segments: tuple[CurveSegment, ...]


@dataclass(frozen=True)
class CurveSummary:
    """All chains but `hidden` of those that ended at the first stage.

    `borders` has the epoch where a stage begins, for stages that begin there in every chain.

    `growth_jumps` has, for each evaluation with a reading before its first step, that reading minus the best of the
    smaller model it grew from: zero when growth kept the function.
    """

    unit: str
    stages: tuple[str, ...]
    chains: tuple[CurveChain, ...]
    hidden: int
    borders: tuple[tuple[str, int], ...]
    growth_jumps: tuple[float, ...]
    frame: Frame | None

    @property
    def median_jump(self) -> float | None:
        """Middle of the growth jumps."""
        return median(self.growth_jumps) if self.growth_jumps else None


def curve_summary(record: StudyRecord) -> CurveSummary:
    """Join the curves of each config over the stages."""
    rows = {row.key: row for row in contenders(record.evaluations)}
    outside = outside_rows(record)
    best, resumed = winner(record), _resumes(record)
    chains = []
    for config_id in sorted({row.config_id for row in rows.values() if row.control != "reference"}):
        own = [rows[key] for stage in record.ladder.stages if (key := f"{stage}/{config_id}") in rows]
        finals = [row for row in outside if row.control == "final" and row.config_id == config_id]
        curves = {row.key: record.curves[row.key] for row in (*own, *finals) if record.curves.get(row.key)}
        segments = tuple(
            _segment(row, curves[row.key], curves.get(row.parent or "", ()), resumed.get(row.key, ()))
            for row in (*own, *finals)
            if row.key in curves
        )
        if segments:
            is_best = best is not None and best.config_id == config_id and best.control != "reference"
            fate = "winner" if is_best else _fate((own or finals)[-1])
            chains.append(CurveChain(config_id, fate, segments))
    for row in outside:
        if row.control == "reference" and record.curves.get(row.key):
            fate = "winner" if best is not None and best.key == row.key else "reference"
            segment = _segment(row, record.curves[row.key], (), resumed.get(row.key, ()))
            chains.append(CurveChain(row.config_id, fate, (segment,)))
    values = [value for chain in chains for segment in chain.segments for value in segment.val_mae]
    faint, _ = thin([chain for chain in chains if _is_faint(chain, record.ladder.stages)], MAX_FAINT)
    kept = tuple(chain for chain in chains if not _is_faint(chain, record.ladder.stages) or chain in faint)
    return CurveSummary(
        unit=record.unit,
        stages=record.ladder.stages,
        chains=kept,
        hidden=len(chains) - len(kept),
        borders=_borders(record.ladder.stages, chains),
        growth_jumps=_growth_jumps(record, rows),
        frame=frame(values, upper=0.8),
    )


def _is_faint(chain: CurveChain, stages: tuple[str, ...]) -> bool:
    """Ended at the first stage without a final training."""
    return chain.fate == stages[0] and all(segment.stage in stages for segment in chain.segments)


def is_still_falling(val_mae: list[float]) -> bool:
    """True when the best epoch is among the last and the last quarter still gained more than one percent."""
    if len(val_mae) < 4 or not all(map(math.isfinite, val_mae)):
        return False
    tail = max(1, len(val_mae) // 4)
    before, late = min(val_mae[:-tail]), min(val_mae[-tail:])
    return late < (1 - FALLING_SHARE) * before


def _resumes(record: StudyRecord) -> dict[str, tuple[int, ...]]:
    """Epochs at which an attempt was left, by key; those that left nothing to resume are not among them."""
    left: dict[str, set[int]] = {}
    final = {row.key: row for row in contenders(record.evaluations)}
    for row in record.evaluations:
        last = final.get(row.key)
        if row is not last and last is not None and 0 < row.epochs < last.epochs:
            left.setdefault(row.key, set()).add(row.epochs)
    return {key: tuple(sorted(epochs)) for key, epochs in left.items()}


def _segment(
    row: Evaluation, curve: tuple[Epoch, ...], parent: tuple[Epoch, ...], resumed: tuple[int, ...]
) -> CurveSegment:
    kept, _ = thin(curve, MAX_POINTS)
    return CurveSegment(
        stage=f"{row.stage} {row.control}".rstrip(),
        epochs=tuple(row.initial_epoch + point.epoch for point in kept),
        val_mae=tuple(point.val_mae if math.isfinite(point.val_mae) else None for point in kept),
        still_falling=is_still_falling([point.val_mae for point in curve if point.epoch > 0]),
        gained=_gained(curve),
        train_fell=_train_fell(curve, parent),
        resumed=tuple(row.initial_epoch + epoch for epoch in resumed),
        diagnosis=tuple(str(text) for text in row.facts.get("diagnosis") or ()),
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


def _fate(last: Evaluation) -> str:
    if last.state is State.COMPLETE:
        return last.stage
    return str(last.state) if last.state.is_finished else "running"


def _borders(stages: tuple[str, ...], chains: list[CurveChain]) -> tuple[tuple[str, int], ...]:
    result = []
    for stage in stages[1:]:
        starts = set()
        for chain in chains:
            for before, segment in pairwise(chain.segments):
                if segment.stage == stage:
                    starts.add(before.epochs[-1])
        if len(starts) == 1:
            result.append((stage, starts.pop()))
    return tuple(result)


def _growth_jumps(record: StudyRecord, rows: dict[str, Evaluation]) -> tuple[float, ...]:
    jumps = []
    for below, stage in pairwise(record.ladder.stages):
        for row in (row for row in rows.values() if not row.control):
            parent, curve = rows.get(f"{below}/{row.config_id}"), record.curves.get(row.key, ())
            if row.stage == stage and curve and curve[0].epoch == 0 and parent is not None:
                jump = None if parent.val_mae is None else curve[0].val_mae - parent.val_mae
                if jump is not None and math.isfinite(jump):
                    jumps.append(jump)
    return tuple(jumps)
