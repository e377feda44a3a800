"""The report as an artifact of every stage's study, so that optuna-dashboard offers it."""

import hashlib
import json
import logging
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from optuna.artifacts import upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound

from gman_search.tuning.artifacts import open_store
from gman_search.tuning.optuna_studies import RECORD, OptunaStudies
from gman_search.tuning.search_study import SearchStudy

__all__ = ["attach_report", "offer_report"]

ATTACHED = "gman-search:report"
"""System attribute of a study: which artifact its report is, and a digest of the page."""
log = logging.getLogger(__name__)


def offer_report(studies: SearchStudy, folder: Path, page: Path) -> None:
    """`attach_report` to the store of the study in `folder`; a store that is away costs no result."""
    try:
        attach_report(studies, open_store(studies.spec.search.artifacts, folder), page)
    except Exception as error:  # clients of buckets raise what they like
        log.warning("the dashboard does not show the report: %s", error)


def attach_report(studies: SearchStudy, store: Any, page: Path) -> int:
    """Put `page` into `store` for every stage's study, in place of an older report; returns how many were written."""
    trials = studies.store
    if not isinstance(trials, OptunaStudies):
        return 0  # no dashboard shows it
    content, written = hashlib.sha256(page.read_bytes()).hexdigest(), 0
    with tempfile.TemporaryDirectory() as folder:
        named = Path(shutil.copyfile(page, Path(folder) / f"report-{studies.spec.name}.html"))
        for stage in trials.by_stage:
            before = trials.study_system_attrs(stage).get(ATTACHED) or {}
            if before.get("digest") == content:
                continue
            artifact = _uploaded(trials, stage, store, named)
            trials.set_study_system_attr(stage, ATTACHED, {"digest": content, "artifact": artifact})
            if before:
                with suppress(ArtifactNotFound):
                    store.remove(before["artifact"])
                trials.set_study_system_attr(stage, RECORD + before["artifact"], json.dumps(None))
            written += 1
    return written


def _uploaded(trials: OptunaStudies, stage: str, store: Any, page: Path) -> str:
    """The id of `page` in `store`. Optuna records an artifact before its bytes: without them no record is left."""
    before = trials.study_system_attrs(stage).keys()
    try:
        return upload_artifact(artifact_store=store, file_path=str(page), study_or_trial=trials.by_stage[stage])
    except Exception:
        for name in trials.study_system_attrs(stage).keys() - before:
            trials.set_study_system_attr(stage, name, json.dumps(None))
        raise
