"""Bring the queue in line with history: lost evaluations are queued again, due promotions are added.

Idempotent and computed from history alone; runs under the study's lock before every claim.
"""

import time
from typing import NamedTuple

from gman_search.halving.ablations import Ablation, ablations_due
from gman_search.halving.evaluations import CONTENDERS, Evaluation, State, latest_attempts
from gman_search.halving.finals import FINAL
from gman_search.halving.promotion import Decision, Done, Promote, Wait, decide
from gman_search.halving.reference_config import reference_config_evaluations
from gman_search.halving.retries import LEASE_LOST, rule_for
from gman_search.tuning.finals import queue_finals, queue_reference
from gman_search.tuning.manual_changes import refuse_strays
from gman_search.tuning.search_study import SearchStudy, begun_from
from gman_search.tuning.stored_study import Clock
from gman_search.tuning.trial_store import StoredTrial

__all__ = ["Reconciled", "reconcile"]


class Reconciled(NamedTuple):
    """The next decision, the trials of each stage it was made on, and the clock of the run that is under way."""

    decision: Decision
    trials: dict[str, list[StoredTrial]]
    clock: Clock | None


def reconcile(study: SearchStudy) -> Reconciled:
    """Fail what lost its worker, queue what must run again, add all due promotions; returns the next decision.

    The table is read once, and again only after something was written: under the lock nobody else decides.
    """
    trials = study.store.read()
    if _fail_lost(study, trials) | refuse_strays(study, trials):
        trials = study.store.read()
    rows = study.rows(trials)
    if _queue_again(study, rows) or not rows:
        if not rows:
            study.queue_first()
        trials = study.store.read()
        rows = study.rows(trials)
    clock = study.clock()
    closing = clock is not None and time.time() > clock.search_until
    if not closing and queue_reference(study, rows, clock):
        trials = study.store.read()
        rows = study.rows(trials)
    while isinstance(decision := decide(rows, study.schedule), Promote) and not closing:
        _promote(study, rows, decision)
        trials = study.store.read()
        rows = study.rows(trials)
    due = ablations_due(rows, study.schedule, count=study.spec.search.control_runs, seed=study.spec.seed)
    for control in due:
        _promote(study, rows, control)
    if due:
        trials = study.store.read()
        rows = study.rows(trials)
    if queue_finals(study, rows, clock, closing=closing):
        trials = study.store.read()
        rows = study.rows(trials)
    outside_open = any(row.control and not row.state.is_finished for row in rows)
    if closing or isinstance(decision, Done):
        open_at_all = outside_open or any(not row.state.is_finished for row in rows)
        decision = Wait() if open_at_all else Done()
    return Reconciled(decision, trials, clock)


def _fail_lost(study: SearchStudy, trials: dict[str, list[StoredTrial]]) -> bool:
    store, changed = study.store, False
    running = [trial for on_board in trials.values() for trial in on_board if trial.state is State.RUNNING]
    live = store.live_leases() if running else {}
    for trial in running:
        if trial.trial_id in live:
            continue
        if store.expire_lease(trial.trial_id):
            changed = True  # even if it was ended from outside, or finished just before the lease ran out
            study.fail(trial.trial_id, LEASE_LOST)
    return changed


def _queue_again(study: SearchStudy, rows: list[Evaluation]) -> bool:
    changed = False
    if not any(row.state is State.FAILED for row in rows):
        return changed
    for row in latest_attempts(rows, controls=True):
        if row.state is not State.FAILED:
            continue
        rule = rule_for(row.reason)
        if not rule.retry or (rule.counts and row.attempt >= study.spec.search.max_attempts):
            continue
        # An attempt that ended before its first epoch left nothing: the next one goes on from where it should have.
        folder, artifacts = ("folder", "artifacts") if row.epochs else ("resume_from", "resume_artifacts")
        attrs = {
            "config_id": row.config_id,
            "attempt": row.attempt + rule.counts,
            "parent": row.parent,
            "initial_epoch": row.initial_epoch,
            "seed": row.seed,
            "parent_folder": row.facts.get("parent_folder"),
            "resume_from": row.facts.get(folder),
            "parent_artifacts": row.facts.get("parent_artifacts"),
            "resume_artifacts": row.facts.get(artifacts),
            **({"control": row.control} if row.control else {}),
        }
        board = row.stage
        if row.control in CONTENDERS:
            board, attrs = FINAL, {**attrs, "stage": row.stage, "schedule": row.facts.get("schedule")}
        study.add_waiting(board, row.params, attrs)
        changed = True
    return changed


def _promote(study: SearchStudy, rows: list[Evaluation], promotion: Promote | Ablation) -> None:
    attrs = study.identity(promotion.stage, promotion.config_id)
    config = _source(rows, promotion.config_id, promotion.source or study.schedule.stages[0])
    if promotion.source is not None:
        attrs |= begun_from(config)
    if isinstance(promotion, Ablation):
        attrs["control"] = promotion.kind
    study.add_waiting(promotion.stage, config.params, attrs)


def _source(rows: list[Evaluation], config_id: int, stage: str) -> Evaluation:
    own = [row for row in latest_attempts(rows) if row.config_id == config_id and row.stage == stage]
    return own[0] if own else next(row for row in reference_config_evaluations(rows) if row.stage == stage)
