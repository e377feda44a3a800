"""Deleting files that no decision can need any more."""

from collections.abc import Iterable
from pathlib import Path

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.retention import weights_to_keep
from gman_search.training.checkpoints import CHECKPOINT
from gman_search.tuning.artifacts import INHERITED, Artifacts
from gman_search.tuning.search_study import SearchStudy

__all__ = ["clean_up"]

CHECKPOINTS = f"{CHECKPOINT}*"


def clean_up(study: SearchStudy, artifacts: Artifacts, folder: Path, ended: Evaluation) -> None:
    """After `ended` has finished: drop its attempts' checkpoints, and weights that the policy lets go.

    Deleting twice, or what another worker has deleted, is no error.
    """
    rows = study.table().rows()
    attempts = [row for row in rows if row.key == ended.key]
    _remove(folder, attempts, [CHECKPOINTS])
    artifacts.forget(row.facts.get("artifacts", {}) for row in attempts if row.state is State.FAILED)
    keep = study.spec.search.keep_weights
    if keep == "all":
        return
    settings = study.spec.search
    stay = weights_to_keep(rows, study.schedule, keep, controls=settings.control_runs > 0, finals=settings.most_finals)
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
