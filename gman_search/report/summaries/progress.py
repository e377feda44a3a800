"""The best validation MAE so far against what it cost: training time, not the number of configs (pure)."""

import math
from dataclasses import dataclass

from gman_search.halving.table import CONTENDERS, State
from gman_search.record import StudyRecord
from gman_search.report.summaries.headline import winner

__all__ = ["ProgressLine", "ProgressPoint", "ProgressSummary", "progress"]


@dataclass(frozen=True)
class ProgressPoint:
    """`config_id` brought the best of its stage down to `val_mae` after `seconds` of training by all workers."""

    seconds: float
    val_mae: float
    config_id: int


@dataclass(frozen=True)
class ProgressLine:
    """One stage: its improvements in order of time. A smaller stage's better value never counts for a larger one."""

    stage: str
    points: tuple[ProgressPoint, ...]


@dataclass(frozen=True)
class ProgressSummary:
    """All stages; `found_after` is the training time when the winner was complete, `winner_mae` its validation MAE.

    `outside` has the improvements of the reference and of final trainings, whose roles stand for stages.
    """

    unit: str
    lines: tuple[ProgressLine, ...]
    seconds: float
    found_after: float | None
    outside: tuple[ProgressLine, ...] = ()
    winner_mae: float | None = None


def progress(record: StudyRecord) -> ProgressSummary:
    """Improvements of each stage over training time, in the order in which evaluations ended."""
    best = winner(record)
    done = [row for row in record.evaluations if row.state.is_finished]
    if all("ended" in row.facts for row in done):
        done.sort(key=lambda row: float(row.facts["ended"]))
    points: dict[str, list[ProgressPoint]] = {stage: [] for stage in record.ladder.stages}
    spent, found_after = 0.0, None
    for row in done:
        spent += row.seconds
        if (
            row.control not in ("", *CONTENDERS)
            or row.state is not State.COMPLETE
            or row.val_mae is None
            or not math.isfinite(row.val_mae)
        ):
            continue
        line = points.setdefault(row.control or row.stage, [])
        if not line or row.val_mae < line[-1].val_mae:
            line.append(ProgressPoint(spent, row.val_mae, row.config_id))
        if best is not None and row.key == best.key:
            found_after = spent
    known = tuple(ProgressLine(name, tuple(found)) for name, found in points.items() if found)
    lines = tuple(line for line in known if line.stage not in CONTENDERS)
    outside = tuple(line for line in known if line.stage in CONTENDERS)
    return ProgressSummary(record.unit, lines, spent, found_after, outside, None if best is None else best.val_mae)
