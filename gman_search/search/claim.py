"""Claiming the next evaluation: one worker, one trial. It is chosen under the study's lock and drawn without it."""

import time
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from gman_search.halving.decide import Decision, Sample, Wait
from gman_search.halving.finals import FINAL
from gman_search.halving.retries import BY_HAND
from gman_search.halving.table import Evaluation
from gman_search.search.leases import Leases
from gman_search.search.reconcile import reconcile
from gman_search.search.sampling import ImpossibleValues
from gman_search.search.storage import patiently, study_lock
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


class _Taken(NamedTuple):
    """A trial that this worker has leased, and the trials of the first stage as they were then."""

    stage: str
    trial: FrozenTrial
    seen: Iterable[FrozenTrial]


def claim_next(studies: SearchStudies, leases: Leases, worker: str) -> Claim | Decision:
    """Reconcile, then take the next evaluation; `Wait` or `Done` where there is nothing to take.

    Waiting evaluations come first, highest stage first: a promotion is worth more than another new config. A new
    config is only reserved under the lock. Its values are drawn after that, so nobody waits while a sampler thinks.
    """
    if studies.history.is_unread:
        studies.history.read()  # not under the lock, where everybody would wait for it
    with study_lock(studies.storage):
        taken = _take(studies, leases, worker)
    if not isinstance(taken, _Taken):
        return taken
    # A retry from the beginning would leave the trial with a lease that nobody renews.
    return patiently(lambda: _drawn(studies, leases, taken, worker))


def _take(studies: SearchStudies, leases: Leases, worker: str) -> _Taken | Decision:
    decision, trials, clock = reconcile(studies, leases)
    first = studies.ladder.stages[0]
    for stage in reversed(studies.boards):
        if stage == FINAL and clock is not None and time.time() > clock.until:
            continue  # it would be cut at once, and count
        for trial in trials[stage]:
            if trial.state is TrialState.WAITING and studies.begin(trial._trial_id, worker, leases.acquire_within):
                return _Taken(stage, _begun(trial, worker), trials[first])
    if isinstance(decision, Sample):
        return _Taken(first, studies.reserve(worker, leases.acquire_within), trials[first])
    return decision


def _begun(trial: FrozenTrial, worker: str) -> FrozenTrial:
    """The trial as it is in the database once `worker` has claimed it: under the lock nobody else writes to it."""
    begun = copy(trial)
    begun.state, begun.user_attrs = TrialState.RUNNING, {**trial.user_attrs, "worker": worker}
    return begun


def _drawn(studies: SearchStudies, leases: Leases, taken: _Taken, worker: str) -> Claim | Decision:
    """The claim on what was taken, after its missing values are drawn and written.

    They are missing where it is new, where a person queued it with some of them, through Optuna or the dashboard, and
    where the worker that had it before was killed while it drew.
    """
    stage, trial, seen = taken
    trial_id = trial._trial_id
    is_whole = "config_id" in trial.user_attrs and studies.distributions.keys() <= trial.params.keys()
    if not is_whole and stage != FINAL:
        try:
            params = studies.draw(trial, seen)
            held = studies.set_params(trial, params, lambda inner: leases.hold(inner, trial_id, worker))
        except ImpossibleValues as error:
            held = False
            studies.end_by_reason(trial_id, f"{BY_HAND}: queued with impossible values: {error}")
        except UpdateFinishedTrialError:
            held = False  # a person ended it meanwhile
        if not held:
            leases.release(trial_id, worker)
            return Wait()  # for the next look
        trial = studies.storage.get_trial(trial_id)
    return Claim(stage, trial_id, trial.number, studies.evaluation(stage, trial), dict(trial.user_attrs))
