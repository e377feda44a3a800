"""One claimed trial from its files to its stored result: prepare, train, report, clean up."""

import json
import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from gman_search.halving.evaluations import CONTENDERS, State
from gman_search.halving.finals import AT_MOST
from gman_search.record import Epoch
from gman_search.training.job import Job, StopTraining, Trainer, TrainingResult
from gman_search.tuning.artifacts import INHERITED, RESUMED, Artifacts
from gman_search.tuning.checkpoint_cleanup import clean_up
from gman_search.tuning.checkpoint_uploads import CheckpointUploads
from gman_search.tuning.claim import Claim
from gman_search.tuning.leases import LeaseKeeper
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.stopping import stopping_due
from gman_search.tuning.storage import retry_on_outage
from gman_search.tuning.trial_job import fetch_files, job_of
from gman_search.tuning.trial_results import LeaseLost, PrunedEarly, TimeIsOver, ending_of, without_time
from gman_search.tuning.trial_store import HeartbeatLine, TrialEnded

__all__ = ["TrialRunner", "WorkerContext"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerContext:
    """All that a worker works with. Evaluations and logs are written below `folder`, the study's own."""

    study: SearchStudy
    artifacts: Artifacts
    heartbeat: HeartbeatLine
    trainer: Trainer
    folder: Path
    worker: str


class TrialRunner:
    """Runs the trials that a worker has claimed, one after another."""

    def __init__(self, context: WorkerContext) -> None:
        self.context = context

    def run(self, claim: Claim, stop: threading.Event) -> bool:
        """Train what was claimed and store how it ended; whether the evaluation is finished.

        Args:
            claim: whose lease the worker holds.
            stop: set when the worker should leave at its next epoch.

        Raises:
            DiskFull: a checkpoint did not fit on the disk; the evaluation waits for a worker to go on with it.
        """
        context = self.context
        store, renew = context.study.store, context.heartbeat.renew
        with LeaseKeeper(store, claim.trial_id, context.worker, renew) as keeper:
            trial = _Trial(context, claim, stop, keeper)
            try:
                job = trial.prepare()
                result = trial.train(job)
                kept = trial.keep(job, INHERITED) if result.state is State.COMPLETE else {}
            except Exception as error:  # what training raises belongs to this evaluation, not to the search
                ending = ending_of(error)
                if ending.level is not None:
                    log.log(ending.level, "%s ended: %r", trial.key, error, exc_info=ending.level >= logging.ERROR)
                if ending.result is None:
                    return False
                result, kept = ending.result(error, trial.epochs), {}
                if not ending.is_finished:
                    trial.report(result, trial.keep_checkpoint() if ending.leaves_checkpoint else {})
                    if ending.is_raised:
                        raise
                    return False
            is_stored = trial.report(result, kept)
        trial.clean_up(kept, is_stored=is_stored)
        return is_stored


class _Trial:
    """One trial while it runs."""

    def __init__(self, context: WorkerContext, claim: Claim, stop: threading.Event, keeper: LeaseKeeper) -> None:
        self._context, self._claim, self._stop, self._keeper = context, claim, stop, keeper
        self._study, self._store = context.study, context.study.store
        self._job: Job | None = None
        every, attrs = self._study.spec.search.checkpoint_seconds, claim.attrs
        self._uploads = CheckpointUploads(
            context.artifacts, self._store, claim.trial_id, every, inherited=attrs.get("resume_artifacts")
        )
        self.key = claim.evaluation.key
        self.epochs: list[Epoch] = []

    def prepare(self) -> Job:
        """The job, with the files it begins from in place."""
        spec, claim = self._study.spec, self._claim
        job = self._job = job_of(spec, claim, self._context.folder)
        begun = {"folder": str(job.folder.relative_to(self._context.folder)), "began": time.time()}
        begun |= self._uploads.attrs()
        retry_on_outage(lambda: self._store.set_trial_attrs(claim.trial_id, begun))
        job = fetch_files(job, claim, self._context.artifacts, keeps_all=spec.search.keep_weights == "all")
        self._job = job
        return job

    def train(self, job: Job) -> TrainingResult:
        """Train until the end of the budget, early stopping or the end of the run's time."""
        try:
            return self._context.trainer.train(job, self._on_epoch)
        except TimeIsOver:
            return without_time(job, self.epochs)

    def _on_epoch(self, epoch: Epoch) -> None:
        if self._keeper.lost.is_set():
            raise LeaseLost
        self.epochs.append(epoch)
        claim = self._claim
        retry_on_outage(lambda: self._store.report(claim.trial_id, epoch.epoch, epoch.val_mae))
        if decision := retry_on_outage(lambda: stopping_due(self._study, claim, self.epochs)):
            raise PrunedEarly(decision)
        if claim.evaluation.control in CONTENDERS and epoch.epoch > 0 and retry_on_outage(self._is_time_over):
            raise TimeIsOver
        if self._stop.is_set():
            raise StopTraining
        if self._job is not None:
            self._uploads.look(self._job.folder)

    def _is_time_over(self) -> bool:
        most = self._claim.attrs.get(AT_MOST)
        if most is not None and sum(epoch.seconds for epoch in self.epochs) > most:
            return True
        clock = self._study.clock()
        return clock is not None and time.time() > clock.until

    def keep(self, job: Job, names: Iterable[str]) -> dict[str, str]:
        """Put files into the artifact store; returns artifact ids by name."""
        return retry_on_outage(lambda: self._context.artifacts.keep(self._claim.trial_id, job.folder, names))

    def keep_checkpoint(self) -> dict[str, str]:
        """The worker that goes on with an interrupted evaluation may be on another machine."""
        if self._job is None or not self._context.artifacts.is_elsewhere:
            return {}
        try:
            return self.keep(self._job, RESUMED)
        except TrialEnded:
            return {}
        except Exception:  # in a hurry to leave: it can start again
            log.warning("%s: its checkpoint cannot be left for the next worker", self.key, exc_info=True)
            return {}

    def report(self, result: TrainingResult, kept: dict[str, str]) -> bool:
        """Store how the evaluation ended; False if the lease is lost or the trial was ended by a person."""
        value = result.val_mae if result.state is State.COMPLETE else None
        state = State.PRUNED if result.state is State.COMPLETE and value is None else result.state
        is_recorded = bool(kept) or (state is not State.FAILED and bool(self._uploads.attrs()))
        attrs = {
            "reason": result.reason,
            "epochs": result.epochs,
            "seconds": result.seconds or sum(epoch.seconds for epoch in self.epochs),
            "facts": {**result.facts, "diagnosis": list(result.diagnosis)},
            "curve": json.dumps([asdict(epoch) for epoch in self.epochs]),
            **({"artifacts": kept} if is_recorded else {}),  # instead of a checkpoint for the case of a loss
        }
        trial_id, worker = self._claim.trial_id, self._context.worker
        try:
            is_stored = retry_on_outage(lambda: self._store.finish(trial_id, state, value, attrs, worker=worker))
        except TrialEnded:
            log.warning("%s was ended from outside; its result is not stored", self.key)
            return False
        if is_stored and is_recorded:
            self._uploads.forget()
        if not is_stored:
            log.warning("%s: the lease was lost before the result was stored; it will be trained again", self.key)
        return is_stored

    def clean_up(self, kept: dict[str, str], *, is_stored: bool) -> None:
        """Delete files that nobody needs any more; those that stay cost nothing but disk space."""
        context = self._context
        try:
            if is_stored:
                clean_up(self._study, context.artifacts, context.folder, self._claim.evaluation)
            else:
                context.artifacts.forget([kept])
        except Exception:
            log.warning("%s: cannot delete old files", self.key, exc_info=True)
