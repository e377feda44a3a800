"""A worker: claim, evaluate, until nothing is left."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from gman_search.errors import DiskFull
from gman_search.halving.decide import Done, Wait
from gman_search.search.artifacts import Artifacts, open_store
from gman_search.search.claim import Claim, claim_next
from gman_search.search.evaluate import Workplace, evaluate
from gman_search.search.leases import Leases
from gman_search.search.presence import OUT_OF_ROOM, Presence
from gman_search.search.storage import patiently
from gman_search.search.studies import SearchStudies
from gman_search.training.job import Trainer

__all__ = ["run_worker"]

POLL_SECONDS = 0.5
TELL_SECONDS = 10.0  # how often a worker with nothing to do says that it is there
FULL_SECONDS, FULL_POLL_SECONDS = 900.0, 5.0
FULL_TRY_SECONDS = 60.0
log = logging.getLogger(__name__)


def run_worker(
    studies: SearchStudies,
    leases: Leases,
    trainer: Trainer,
    folder: Path,
    worker: str,
    *,
    stop: threading.Event | None = None,
    on_claim: Callable[[Claim], None] | None = None,
    leave_early: Callable[[int], bool] = lambda finished: False,
) -> int:
    """Work until the study is done or `stop` is set; returns the number of evaluations finished here.

    Args:
        folder: of the study; evaluations and logs are written below it.
        worker: a name no other live worker has.
        leave_early: asked after each evaluation, with how many were finished; True ends the work.

    Raises:
        DiskFull: nobody has made room for 15 minutes.
    """
    stop = stop or threading.Event()
    artifacts = Artifacts(open_store(studies.spec.search.artifacts, folder), studies.storage)
    presence = Presence(studies.storage.engine, studies.spec.name, worker)
    place = Workplace(studies, leases, artifacts, presence, trainer, folder, worker)
    finished, told, full_until = 0, 0.0, 0.0
    try:
        while not stop.is_set():
            claim = patiently(lambda: claim_next(studies, leases, worker))
            if isinstance(claim, Done):
                break
            if isinstance(claim, Wait):
                if time.monotonic() - told > TELL_SECONDS:
                    presence.says("waiting for others")
                    told = time.monotonic()
                stop.wait(POLL_SECONDS)
                continue
            if not isinstance(claim, Claim):
                continue  # another worker took what this decision was about
            if on_claim is not None:
                on_claim(claim)
            presence.says(claim.evaluation.key)
            told = 0.0
            try:
                finished += evaluate(place, claim, stop)
                full_until = 0.0
            except DiskFull as error:
                full_until = full_until or time.monotonic() + FULL_SECONDS
                if time.monotonic() > full_until:
                    raise
                presence.says(f"{OUT_OF_ROOM}: {error}")
                _wait_for_room(folder, stop)
            if leave_early(finished):
                log.info("leaving early, to be replaced")
                break
    finally:
        presence.leaves()
    return finished


def _wait_for_room(folder: Path, stop: threading.Event) -> None:
    """Until somebody freed some, or for a minute: a quota or another disk may be what is full."""
    free, tries = shutil.disk_usage(folder).free, FULL_TRY_SECONDS / FULL_POLL_SECONDS
    while not stop.wait(FULL_POLL_SECONDS) and tries > 1 and shutil.disk_usage(folder).free <= free:
        tries -= 1
