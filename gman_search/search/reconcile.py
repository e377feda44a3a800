"""Bring the queue in line with history: lost evaluations are queued again, due promotions are added.

Idempotent and computed from history alone; runs under the study's lock before every claim.
"""

from datetime import datetime
from typing import Any

from optuna.trial import TrialState

from gman_search.halving.controls import Control, controls_due
from gman_search.halving.decide import Decision, Promote, Wait, decide
from gman_search.halving.table import Evaluation, State, latest_attempts
from gman_search.search.leases import Leases
from gman_search.search.studies import SearchStudies

__all__ = ["INTERRUPTED", "LEASE_LOST", "reconcile"]

INTERRUPTED = "interrupted"
LEASE_LOST = "worker lost: its lease ran out"


def reconcile(studies: SearchStudies, leases: Leases) -> Decision:
    """Fail what lost its worker, queue what must run again, add all due promotions; returns the next decision."""
    _fail_lost(studies, leases)
    _queue_again(studies)
    if not studies.evaluations():
        # The guide's own config is always the first one.
        stage = studies.ladder.stages[0]
        attrs = {"config_id": 0, "attempt": 1, "parent": None, "initial_epoch": 0, "seed": studies.seed_of(0, stage)}
        studies.add_waiting(stage, studies.spec.space.preset(), attrs)
    while isinstance(decision := decide(studies.evaluations(), studies.ladder), Promote):
        _promote(studies, decision)
    return decision if not _add_controls(studies) else Wait()


def _fail_lost(studies: SearchStudies, leases: Leases) -> None:
    live = leases.live()
    for stage in studies.ladder.stages:
        for trial in studies.trials(stage):
            if trial.state is not TrialState.RUNNING or trial._trial_id in live:
                continue
            # A trial claimed a moment ago may not show its lease yet, for instance one asked for by other software.
            started = trial.datetime_start or datetime.min
            if (datetime.now() - started).total_seconds() < min(1.0, leases.seconds):
                continue
            studies.storage.set_trial_user_attr(trial._trial_id, "reason", LEASE_LOST)
            studies.storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)


def _queue_again(studies: SearchStudies) -> None:
    for row in latest_attempts(studies.evaluations(), controls=True):
        if row.state is not State.FAILED:
            continue
        interrupted = row.reason == INTERRUPTED  # the user's wish, not a failure: the attempt counts no further
        if row.attempt >= studies.spec.search.max_attempts and not interrupted:
            continue
        attrs = {
            "config_id": row.config_id,
            "attempt": row.attempt if interrupted else row.attempt + 1,
            "parent": row.parent,
            "initial_epoch": row.initial_epoch,
            "seed": row.seed,
            "parent_folder": row.facts.get("parent_folder"),
            # An attempt that was stopped before its first epoch left nothing to continue.
            "resume_from": row.facts.get("folder"),
            **({"control": row.control} if row.control else {}),
        }
        studies.add_waiting(row.stage, row.params, attrs)


def _promote(studies: SearchStudies, promotion: Promote | Control) -> None:
    attrs: dict[str, Any] = {
        "config_id": promotion.config_id,
        "attempt": 1,
        "parent": None,
        "initial_epoch": 0,
        "seed": studies.seed_of(promotion.config_id, promotion.stage),
    }
    config = _source(studies.evaluations(), promotion.config_id, promotion.source or studies.ladder.stages[0])
    if promotion.source is not None:
        attrs |= {
            "parent": config.key,
            "parent_folder": config.facts.get("folder"),
            "initial_epoch": config.initial_epoch + config.epochs,
        }
    if isinstance(promotion, Control):
        attrs["control"] = promotion.kind
    studies.add_waiting(promotion.stage, config.params, attrs)


def _add_controls(studies: SearchStudies) -> bool:
    """Queue the controls that are due; whether any has still to end."""
    rows, spec = studies.evaluations(), studies.spec
    for control in controls_due(rows, studies.ladder, count=spec.search.controls, seed=spec.seed):
        _promote(studies, control)
    return any(row.control and not row.state.is_finished for row in studies.evaluations())


def _source(rows: list[Evaluation], config_id: int, stage: str) -> Evaluation:
    return next(row for row in latest_attempts(rows) if row.config_id == config_id and row.stage == stage)
