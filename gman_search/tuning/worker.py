"""A worker: claim, evaluate, until nothing is left."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gman_search.errors import DiskFull
from gman_search.halving.promotion import Done, Wait
from gman_search.training.job import Trainer
from gman_search.tuning.artifacts import Artifacts, open_store
from gman_search.tuning.claim import Claim, claim_next
from gman_search.tuning.heartbeat import OUT_OF_ROOM
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import retry_on_outage
from gman_search.tuning.trial_runner import TrialRunner, WorkerContext

__all__ = ["run_worker"]

POLL_SECONDS = 0.5
REPORT_SECONDS = 10.0  # how often an idle worker reports that it is alive
FULL_SECONDS, FULL_POLL_SECONDS = 900.0, 5.0
FULL_TRY_SECONDS = 60.0
log = logging.getLogger(__name__)


def run_worker(
    study: SearchStudy,
    trainer: Trainer,
    folder: Path,
    worker: str,
    *,
    stop: threading.Event | None = None,
    on_claim: Callable[[Claim], None] | None = None,
    leave_early: Callable[[int], bool] = lambda finished: False,
    leave_idle: Callable[[float], bool] = lambda seconds: False,
) -> int:
    """Work until the search is done or `stop` is set; returns the number of evaluations finished here.

    Args:
        folder: of the study; evaluations and logs are written below it.
        worker: a name no other live worker has.
        leave_early: asked after each evaluation, with how many were finished; True ends the work.
        leave_idle: asked while there is nothing to take, with for how many seconds; True ends the work.

    Raises:
        DiskFull: nobody has made room for 15 minutes.
    """
    stop = stop or threading.Event()
    artifacts = Artifacts(open_store(study.spec.search.artifacts, folder), study.store)
    heartbeat = study.store.heartbeat(worker)
    runner = TrialRunner(WorkerContext(study, artifacts, heartbeat, trainer, folder, worker))
    finished, reported, full_until = 0, 0.0, 0.0
    idle_since: float | None = None
    try:
        while not stop.is_set():
            claim = retry_on_outage(lambda: claim_next(study, worker))
            if isinstance(claim, Done):
                break
            if isinstance(claim, Wait):
                now = time.monotonic()
                idle_since = now if idle_since is None else idle_since
                if leave_idle(now - idle_since):
                    log.info("leaving: nothing to take for %.0f seconds", now - idle_since)
                    break
                if now - reported > REPORT_SECONDS:
                    heartbeat.report("waiting for others")
                    reported = now
                stop.wait(POLL_SECONDS)
                continue
            idle_since = None
            if not isinstance(claim, Claim):
                continue  # another worker took what this decision was about
            if on_claim is not None:
                on_claim(claim)
            heartbeat.report(claim.evaluation.key)
            reported = 0.0
            try:
                finished += runner.run(claim, stop)
                full_until = 0.0
            except DiskFull as error:
                full_until = full_until or time.monotonic() + FULL_SECONDS
                if time.monotonic() > full_until:
                    raise
                heartbeat.report(f"{OUT_OF_ROOM}: {error}")
                _wait_for_room(folder, stop)
            if leave_early(finished):
                log.info("leaving early, to be replaced")
                break
    finally:
        heartbeat.unregister()
    return finished


def _wait_for_room(folder: Path, stop: threading.Event) -> None:
    """Until somebody freed some, or for a minute: a quota or another disk may be what is full."""
    free, tries = shutil.disk_usage(folder).free, FULL_TRY_SECONDS / FULL_POLL_SECONDS
    while not stop.wait(FULL_POLL_SECONDS) and tries > 1 and shutil.disk_usage(folder).free <= free:
        tries -= 1
