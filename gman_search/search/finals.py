"""Queueing what is trained outside the ladder: the reference when a study begins, final trainings when it closes."""

import math
import time
from collections.abc import Sequence

from gman_search.halving.finals import FINAL, REFERENCE, final_schedule, finals_due, reference_schedule
from gman_search.halving.preset import PRESET_ID
from gman_search.halving.table import Evaluation, State
from gman_search.search.studies import Clock, SearchStudies
from gman_search.space import SearchSpace
from gman_search.stages import PRESETS

__all__ = ["queue_finals", "queue_reference"]

LATEST = 0.9
"""Share of the remaining time that is planned for; the rest is for what takes longer than before."""


def queue_reference(studies: SearchStudies) -> None:
    """Queue the reference config as the three-stage guide has it, if the study is to have it."""
    plan = studies.finals
    if plan is None or not plan.reference_seconds:
        return
    stage = studies.ladder.stages[0]
    attrs = {
        "config_id": PRESET_ID,
        "stage": stage,
        "attempt": 1,
        "parent": None,
        "initial_epoch": 0,
        "seed": studies.seed_of(PRESET_ID, stage, outside=True),
        "control": REFERENCE,
        "schedule": reference_schedule(plan, PRESETS["quick"]).to_dict(),
    }
    studies.add_waiting(FINAL, SearchSpace().preset(), attrs)


def queue_finals(studies: SearchStudies, rows: Sequence[Evaluation], clock: Clock | None, *, closing: bool) -> bool:
    """Queue the final trainings that are due; whether there were any."""
    plan = studies.finals
    due = [] if plan is None else finals_due(rows, studies.ladder, plan.count, closing=closing)
    if plan is None or not due:
        return False
    seconds, workers = plan.final_seconds, studies.spec.search.workers
    if clock is not None:
        rounds = math.ceil(len(due) / workers)
        seconds = max(1.0, LATEST * (clock.until - time.time()) / rounds)
    for row in due:
        stage = studies.spec.stage(row.stage)
        measured = None if clock is None else _window_seconds(rows, row.stage, stage.batch_size)
        attrs = {
            "config_id": row.config_id,
            "stage": row.stage,
            "attempt": 1,
            "parent": row.key,
            "parent_folder": row.facts.get("folder"),
            "parent_artifacts": row.facts.get("artifacts"),
            "initial_epoch": row.initial_epoch + row.epochs,
            "seed": studies.seed_of(row.config_id, row.stage, outside=True),
            "control": FINAL,
            "schedule": final_schedule(plan, stage, seconds, measured).to_dict(),
        }
        studies.add_waiting(FINAL, row.params, attrs)
    return True


def _window_seconds(rows: Sequence[Evaluation], stage: str, batch_size: int) -> float | None:
    """Seconds of training on one window at a stage, validation included, as the ladder's evaluations took."""
    found = [
        row for row in rows if row.stage == stage and not row.control and row.state is State.COMPLETE and row.seconds
    ]
    steps = sum(int(row.facts.get("steps", 0)) for row in found)
    return sum(row.seconds for row in found) / (steps * batch_size) if steps else None
