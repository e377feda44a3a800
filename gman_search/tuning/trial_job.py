"""From a claimed trial to the job of a trainer: hyperparameters, folders, and the files that it begins from."""

import logging
from dataclasses import replace
from pathlib import Path

from gman_search.config import at_stage
from gman_search.errors import DataError
from gman_search.halving.evaluations import CONTENDERS
from gman_search.halving.finals import FINAL, REFERENCE, TrainingSchedule
from gman_search.model.growth import GrowthRules
from gman_search.spec import StudySpec
from gman_search.stages import PRESETS
from gman_search.training.job import Job
from gman_search.tuning.artifacts import WEIGHTS, Artifacts
from gman_search.tuning.claim import Claim

__all__ = ["fetch_files", "job_of"]

log = logging.getLogger(__name__)


def job_of(spec: StudySpec, claim: Claim, folder: Path) -> Job:
    """The job of a claim, with its files below the study's `folder`."""
    row, attrs = claim.evaluation, claim.attrs
    own = f"{row.config_id:04d}.{claim.number}"  # the trial number makes the folder this attempt's own
    is_final, is_reference = row.control == FINAL, row.control == REFERENCE
    grown = (is_final or spec.halving.warm_start == "grow") and attrs.get("parent_folder")
    stage = PRESETS[row.stage] if is_reference else spec.stage(row.stage)
    rule = "preset" if is_reference else spec.halving.learning_rate_rule
    shortcuts = spec.model.shortcuts and not is_reference
    settings = at_stage(row.params, stage, learning_rate_rule=rule, shortcuts=shortcuts)
    if attrs.get("schedule"):
        settings = TrainingSchedule(**attrs["schedule"]).of(settings)
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


def fetch_files(job: Job, claim: Claim, artifacts: Artifacts, *, keeps_all: bool) -> Job:
    """Bring the files here that `job` begins from; returns it without those that are gone and that it can do without.

    Args:
        job: of the claim.
        claim: names the artifacts.
        artifacts: where files of other machines are.
        keeps_all: the study keeps all weights, so that missing ones are an error.

    Raises:
        DataError: weights are missing that the study keeps.
    """
    row = claim.evaluation
    if job.resume_from is not None:
        try:
            artifacts.fetch(job.resume_from, claim.attrs.get("resume_artifacts") or {})
        except DataError as error:
            log.warning("%s starts again: %s", row.key, error)
    if job.parent is not None:
        try:
            artifacts.fetch(job.parent, claim.attrs.get("parent_artifacts") or {})
        except DataError:
            if keeps_all:
                raise
        if not keeps_all and not (job.parent / WEIGHTS).is_file():
            log.warning("%s starts cold: the weights of %s were not kept", row.key, row.parent)
            return replace(job, parent=None)
    return job
