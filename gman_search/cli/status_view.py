"""What `gman-search status` tells: stages, workers, people's acts, curves, and whether the weights are there."""

from dataclasses import asdict
from typing import Any

from rich.console import Console

from gman_search.api.progress import status_table
from gman_search.api.stage_status import outside_statuses, remaining_seconds, stage_statuses
from gman_search.cli.output import duration
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.retention import weights_to_keep
from gman_search.tuning.artifacts import Artifacts, open_store
from gman_search.tuning.manual_changes import interventions
from gman_search.tuning.study_loader import OpenStudy
from gman_search.wording import number

__all__ = ["print_status", "status_document"]

SILENT_AFTER = 30.0  # seconds; workers are heard of every 10 to 15


def status_document(study: OpenStudy, *, verify: bool) -> dict[str, Any]:
    """`status --json`."""
    record, studies = study.record, study.studies
    rows = latest_attempts(record.evaluations)
    statuses = stage_statuses(record.evaluations, record.schedule)
    costs = list(record.provenance.get("cost_units", {}).values()) or None
    diagnosis: dict[str, int] = {}
    for row in rows:
        for text in row.facts.get("diagnosis", ()):
            diagnosis[text] = diagnosis.get(text, 0) + 1
    document = {
        "study": record.name,
        "stages": [vars(row) for row in statuses],
        "outside_ladder": [vars(row) for row in outside_statuses(record.evaluations)],
        "running": [
            {"key": row.key, "worker": row.facts.get("worker"), "epochs": row.epochs, "val_mae": row.val_mae}
            for row in record.evaluations
            if row.state is State.RUNNING
        ],
        "workers": [asdict(seen) for seen in studies.store.workers_seen()],
        "by_hand": interventions(studies),
        "diagnosis": diagnosis,
        "seconds_to_go": remaining_seconds(statuses, int(record.spec["search"]["workers"]), costs),
    }
    if verify:
        document["weights_missing"] = _missing(study)
    return document


def _missing(study: OpenStudy) -> list[str]:
    """Evaluations whose result refers to weights that are not in the store, though nobody let them go."""
    studies, settings = study.studies, study.studies.spec.search
    artifacts = Artifacts(open_store(settings.artifacts, study.folder.path), studies.store)
    stay = weights_to_keep(
        study.record.evaluations, studies.schedule, settings.keep_weights, controls=settings.control_runs > 0
    )
    return [
        f"{studies.evaluation(stage, trials[found.trial]).key}, artifact {found.artifact_id}"
        for stage, trials in studies.store.read_all().items()
        for found in artifacts.missing(trial for trial in trials if trial.state is not State.FAILED)
        if found.is_referenced and studies.evaluation(stage, trials[found.trial]).key in stay
    ]


def print_status(study: OpenStudy, document: dict[str, Any]) -> None:
    """The same for people, 80 columns wide."""
    console, unit = Console(highlight=False, width=80), study.record.unit
    rows, schedule = study.record.evaluations, study.record.schedule
    console.print(status_table(stage_statuses(rows, schedule), unit, outside_statuses(rows)))
    running = {row["worker"]: row for row in document["running"]}
    for seen in document["workers"]:
        at = running.pop(seen["worker"], None)
        epoch = "" if at is None else f", epoch {at['epochs']}, {number(at['val_mae'])} {unit}"
        silent = f", silent for {duration(seen['silent'])}" if seen["silent"] > SILENT_AFTER else ""
        console.print(f"{seen['worker']}: {seen['doing']} for {duration(seen['seconds'])}{epoch}{silent}")
    for row in running.values():
        console.print(f"{row['key']}: epoch {row['epochs']}, {number(row['val_mae'])} {unit}, nobody is heard of")
    for line in document["by_hand"]:
        console.print(line)
    for text, count in sorted(document["diagnosis"].items(), key=lambda item: -item[1]):
        console.print(f"{count:4d} curves {text}")
    for line in document.get("weights_missing", ()):
        console.print(f"weights missing: {line}")
    if document.get("weights_missing") == []:
        console.print("weights: all there")
    if document["seconds_to_go"]:
        console.print(f"about {duration(document['seconds_to_go'])} to go")
