"""Bring the queue in line with history: lost evaluations are queued again, due promotions are added.

Idempotent and computed from history alone; runs under the study's lock before every claim.
"""

import time
from typing import NamedTuple

from gman_search.halving.ablations import Ablation, ablations_due
from gman_search.halving.evaluations import CONTENDERS, Evaluation, State
from gman_search.halving.finals import AT_MOST, FINAL
from gman_search.halving.promotion import Decision, Done, Promote, Sample, Wait, decide_on
from gman_search.halving.reference_config import reference_config_evaluations
from gman_search.halving.retries import LEASE_LOST, rule_for
from gman_search.tuning.evaluation_table import EvaluationTable
from gman_search.tuning.finals import has_time_for_another_config, queue_finals, queue_reference
from gman_search.tuning.manual_changes import refuse_strays
from gman_search.tuning.search_study import SearchStudy, begun_from
from gman_search.tuning.stored_study import Clock

__all__ = ["Reconciled", "reconcile"]


class Reconciled(NamedTuple):
    """The next decision, the table it was made on, and the clock of the run that is under way."""

    decision: Decision
    table: EvaluationTable
    clock: Clock | None


def reconcile(study: SearchStudy) -> Reconciled:
    """Fail what lost its worker, queue what must run again, add all due promotions; returns the next decision.

    What has changed is read at the beginning, and after something was written: under the lock nobody else decides.
    """
    table = study.table()
    if _fail_lost(study, table) | refuse_strays(study, table.open(State.WAITING)):
        table = study.table()
    if table.is_empty:
        study.queue_first()
        table = study.table()
    elif _queue_again(study, table):
        table = study.table()
    clock = study.clock()
    closing = clock is not None and time.time() > clock.search_until
    if not closing and queue_reference(study, table.outside(), clock):
        table = study.table()
    while isinstance(decision := decide_on(table.rungs, study.schedule), Promote) and not closing:
        _promote(study, table, decision)
        table = study.table()
    is_closed = isinstance(decision, Done)
    if is_closed and study.spec.search.control_runs:
        _queue_ablations(study, table)
        table = study.table()
    is_tail = clock is None and isinstance(decision, Wait) and _is_tail(study, table)
    if (closing or is_closed or is_tail) and queue_finals(study, table.rows(), clock, closing=closing):
        table = study.table()
    if closing or is_closed:
        decision = Wait() if table.open_rows() else Done()
        if has_time_for_another_config(study, table.rows(), clock):
            decision = Sample()
    return Reconciled(decision, table, clock)


def _is_tail(study: SearchStudy, table: EvaluationTable) -> bool:
    """Whether so little of the last stage is under way that an idle worker may begin a final training."""
    under_way = [row.stage for row in table.open_rows() if not row.control]
    most = 0 if study.finals is None else study.finals.count - 1
    return len(under_way) <= most and set(under_way) <= {study.schedule.stages[-1]}


def _fail_lost(study: SearchStudy, table: EvaluationTable) -> bool:
    store, changed = study.store, False
    running = table.open(State.RUNNING)
    live = store.live_leases() if running else {}
    for _, trial in running:
        if trial.trial_id in live:
            continue
        if store.expire_lease(trial.trial_id):
            changed = True  # even if it was ended from outside, or finished just before the lease ran out
            study.fail(trial.trial_id, LEASE_LOST)
    return changed


def _queue_again(study: SearchStudy, table: EvaluationTable) -> bool:
    changed = False
    for row in table.failed():
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
            attrs |= {AT_MOST: row.facts[AT_MOST]} if AT_MOST in row.facts else {}
        study.add_waiting(board, row.params, attrs)
        changed = True
    return changed


def _queue_ablations(study: SearchStudy, table: EvaluationTable) -> None:
    search = study.spec.search
    for ablation in ablations_due(table.rows(), study.schedule, count=search.control_runs, seed=study.spec.seed):
        _promote(study, table, ablation)


def _promote(study: SearchStudy, table: EvaluationTable, promotion: Promote | Ablation) -> None:
    attrs = study.identity(promotion.stage, promotion.config_id)
    config = _source(table, promotion.config_id, promotion.source or study.schedule.stages[0])
    if promotion.source is not None:
        attrs |= begun_from(config)
    if isinstance(promotion, Ablation):
        attrs["control"] = promotion.kind
    study.add_waiting(promotion.stage, config.params, attrs)


def _source(table: EvaluationTable, config_id: int, stage: str) -> Evaluation:
    own = table.latest(stage, config_id)
    return own or next(row for row in reference_config_evaluations(table.rows()) if row.stage == stage)
