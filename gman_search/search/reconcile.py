"""Bring the queue in line with history: lost evaluations are queued again, due promotions are added.

Idempotent and computed from history alone; runs under the study's lock before every claim.
"""

import time
from typing import NamedTuple

from optuna.trial import FrozenTrial

from gman_search.halving.controls import Control, controls_due
from gman_search.halving.decide import Decision, Done, Promote, Wait, decide
from gman_search.halving.finals import FINAL
from gman_search.halving.preset import PRESET_ID, preset_evaluations
from gman_search.halving.retries import LEASE_LOST, rule_for
from gman_search.halving.table import CONTENDERS, Evaluation, State, latest_attempts
from gman_search.search.by_hand import refuse_strays
from gman_search.search.finals import queue_finals, queue_reference
from gman_search.search.leases import Leases
from gman_search.search.studies import Clock, SearchStudies, begun_from

__all__ = ["Reconciled", "reconcile"]


class Reconciled(NamedTuple):
    """The next decision, the trials of each stage it was made on, and the clock of the run that is under way."""

    decision: Decision
    trials: dict[str, list[FrozenTrial]]
    clock: Clock | None


def reconcile(studies: SearchStudies, leases: Leases) -> Reconciled:
    """Fail what lost its worker, queue what must run again, add all due promotions; returns the next decision.

    The table is read once, and again only after something was written: under the lock nobody else decides.
    """
    trials = studies.history.read()
    if _fail_lost(studies, leases) | refuse_strays(studies, trials):
        trials = studies.history.read()
    rows = studies.rows(trials)
    if _queue_again(studies, rows) or not rows:
        if not rows:
            # The guide's own config is always the first one.
            stage = studies.ladder.stages[0]
            studies.add_waiting(stage, studies.spec.space.preset(), studies.identity(stage, PRESET_ID))
        trials = studies.history.read()
        rows = studies.rows(trials)
    clock = studies.clock()
    closing = clock is not None and time.time() > clock.search_until
    if not closing and queue_reference(studies, rows, clock):
        trials = studies.history.read()
        rows = studies.rows(trials)
    while isinstance(decision := decide(rows, studies.ladder), Promote) and not closing:
        _promote(studies, rows, decision)
        trials = studies.history.read()
        rows = studies.rows(trials)
    due = controls_due(rows, studies.ladder, count=studies.spec.search.controls, seed=studies.spec.seed)
    for control in due:
        _promote(studies, rows, control)
    if due:
        trials = studies.history.read()
        rows = studies.rows(trials)
    if queue_finals(studies, rows, clock, closing=closing):
        trials = studies.history.read()
        rows = studies.rows(trials)
    outside_open = any(row.control and not row.state.is_finished for row in rows)
    if closing or isinstance(decision, Done):
        open_at_all = outside_open or any(not row.state.is_finished for row in rows)
        decision = Wait() if open_at_all else Done()
    return Reconciled(decision, trials, clock)


def _fail_lost(studies: SearchStudies, leases: Leases) -> bool:
    running, changed = studies.history.running, False
    live = leases.live() if running else {}
    for trial in running:
        if trial._trial_id in live:
            continue
        if leases.take_away(trial._trial_id):
            changed = True  # even if it was ended from outside, or told just before the lease ran out
            studies.end_by_reason(trial._trial_id, LEASE_LOST)
    return changed


def _queue_again(studies: SearchStudies, rows: list[Evaluation]) -> bool:
    changed = False
    if not any(row.state is State.FAILED for row in rows):
        return changed
    for row in latest_attempts(rows, controls=True):
        if row.state is not State.FAILED:
            continue
        rule = rule_for(row.reason)
        if not rule.retry or (rule.counts and row.attempt >= studies.spec.search.max_attempts):
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
        studies.add_waiting(board, row.params, attrs)
        changed = True
    return changed


def _promote(studies: SearchStudies, rows: list[Evaluation], promotion: Promote | Control) -> None:
    attrs = studies.identity(promotion.stage, promotion.config_id)
    config = _source(rows, promotion.config_id, promotion.source or studies.ladder.stages[0])
    if promotion.source is not None:
        attrs |= begun_from(config)
    if isinstance(promotion, Control):
        attrs["control"] = promotion.kind
    studies.add_waiting(promotion.stage, config.params, attrs)


def _source(rows: list[Evaluation], config_id: int, stage: str) -> Evaluation:
    own = [row for row in latest_attempts(rows) if row.config_id == config_id and row.stage == stage]
    return own[0] if own else next(row for row in preset_evaluations(rows) if row.stage == stage)
