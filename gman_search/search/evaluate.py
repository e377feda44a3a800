"""One claimed evaluation from its files to its told result."""

import json
import logging
import math
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from sqlalchemy import Connection

from gman_search.config import at_stage
from gman_search.errors import DataError, DiskFull
from gman_search.halving.finals import FINAL, REFERENCE, Schedule
from gman_search.halving.retries import INTERRUPTED, reason_of
from gman_search.halving.table import CONTENDERS, State
from gman_search.model.growth import GrowthRules
from gman_search.record import Epoch
from gman_search.search.artifacts import INHERITED, RESUMED, WEIGHTS, Artifacts
from gman_search.search.claim import Claim
from gman_search.search.leases import LeaseKeeper, Leases
from gman_search.search.presence import Presence
from gman_search.search.stopping import stopping_due
from gman_search.search.storage import patiently
from gman_search.search.studies import SearchStudies
from gman_search.search.tidy import tidy
from gman_search.stages import PRESETS
from gman_search.training.checkpoints import read_arrays
from gman_search.training.diagnosis import diagnose
from gman_search.training.job import Job, Outcome, StopTraining, Trainer

__all__ = ["Workplace", "evaluate"]

log = logging.getLogger(__name__)


class _Stopped(StopTraining):
    """The evaluation's own curve tells that nothing will come of it."""


class _TimeIsOver(StopTraining):
    """The run has no more time for a training that counts as it is."""


class _LeaseLost(StopTraining):
    """Somebody else has the evaluation now: write nothing more about it."""


@dataclass(frozen=True)
class Workplace:
    """All that a worker works with. Evaluations and logs are written below `folder`, the study's own."""

    studies: SearchStudies
    leases: Leases
    artifacts: Artifacts
    presence: Presence
    trainer: Trainer
    folder: Path
    worker: str


def evaluate(place: Workplace, claim: Claim, stop: threading.Event) -> bool:
    """Train what was claimed and tell how it ended; whether it is finished.

    Raises:
        DiskFull: there was no room for a checkpoint; the evaluation waits for somebody to go on with it.
    """
    studies, epochs, row = place.studies, list[Epoch](), claim.evaluation
    key = row.key
    with LeaseKeeper(place.leases, claim.trial_id, place.worker, place.presence.is_alive) as keeper:

        def on_epoch(epoch: Epoch) -> None:
            if keeper.lost.is_set():
                raise _LeaseLost
            epochs.append(epoch)
            patiently(lambda: studies.storage.set_trial_intermediate_value(claim.trial_id, epoch.epoch, epoch.val_mae))
            if verdict := patiently(lambda: stopping_due(studies, claim, epochs)):
                raise _Stopped(verdict)
            if row.control in CONTENDERS and epoch.epoch > 0 and patiently(lambda: _time_is_over(studies)):
                raise _TimeIsOver
            if stop.is_set():
                raise StopTraining

        try:
            job = _job(place, claim)
            begun = {"folder": str(job.folder.relative_to(place.folder)), "began": time.time()}
            patiently(lambda: studies.set_attrs(claim.trial_id, begun))
            job = _with_files(place, claim, job)
            try:
                outcome = place.trainer.train(job, on_epoch)
            except _TimeIsOver:
                outcome = _cut(job, epochs)
            kept = _keep(place, claim, job, INHERITED) if outcome.state is State.COMPLETE else {}
        except (_LeaseLost, UpdateFinishedTrialError):
            log.warning("%s was given to another worker or ended from outside; leaving it", key)
            return False
        except _Stopped as verdict:
            outcome, kept = _stopped(str(verdict), epochs), {}
        except StopTraining:
            _tell(place, claim, _failure(INTERRUPTED, epochs), epochs, _keep_for_the_next(place, claim, job))
            return False
        except DiskFull as error:
            log.error("%s: %s", key, error)
            _tell(place, claim, _failure(f"{INTERRUPTED}: {error}", epochs), epochs)
            raise
        except Exception as error:  # whatever training raises belongs to this evaluation, not to the search
            log.exception("%s failed", key)
            _tell(place, claim, _failure(reason_of(error), epochs), epochs)
            return False
        told = _tell(place, claim, outcome, epochs, kept)
    if told:
        _tidy(place, claim)
    else:
        _forget(place, kept)
    return told


def _time_is_over(studies: SearchStudies) -> bool:
    clock = studies.clock()
    return clock is not None and time.time() > clock.until


def _cut(job: Job, epochs: list[Epoch]) -> Outcome:
    """What a training is worth that the time of the run has cut: its best epoch so far, which its weights are of."""
    outcome = _stopped("the time was over", epochs)
    try:
        value = read_arrays(job.folder / "weights.npz")[1].get("best_val", outcome.val_mae)
    except DataError:
        value = None  # no epoch had a usable validation error
    if value is None or not math.isfinite(value):
        return outcome
    return replace(outcome, state=State.COMPLETE, val_mae=float(value))


def _stopped(reason: str, epochs: list[Epoch]) -> Outcome:
    trained = [epoch for epoch in epochs if epoch.epoch > 0]
    best = min(epochs, key=lambda epoch: epoch.val_mae)
    readings = diagnose([e.train_mae for e in trained if e.train_mae is not None], [e.val_mae for e in trained])
    told = {"best_epoch": best.epoch, "steps": trained[-1].steps}
    return Outcome(State.PRUNED, best.val_mae, trained[-1].epoch, 0.0, reason, readings, told)


def _failure(reason: str, epochs: list[Epoch]) -> Outcome:
    """Epochs are the number of the last one that was reported: it is on disk."""
    return Outcome(State.FAILED, None, epochs[-1].epoch if epochs else 0, 0.0, reason)


def _job(place: Workplace, claim: Claim) -> Job:
    spec, row, attrs, folder = place.studies.spec, claim.evaluation, claim.attrs, place.folder
    # The trial number makes the folder this attempt's own.
    own = f"{row.config_id:04d}.{claim.number}"
    is_final = row.control == FINAL
    grown = (is_final or spec.halving.warm_start == "grow") and attrs.get("parent_folder")
    stage = PRESETS[row.stage] if row.control == REFERENCE else spec.stage(row.stage)
    rule = "preset" if row.control == REFERENCE else spec.halving.learning_rate_rule
    shortcuts = spec.model.shortcuts and row.control != REFERENCE
    settings = at_stage(row.params, stage, learning_rate_rule=rule, shortcuts=shortcuts)
    if attrs.get("schedule"):
        settings = Schedule(**attrs["schedule"]).of(settings)
    return Job(
        config_id=row.config_id,
        stage=row.stage,
        hyperparameters=settings,
        refit=is_final,
        seed=row.seed,
        folder=folder / "evaluations" / claim.stage / own,
        parent=folder / str(attrs["parent_folder"]) if grown else None,
        growth=GrowthRules() if is_final else spec.halving.growth,
        resume_from=folder / str(attrs["resume_from"]) if attrs.get("resume_from") else None,
        logs=folder / "logs" / stage.log_folder / (f"{row.control}-{own}" if row.control in CONTENDERS else own),
    )


def _with_files(place: Workplace, claim: Claim, job: Job) -> Job:
    """The job with the files it begins from brought here; without those that are gone and can be done without."""
    row, keep = claim.evaluation, place.studies.spec.search.keep
    if job.resume_from is not None:
        try:
            place.artifacts.fetch(job.resume_from, claim.attrs.get("resume_artifacts") or {})
        except DataError as error:
            log.warning("%s begins again: %s", row.key, error)
    if job.parent is not None:
        try:
            place.artifacts.fetch(job.parent, claim.attrs.get("parent_artifacts") or {})
        except DataError:
            if keep == "all":
                raise
        if keep != "all" and not (job.parent / WEIGHTS).is_file():
            log.warning("%s begins cold: the weights of %s were not kept", row.key, row.parent)
            return replace(job, parent=None)
    return job


def _keep(place: Workplace, claim: Claim, job: Job, names: Iterable[str]) -> dict[str, str]:
    return patiently(lambda: place.artifacts.keep(claim.trial_id, job.folder, names))


def _keep_for_the_next(place: Workplace, claim: Claim, job: Job) -> dict[str, str]:
    """Whoever goes on with a stopped evaluation may be on another machine."""
    if not place.artifacts.is_elsewhere:
        return {}
    try:
        return _keep(place, claim, job, RESUMED)
    except UpdateFinishedTrialError:
        return {}
    except Exception:  # in a hurry to leave: it can begin again
        log.warning("%s: its checkpoint cannot be left for the next worker", claim.evaluation.key, exc_info=True)
        return {}


def _tell(
    place: Workplace, claim: Claim, outcome: Outcome, epochs: list[Epoch], kept: dict[str, str] | None = None
) -> bool:
    """Write how an evaluation ended, if the lease is still held; False if it is lost or the trial was ended."""
    value = outcome.val_mae if outcome.state is State.COMPLETE else None
    state = {
        State.COMPLETE: TrialState.PRUNED if value is None else TrialState.COMPLETE,
        State.PRUNED: TrialState.PRUNED,
        State.FAILED: TrialState.FAIL,
    }[outcome.state]
    attrs = {
        "reason": outcome.reason,
        "epochs": outcome.epochs,
        "seconds": outcome.seconds or sum(epoch.seconds for epoch in epochs),
        "facts": {**outcome.facts, "diagnosis": list(outcome.diagnosis)},
        "curve": json.dumps([asdict(epoch) for epoch in epochs]),
        **({"artifacts": kept} if kept else {}),
    }

    def still_held(connection: Connection) -> bool:
        return place.leases.hold(connection, claim.trial_id, place.worker)

    try:
        told = patiently(lambda: place.studies.end(claim.trial_id, state, value, attrs, still_held))
    except UpdateFinishedTrialError:
        log.warning("%s was ended from outside; its result is not stored", claim.evaluation.key)
        return False
    if not told:
        log.warning("%s: lease lost before the result was told; it will be trained again", claim.evaluation.key)
    return told


def _forget(place: Workplace, kept: dict[str, str]) -> None:
    try:
        place.artifacts.forget([kept])
    except Exception:  # nothing refers to them: they only cost room
        log.warning("cannot delete artifacts that nobody needs", exc_info=True)


def _tidy(place: Workplace, claim: Claim) -> None:
    try:
        tidy(place.studies, place.artifacts, place.folder, claim.evaluation)
    except Exception:  # the evaluation is told; files that stay cost nothing but room
        log.warning("%s: cannot delete old files", claim.evaluation.key, exc_info=True)
