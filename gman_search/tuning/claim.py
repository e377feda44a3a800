"""Claiming the next evaluation: one worker, one trial.

Who finds the study's lock free decides what is due, queues it and takes one. The others take what is queued already,
without the lock, and wait for it only where nothing is. Values of a new config are drawn without the lock in any case.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
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

__all__ = ["AHEAD", "Claim", "claim_next"]

AHEAD = 8
"""New configs that who had to wait for the lock queues for those behind it, which need not wait then."""


@dataclass(frozen=True)
class Claim:
    """A trial this worker holds a lease on, with the attributes it was queued with."""

    stage: str
    trial_id: int
    number: int
    evaluation: Evaluation
    attrs: Mapping[str, Any]


class _Taken(NamedTuple):
    """A trial that this worker has leased, and its board."""

    stage: str
    trial: StoredTrial


def claim_next(study: SearchStudy, worker: str) -> Claim | Decision:
    """Take the next evaluation; `Wait` or `Done` where there is nothing to take.

    Waiting evaluations come first, highest stage first: a promotion is worth more than another new config.
    """
    if study.store.is_unread:
        study.table()  # not under the lock, where everybody would wait for it
    taken: _Taken | Decision | None
    with study.store.lock(wait=False) as held:
        taken = _decided(study, worker) if held else _queued(study, worker)
    if taken is None:
        with study.store.lock():
            taken = _decided(study, worker, ahead=AHEAD)
    if not isinstance(taken, _Taken):
        return taken
    found = taken
    # A retry from the beginning would leave the trial with a lease that nobody renews.
    return retry_on_outage(lambda: _drawn(study, found, worker))


def _queued(study: SearchStudy, worker: str) -> _Taken | None:
    """Without the lock; what is outside the halving may have no time left, which who holds the lock looks at."""
    taken = study.store.take(tuple(reversed(study.schedule.stages)), worker)
    return None if taken is None else _Taken(*taken)


def _decided(study: SearchStudy, worker: str, ahead: int = 0) -> _Taken | Decision:
    decision, table, clock = reconcile(study)
    boards = list(reversed(study.store.boards))
    if clock is not None and time.time() > clock.until:
        boards.remove(FINAL)  # it would be cut at once, and count
    if table.open(State.WAITING) and (taken := study.store.take(boards, worker)) is not None:
        return _Taken(*taken)
    if not isinstance(decision, Sample):
        return decision
    first = study.schedule.stages[0]
    if clock is not None:
        ahead = 0  # what nobody has begun when the time is over would be trained after it
    left = study.schedule.trials - len(table.rungs[first].rows) - 1
    return _Taken(first, study.reserve(worker, max(0, min(ahead, left))))


def _drawn(study: SearchStudy, taken: _Taken, worker: str) -> Claim | Decision:
    """The claim on what was taken, after its missing values are drawn and written.

    They are missing where it is new, where a person queued it with some of them, through Optuna or the dashboard, and
    where the worker that had it before was killed while it drew.
    """
    stage, trial = taken
    trial_id = trial.trial_id
    is_whole = "config_id" in trial.user_attrs and study.distributions.keys() <= trial.params.keys()
    if not is_whole and stage != FINAL:
        try:
            params = study.draw(trial, study.table().trials(stage))
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
