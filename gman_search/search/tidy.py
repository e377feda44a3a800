"""Deleting files that no decision can need any more."""

from collections.abc import Iterable
from pathlib import Path

from gman_search.halving.retention import needed
from gman_search.halving.table import Evaluation, State
from gman_search.search.artifacts import INHERITED, Artifacts
from gman_search.search.studies import SearchStudies
from gman_search.training.checkpoints import CHECKPOINT

__all__ = ["tidy"]

CHECKPOINTS = f"{CHECKPOINT}*"


def tidy(studies: SearchStudies, artifacts: Artifacts, folder: Path, ended: Evaluation) -> None:
    """After `ended` has finished: drop its attempts' checkpoints, and weights that the policy lets go.

    Deleting twice, or what another worker has deleted, is no error.
    """
    rows = studies.rows(studies.history.read())
    attempts = [row for row in rows if row.key == ended.key]
    _remove(folder, attempts, [CHECKPOINTS])
    artifacts.forget(row.facts.get("artifacts", {}) for row in attempts if row.state is State.FAILED)
    keep = studies.spec.search.keep
    if keep == "all":
        return
    settings = studies.spec.search
    stay = needed(rows, studies.ladder, keep, controls=settings.controls > 0, finals=settings.finals)
    gone = [row for row in rows if row.state.is_finished and row.key not in stay]
    _remove(folder, gone, [CHECKPOINTS, *INHERITED])
    artifacts.forget(row.facts.get("artifacts", {}) for row in gone)


def _remove(folder: Path, rows: Iterable[Evaluation], patterns: Iterable[str]) -> None:
    for row in rows:
        if "folder" not in row.facts:
            continue
        for pattern in patterns:
            for file in (folder / str(row.facts["folder"])).glob(pattern):
                file.unlink(missing_ok=True)
