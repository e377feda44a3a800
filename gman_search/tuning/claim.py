"""Claiming the next evaluation: one worker, one trial. It is chosen under the study's lock and drawn without it."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.finals import FINAL
from gman_search.halving.promotion import Decision, Sample, Wait
from gman_search.halving.retries import BY_HAND
from gman_search.tuning.reconcile import reconcile
from gman_search.tuning.sampling import ImpossibleValues
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import retry_on_outage
from gman_search.tuning.trial_store import StoredTrial, TrialEnded

__all__ = ["Claim", "claim_next"]


@dataclass(frozen=True)
class Claim:
    """A trial this worker holds a lease on, with the attributes it was queued with."""

    stage: str
    trial_id: int
    number: int
    evaluation: Evaluation
    attrs: Mapping[str, Any]


class _Taken(NamedTuple):
    """A trial that this worker has leased, and the trials of the first stage as they were then."""

    stage: str
    trial: StoredTrial
    seen: Iterable[StoredTrial]


def claim_next(study: SearchStudy, worker: str) -> Claim | Decision:
    """Reconcile, then take the next evaluation; `Wait` or `Done` where there is nothing to take.

    Waiting evaluations come first, highest stage first: a promotion is worth more than another new config. A new
    config is only reserved under the lock. Its values are drawn after that, so nobody waits while a sampler thinks.
    """
    if study.store.is_unread:
        study.store.read()  # not under the lock, where everybody would wait for it
    with study.store.lock():
        taken = _take(study, worker)
    if not isinstance(taken, _Taken):
        return taken
    # A retry from the beginning would leave the trial with a lease that nobody renews.
    return retry_on_outage(lambda: _drawn(study, taken, worker))


def _take(study: SearchStudy, worker: str) -> _Taken | Decision:
    decision, trials, clock = reconcile(study)
    first = study.schedule.stages[0]
    for stage in reversed(study.store.boards):
        if stage == FINAL and clock is not None and time.time() > clock.until:
            continue  # it would be cut at once, and count
        for trial in trials[stage]:
            if trial.state is State.WAITING and study.store.claim(trial.trial_id, worker):
                return _Taken(stage, _begun(trial, worker), trials[first])
    if isinstance(decision, Sample):
        return _Taken(first, study.reserve(worker), trials[first])
    return decision


def _begun(trial: StoredTrial, worker: str) -> StoredTrial:
    """The trial as it is in the database once `worker` has claimed it: under the lock nobody else writes to it."""
    return replace(trial, state=State.RUNNING, user_attrs={**trial.user_attrs, "worker": worker})


def _drawn(study: SearchStudy, taken: _Taken, worker: str) -> Claim | Decision:
    """The claim on what was taken, after its missing values are drawn and written.

    They are missing where it is new, where a person queued it with some of them, through Optuna or the dashboard, and
    where the worker that had it before was killed while it drew.
    """
    stage, trial, seen = taken
    trial_id = trial.trial_id
    is_whole = "config_id" in trial.user_attrs and study.distributions.keys() <= trial.params.keys()
    if not is_whole and stage != FINAL:
        try:
            params = study.draw(trial, seen)
            held = study.set_params(trial, params, worker)
        except ImpossibleValues as error:
            held = False
            study.fail(trial_id, f"{BY_HAND}: queued with impossible values: {error}")
        except TrialEnded:
            held = False  # a person ended it meanwhile
        if not held:
            study.store.release_lease(trial_id, worker)
            return Wait()  # for the next look
        trial = study.store.trial(trial_id)
    return Claim(stage, trial_id, trial.number, study.evaluation(stage, trial), trial.user_attrs)
