"""Trials and waits that tests of a trial store share."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gman_search.tuning.trial_store import StoredTrial, TrialEnded, TrialStore

__all__ = ["BOARDS", "PARAMS", "ArtifactFolder", "is_refused", "queued", "running", "wait_until"]

BOARDS = ("quick", "full", "final")
PARAMS = {"learning_rate": 0.01, "batch_size": 16}


class ArtifactFolder:
    """An artifact store, as Optuna's are."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, artifact_id: str, content: BinaryIO) -> None:
        """Keep one file."""
        (self.path / artifact_id).write_bytes(content.read())


def queued(store: TrialStore, board: str = "quick") -> StoredTrial:
    """A trial that waits on `board`."""
    store.add_waiting(board, PARAMS, {"config_id": 0, "names": ("a", "b")})
    return store.read_all()[board][-1]


def running(store: TrialStore, worker: str = "w") -> StoredTrial:
    """A trial of the quick stage that `worker` has."""
    return store.add_running("quick", lambda number: {"config_id": number}, worker)


def is_refused(action: Callable[[], object]) -> bool:
    """Whether the store says that the trial has ended."""
    try:
        action()
    except TrialEnded:
        return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for other threads."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.05)
