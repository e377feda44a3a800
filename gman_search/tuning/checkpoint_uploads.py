"""Checkpoints of a running evaluation in the bucket, for the worker that resumes it when this machine is lost.

A worker that is asked to leave stores its checkpoint there itself. One that is killed cannot, and a machine that
another pays more for is killed often.
"""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gman_search.tuning.artifacts import RESUMED, Artifacts
from gman_search.tuning.storage import retry_on_outage
from gman_search.tuning.trial_store import TrialEnded, TrialStore

__all__ = ["CheckpointUploads"]

log = logging.getLogger(__name__)


class CheckpointUploads:
    """Uploads the checkpoint of one trial every few minutes; nothing where all workers share a folder.

    Args:
        artifacts: where to.
        store: of the trials; the ids are written to the trial, after the bytes.
        trial_id: whose checkpoint.
        every: seconds between two uploads; 0: none.
        inherited: ids of the files that this attempt resumes from. They are on record as its own until the first
            upload, for an attempt that is lost before it.
    """

    def __init__(
        self,
        artifacts: Artifacts,
        store: TrialStore,
        trial_id: int,
        every: float,
        inherited: Mapping[str, str] | None = None,
    ) -> None:
        self._artifacts, self._store, self._trial_id = artifacts, store, trial_id
        self._every = every if artifacts.is_elsewhere else 0.0
        self._recorded = dict(inherited or {}) if self._every else {}
        self._own: dict[str, str] = {}
        self._due = time.monotonic() + self._every

    def attrs(self) -> dict[str, Any]:
        """What the trial has on record for the worker that resumes it."""
        return {"artifacts": self._recorded} if self._recorded else {}

    def look(self, folder: Path) -> None:
        """Upload the checkpoint in `folder` if it is time to. To be called after each epoch.

        Raises:
            TrialEnded: a person ended the trial.
        """
        if not self._every or time.monotonic() < self._due:
            return
        before = self._own
        try:
            kept = retry_on_outage(lambda: self._artifacts.keep(self._trial_id, folder, RESUMED))
            retry_on_outage(lambda: self._store.set_trial_attrs(self._trial_id, {"artifacts": kept}))
            self._own = self._recorded = kept
            self._artifacts.forget([before])
        except TrialEnded:
            raise
        except Exception:  # training goes on; the next upload may succeed
            log.warning("a checkpoint could not be stored for others", exc_info=True)
        self._due = time.monotonic() + self._every

    def forget(self) -> None:
        """Remove what was uploaded: the trial has ended, and what is on record for it is something else."""
        own, self._own = self._own, {}
        try:
            self._artifacts.forget([own])
        except Exception:
            log.warning("an old checkpoint could not be removed", exc_info=True)
