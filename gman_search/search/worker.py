"""A worker: claim, train, tell, until nothing is left."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from sqlalchemy import Connection

from gman_search.config import at_stage
from gman_search.errors import DataError
from gman_search.halving.decide import Done, Wait
from gman_search.halving.table import State
from gman_search.record import Epoch
from gman_search.search.artifacts import INHERITED, RESUMED, WEIGHTS, Artifacts, open_store
from gman_search.search.claim import Claim, claim_next
from gman_search.search.leases import LeaseKeeper, Leases
from gman_search.search.reconcile import INTERRUPTED
from gman_search.search.storage import patiently
from gman_search.search.studies import SearchStudies
from gman_search.search.tidy import tidy
from gman_search.training.job import Job, Outcome, StopTraining, Trainer

__all__ = ["run_worker"]

POLL_SECONDS = 0.5
log = logging.getLogger(__name__)


class _LeaseLost(StopTraining):
    """Somebody else has the evaluation now: write nothing more about it."""


def run_worker(
    studies: SearchStudies,
    leases: Leases,
    trainer: Trainer,
    folder: Path,
    worker: str,
    *,
    stop: threading.Event | None = None,
    on_claim: Callable[[Claim], None] | None = None,
) -> int:
    """Work until the study is done or `stop` is set; returns the number of evaluations finished here.

    Args:
        folder: of the study; evaluations and logs are written below it.
        worker: a name no other live worker has.
    """
    stop = stop or threading.Event()
    artifacts = Artifacts(open_store(studies.spec.search.artifacts, folder), studies.storage)
    finished = 0
    while not stop.is_set():
        claim = patiently(lambda: claim_next(studies, leases, worker))
        if isinstance(claim, Done):
            break
        if isinstance(claim, Wait):
            stop.wait(POLL_SECONDS)
            continue
        if not isinstance(claim, Claim):
            continue  # another worker took what this decision was about
        if on_claim is not None:
            on_claim(claim)
        finished += _evaluate(studies, leases, artifacts, trainer, folder, claim, worker, stop)
    return finished


def _evaluate(
    studies: SearchStudies,
    leases: Leases,
    artifacts: Artifacts,
    trainer: Trainer,
    folder: Path,
    claim: Claim,
    worker: str,
    stop: threading.Event,
) -> bool:
    epochs: list[Epoch] = []
    with LeaseKeeper(leases, claim.trial_id, worker) as keeper:

        def on_epoch(epoch: Epoch) -> None:
            if keeper.lost.is_set():
                raise _LeaseLost
            epochs.append(epoch)
            patiently(lambda: studies.storage.set_trial_intermediate_value(claim.trial_id, epoch.epoch, epoch.val_mae))
            if stop.is_set():
                raise StopTraining

        try:
            job = _job(studies, folder, claim)
            begun = {"folder": str(job.folder.relative_to(folder)), "began": time.time()}
            patiently(lambda: studies.set_attrs(claim.trial_id, begun))
            job = _with_files(studies, artifacts, claim, job)
            outcome = trainer.train(job, on_epoch)
            kept = _keep(artifacts, claim, job, INHERITED)
        except (_LeaseLost, UpdateFinishedTrialError):
            log.warning("%s was given to another worker or ended from outside; leaving it", claim.evaluation.key)
            return False
        except StopTraining:
            # Whoever goes on with it may be on another machine.
            kept = _keep(artifacts, claim, job, RESUMED) if artifacts.is_elsewhere else {}
            _tell(studies, leases, worker, claim, Outcome(State.FAILED, None, 0, 0.0, INTERRUPTED), epochs, kept)
            return False
        except Exception as error:  # whatever training raises belongs to this evaluation, not to the search
            log.exception("%s failed", claim.evaluation.key)
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            _tell(studies, leases, worker, claim, Outcome(State.FAILED, None, len(epochs), 0.0, reason), epochs)
            return False
        told = _tell(studies, leases, worker, claim, outcome, epochs, kept)
    if told:
        _tidy(studies, artifacts, folder, claim)
    return told


def _with_files(studies: SearchStudies, artifacts: Artifacts, claim: Claim, job: Job) -> Job:
    """The job with the files it begins from brought here; without those that are gone and can be done without."""
    if job.resume_from is not None:
        try:
            artifacts.fetch(job.resume_from, claim.attrs.get("resume_artifacts") or {})
        except DataError as error:
            log.warning("%s begins again: %s", claim.evaluation.key, error)
    if job.parent is not None:
        try:
            artifacts.fetch(job.parent, claim.attrs.get("parent_artifacts") or {})
        except DataError:
            if studies.spec.search.keep == "all":
                raise
        if studies.spec.search.keep != "all" and not (job.parent / WEIGHTS).is_file():
            log.warning(
                "%s begins cold: the weights of %s were not kept", claim.evaluation.key, claim.evaluation.parent
            )
            return replace(job, parent=None)
    return job


def _keep(artifacts: Artifacts, claim: Claim, job: Job, names: Iterable[str]) -> dict[str, str]:
    return patiently(lambda: artifacts.keep(claim.trial_id, job.folder, names))


def _tidy(studies: SearchStudies, artifacts: Artifacts, folder: Path, claim: Claim) -> None:
    try:
        tidy(studies, artifacts, folder, claim.evaluation)
    except Exception:  # the evaluation is told; files that stay cost nothing but room
        log.warning("%s: cannot delete old files", claim.evaluation.key, exc_info=True)


def _job(studies: SearchStudies, folder: Path, claim: Claim) -> Job:
    spec, row, attrs = studies.spec, claim.evaluation, claim.attrs
    stage = spec.stage(claim.stage)
    # The trial number makes the folder this attempt's own.
    own = f"{row.config_id:04d}.{claim.number}"
    grown = spec.halving.warm_start == "grow" and attrs.get("parent_folder")
    return Job(
        config_id=row.config_id,
        stage=claim.stage,
        hyperparameters=at_stage(row.params, stage, learning_rate_rule=spec.halving.learning_rate_rule),
        seed=row.seed,
        folder=folder / "evaluations" / claim.stage / own,
        parent=folder / str(attrs["parent_folder"]) if grown else None,
        growth=spec.halving.growth,
        resume_from=folder / str(attrs["resume_from"]) if attrs.get("resume_from") else None,
        logs=folder / "logs" / stage.log_folder / own,
    )


def _tell(
    studies: SearchStudies,
    leases: Leases,
    worker: str,
    claim: Claim,
    outcome: Outcome,
    epochs: list[Epoch],
    kept: dict[str, str] | None = None,
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
        return leases.hold(connection, claim.trial_id, worker)

    try:
        told = patiently(lambda: studies.end(claim.trial_id, state, value, attrs, still_held))
    except UpdateFinishedTrialError:
        log.warning("%s was ended from outside; its result is not stored", claim.evaluation.key)
        return False
    if not told:
        log.warning("%s: lease lost before the result was told; it will be trained again", claim.evaluation.key)
    return told
