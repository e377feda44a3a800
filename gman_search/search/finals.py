"""Queueing what is trained outside the ladder: the reference when a study begins, final trainings when it closes."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace

from gman_search.config import at_stage
from gman_search.halving.finals import (
    FINAL,
    REFERENCE,
    REFERENCE_SHARE,
    extra_share,
    final_schedule,
    finals_due,
    reference_schedule,
)
from gman_search.halving.preset import PRESET_ID
from gman_search.halving.table import Evaluation, State
from gman_search.search.studies import Clock, SearchStudies, begun_from
from gman_search.space import SearchSpace
from gman_search.stages import PRESETS, Stage

__all__ = ["queue_finals", "queue_reference"]

LEAST_SECONDS = 5.0
"""Of a final training: a shorter one is not begun."""
LATEST = 0.9
"""Share of the remaining time that is planned for; the rest is for what takes longer than before."""


def queue_reference(studies: SearchStudies, rows: Sequence[Evaluation], clock: Clock | None) -> bool:
    """Queue the reference config as the three-stage guide has it, where it is to be there and is not."""
    plan, settings = studies.finals, studies.spec.search
    if plan is None or not plan.reference_seconds or any(row.control == REFERENCE for row in rows):
        return False
    if clock is not None:
        share = REFERENCE_SHARE / (1 + extra_share(reference=True, finals=settings.finals, hours=True))
        left = share * settings.workers * (clock.until - time.time())
        plan = replace(plan, reference_seconds=min(plan.reference_seconds, max(1.0, left)))
    stage = studies.ladder.stages[0]
    attrs = {
        **studies.identity(stage, PRESET_ID, outside=True),
        "stage": stage,
        "control": REFERENCE,
        "schedule": reference_schedule(plan, PRESETS["quick"]).to_dict(),
    }
    studies.add_waiting(FINAL, SearchSpace().preset(), attrs)
    return True


def queue_finals(studies: SearchStudies, rows: Sequence[Evaluation], clock: Clock | None, *, closing: bool) -> bool:
    """Queue the final trainings that are due; whether there were any."""
    plan = studies.finals
    due = [] if plan is None else finals_due(rows, studies.ladder, plan.count, closing=closing)
    if plan is None or not due:
        return False
    seconds, workers = plan.final_seconds, studies.spec.search.workers
    if clock is not None:
        rounds = math.ceil(len(due) / workers)
        seconds = LATEST * (clock.until - time.time()) / rounds
        if seconds < LEAST_SECONDS:
            return False
    for row in due:
        stage = studies.spec.stage(row.stage)
        measured = None if clock is None else _window_seconds(rows, stage)
        attrs = {
            **studies.identity(row.stage, row.config_id, outside=True),
            **begun_from(row),
            "stage": row.stage,
            "control": FINAL,
            "schedule": final_schedule(plan, stage, seconds, measured).to_dict(),
        }
        studies.add_waiting(FINAL, row.params, attrs)
    return True


def _window_seconds(rows: Sequence[Evaluation], stage: Stage) -> float | None:
    """Seconds of training on one window at a stage, validation included, as the ladder's evaluations took."""
    found = [
        row
        for row in rows
        if row.stage == stage.name and not row.control and row.state is State.COMPLETE and row.seconds
    ]
    windows = sum(int(row.facts.get("steps", 0)) * at_stage(row.params, stage).batch_size for row in found)
    return sum(row.seconds for row in found) / windows if windows else None
