"""Evaluations outside the ladder that can win: the reference and final trainings (pure)."""

import math
from dataclasses import dataclass

from gman_search.halving.decide import ranked
from gman_search.halving.table import CONTENDERS, Evaluation, State, contenders, counted_once
from gman_search.record import StudyRecord
from gman_search.report.summaries.rivals import REFERENCE_NAME

__all__ = [
    "ROLE_NAMES",
    "OutsideCount",
    "brought",
    "outside_counts",
    "outside_rows",
    "reference_evaluation",
]

ROLE_NAMES = {"reference": REFERENCE_NAME, "final": "final training"}
"""How a person reads what `Evaluation.control` says."""


@dataclass(frozen=True)
class OutsideCount:
    """What became of the evaluations of one role, "reference" or "final"; `best` is a validation MAE."""

    role: str
    evaluations: int
    complete: int
    pruned: int
    failed: int
    unfinished: int
    attempts: int
    epochs: int
    seconds: float
    best: float | None


def outside_rows(record: StudyRecord) -> list[Evaluation]:
    """The attempts that count, the reference first, then final trainings by config."""
    rows = [row for row in contenders(record.evaluations) if row.control]
    return sorted(rows, key=lambda row: (CONTENDERS.index(row.control), row.config_id, row.stage))


def outside_counts(record: StudyRecord) -> tuple[OutsideCount, ...]:
    """One count a role that the study has."""
    found = []
    for role in CONTENDERS:
        rows = [row for row in outside_rows(record) if row.control == role]
        attempts = [row for row in record.evaluations if row.control == role]
        order = ranked(rows)
        if rows:
            found.append(
                OutsideCount(
                    role=role,
                    evaluations=len(rows),
                    complete=sum(row.state is State.COMPLETE for row in rows),
                    pruned=sum(row.state is State.PRUNED for row in rows),
                    failed=sum(row.state is State.FAILED for row in rows),
                    unfinished=sum(not row.state.is_finished for row in rows),
                    attempts=len(attempts),
                    epochs=sum(row.epochs for row in counted_once(attempts)),
                    seconds=sum(row.seconds for row in counted_once(attempts)),
                    best=order[0].val_mae if order else None,
                )
            )
    return tuple(found)


def reference_evaluation(record: StudyRecord) -> Evaluation | None:
    """The complete training of the reference config by the three-stage guide, the best if there are several."""
    return next(iter(ranked(row for row in outside_rows(record) if row.control == "reference")), None)


def _start_of(record: StudyRecord, row: Evaluation) -> Evaluation | None:
    """The evaluation that a final training goes on from: its parent, else the same config at the same stage."""
    by_key = {other.key: other for other in contenders(record.evaluations)}
    for key in (row.parent, f"{row.stage}/{row.config_id}"):
        if key in by_key and key != row.key:
            return by_key[key]
    return None


def brought(record: StudyRecord, row: Evaluation) -> tuple[float, float] | None:
    """Validation MAE before and after a final training; none where one of them is not known."""
    start = _start_of(record, row)
    before = math.nan if start is None or start.val_mae is None else start.val_mae
    after = math.nan if row.val_mae is None else row.val_mae
    return (before, after) if math.isfinite(before) and math.isfinite(after) else None
