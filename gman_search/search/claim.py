"""Claiming the next evaluation: one worker, one trial, under the study's lock."""

from copy import copy
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, Trial, TrialState

from gman_search.halving.decide import Decision, Sample, Wait
from gman_search.halving.retries import BY_HAND
from gman_search.halving.table import Evaluation
from gman_search.search.leases import Leases
from gman_search.search.reconcile import reconcile
from gman_search.search.storage import study_lock
from gman_search.search.studies import SearchStudies

__all__ = ["Claim", "claim_next"]


@dataclass(frozen=True)
class Claim:
    """A trial this worker holds a lease on, with the attributes it was queued with."""

    stage: str
    trial_id: int
    number: int
    evaluation: Evaluation
    attrs: dict[str, Any]


class _ImpossibleValues(Exception):
    """A person queued something that is no value of its parameter."""


def claim_next(studies: SearchStudies, leases: Leases, worker: str) -> Claim | Decision:
    """Reconcile, then take the next evaluation; `Wait` or `Done` where there is nothing to take.

    Waiting evaluations come first, highest stage first: a promotion is worth more than another new config.
    """
    if studies.history.is_unread:
        studies.history.read()  # not under the lock, where everybody would wait for it
    with study_lock(studies.storage):
        decision, trials = reconcile(studies, leases)
        for stage in reversed(studies.boards):
            for trial in trials[stage]:
                if trial.state is TrialState.WAITING and studies.begin(trial._trial_id, worker, leases.acquire_within):
                    try:
                        return _claim(studies, stage, _begun(trial, worker), worker)
                    except _ImpossibleValues as error:
                        studies.end_by_reason(trial._trial_id, f"{BY_HAND}: queued with impossible values: {error}")
                        leases.release(trial._trial_id, worker)
                        return Wait()  # for the next look
        if isinstance(decision, Sample):
            trial = studies.ask()
            leases.acquire(trial._trial_id, worker)
            studies.set_attrs(trial._trial_id, {"worker": worker})
            return _claim(studies, studies.ladder.stages[0], _begun(trial, worker), worker)
        return decision


def _begun(trial: FrozenTrial, worker: str) -> FrozenTrial:
    """The trial as it is in the database once `worker` has claimed it: under the lock nobody else writes to it."""
    begun = copy(trial)
    begun.state, begun.user_attrs = TrialState.RUNNING, {**trial.user_attrs, "worker": worker}
    return begun


def _claim(studies: SearchStudies, stage: str, trial: FrozenTrial, worker: str) -> Claim:
    if "config_id" not in trial.user_attrs or not studies.distributions.keys() <= trial.params.keys():
        # Queued by a person, through Optuna or the dashboard, or drawn by a worker that was killed over it: some
        # parameters are there, the rest is sampled.
        study = studies.boards[stage]
        study.sampler = studies.sampler()
        open_trial = Trial(study, trial._trial_id)
        for name, distribution in studies.distributions.items():
            try:
                open_trial._suggest(name, distribution)
            except (ValueError, TypeError) as error:
                raise _ImpossibleValues(f"{name}: {' '.join(str(error).split())[:200]}") from None
        params = {**studies.fixed(), **studies.storage.get_trial(trial._trial_id).params}
        if "config_id" in trial.user_attrs:
            studies.set_attrs(trial._trial_id, {"params": params})
        else:
            studies.describe(stage, trial._trial_id, trial.number, params, origin="queued by hand")
        trial = studies.storage.get_trial(trial._trial_id)
    return Claim(stage, trial._trial_id, trial.number, studies.evaluation(stage, trial), dict(trial.user_attrs))
