"""The main job: search with local workers, test the winner once, and keep what a report needs."""

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gman_search import __version__
from gman_search.baselines.persistence import persistence_mae
from gman_search.data.estimate import final_test_seconds, stage_seconds
from gman_search.data.task import ForecastTask, load_task
from gman_search.data.windows import SPLIT_RULES
from gman_search.errors import TooManyFailures
from gman_search.forecasting.whole import whole
from gman_search.halving.finals import FINAL_SHARE_OF_HOURS, extra_share
from gman_search.halving.table import State, latest_attempts
from gman_search.record import StudyRecord, TestResult
from gman_search.record_json import test_from_json
from gman_search.search.artifacts import Artifacts, open_store
from gman_search.search.final_test import FinalTest
from gman_search.search.open import open_studies
from gman_search.search.storage import without_password
from gman_search.search.studies import Clock, SearchStudies
from gman_search.search.supervise import Engine, has_work, supervise
from gman_search.spec import StudySpec

__all__ = ["StudyFolder", "run_search"]

LEAST_FINAL = 0.8
"""A ladder that is late may take so much less of the time that is set aside for final trainings."""


@dataclass(frozen=True)
class StudyFolder:
    """The files of one study."""

    path: Path

    @property
    def storage_url(self) -> str:
        """The embedded database, study.db."""
        return f"sqlite:///{self.path.resolve() / 'study.db'}"

    @property
    def ensemble(self) -> Path:
        """What the search delivers: see `ensemble.store`."""
        return self.path / "ensemble"

    @property
    def baselines(self) -> Path:
        """The baselines that the final test fitted."""
        return self.path / "baselines"

    @property
    def winner(self) -> Path:
        """Weights that can predict, and the test result."""
        return self.path / "winner"

    def test_result(self) -> TestResult | None:
        """The stored test result of the present winner."""
        file = self.winner / "test.json"
        return test_from_json(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def provenance(self) -> dict[str, Any]:
        """What was written down about how the study was made."""
        file = self.path / "provenance.json"
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def run_search(
    spec: StudySpec,
    folder: StudyFolder,
    *,
    storage: str | None = None,
    engine: Engine = "local",
    ray_address: str | None = None,
    hours: float | None = None,
    since: float | None = None,
    command: Sequence[str] = (),
    on_progress: Callable[[SearchStudies], None] | None = None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> StudyRecord:
    """Bring the study to `spec.trials` configs, or to where it is after `hours`; test the winner; return the record.

    `since` is when the hours began, by `time.monotonic()`: none for now.

    Raises:
        Interrupted: on Ctrl-C or SIGTERM; every finished evaluation and epoch is kept.
        TooManyFailures: more evaluations failed than `spec.search.max_failures` allows.
        DataError, StudyError: the data cannot be read, or the study was made with other data or rules.
    """
    began = time.monotonic()
    task = load_task(spec.data, Path.cwd())
    for text in task.warnings:
        on_warning(text)
    folder.path.mkdir(parents=True, exist_ok=True)
    url = storage or folder.storage_url
    studies = open_studies(url, spec, task)
    until = None
    if hours is not None:
        until = (began if since is None else since) + hours * 3600 - final_test_seconds(spec, task)
    studies.set_clock(None if until is None else _clock(spec, until - time.monotonic()))
    _write(folder.path / "spec.json", spec.model_dump_json(indent=2))
    _note_provenance(folder, spec, task, command)
    if has_work(studies):
        try:
            done = supervise(
                studies,
                folder.path,
                url,
                engine=engine,
                ray_address=ray_address,
                deadline=until,
                on_progress=on_progress,
                on_warning=on_warning,
            )
        finally:
            _note_seconds(folder, time.monotonic() - began)
            studies.set_clock(None)
        if not done:
            on_warning(f"the {hours:g} hours are over before the study is done; the same command goes on")
    artifacts = Artifacts(open_store(spec.search.artifacts, folder.path), studies.storage)
    test = FinalTest(task, spec.data, folder.path, folder.winner, artifacts, seed=spec.seed)
    test.run(studies.evaluations(), studies.ladder, on_warning)
    record = study_record(studies, folder)
    _judge_failures(record, spec)
    return record


def _clock(spec: StudySpec, seconds: float) -> Clock:
    """The search and the final trainings share the `seconds` until the final test."""
    now, settings = time.time(), spec.search
    extra = extra_share(reference=settings.reference, finals=settings.finals, hours=True)
    final = FINAL_SHARE_OF_HOURS / (1 + extra)
    kept = LEAST_FINAL * final * max(0.0, seconds) if settings.finals else 0.0
    return Clock(search_until=now + seconds - kept, until=now + seconds)


def study_record(studies: SearchStudies, folder: StudyFolder) -> StudyRecord:
    """The study as plain data."""
    provenance = folder.provenance()
    return StudyRecord(
        name=studies.spec.name,
        unit=studies.spec.data.unit,
        step_minutes=int(provenance.get("step_minutes", 5)),
        ladder=studies.ladder,
        spec=studies.spec.model_dump(mode="json"),
        evaluations=tuple(studies.evaluations()),
        curves=studies.curves(),
        test=folder.test_result(),
        provenance=provenance,
    )


def _judge_failures(record: StudyRecord, spec: StudySpec) -> None:
    rows = latest_attempts(record.evaluations)
    failed = [row for row in rows if row.state is State.FAILED]
    if rows and len(failed) > spec.search.max_failures * len(rows):
        raise TooManyFailures(
            f"{len(failed)} of {len(rows)} evaluations failed, more than the accepted {spec.search.max_failures:.0%}; "
            f"the first: {failed[0].key}: {failed[0].reason}"
        )


def _note_provenance(folder: StudyFolder, spec: StudySpec, task: ForecastTask, command: Sequence[str]) -> None:
    if folder.provenance():
        return
    sensors = len(task.series.sensors)
    facts = {
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        # Reports are passed on; the password of a database should not be.
        "command": " ".join(without_password(word) if "://" in word else word for word in command),
        "seed": spec.seed,
        "versions": {
            "gman-search": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("tensorflow", "keras", "optuna", "numpy")},
        },
        "machine": {"cores": os.cpu_count(), "system": platform.system()},
        "sensors": sensors,
        "windows": {part: len(starts) for part, starts in task.starts.items()},
        "span": [str(task.series.times[0]), str(task.series.times[-1])],
        "split": SPLIT_RULES[task.split],
        "embedding": task.embedding_source,
        "missing_share": float(task.series.missing_share.mean()),
        "step_minutes": task.series.step_minutes,
        "fingerprint": task.fingerprint,
        "warnings": list(task.warnings),
        "persistence_mae": {part: persistence_mae(task.windows(part)) for part in ("val", "test")},
        "cost_units": stage_seconds(spec, task),
        "seconds": 0.0,
    }
    _write_provenance(folder, facts)


def _note_seconds(folder: StudyFolder, seconds: float) -> None:
    facts = folder.provenance()
    _write_provenance(folder, {**facts, "seconds": facts.get("seconds", 0.0) + seconds})


def _write_provenance(folder: StudyFolder, facts: dict[str, Any]) -> None:
    _write(folder.path / "provenance.json", json.dumps(facts, indent=2))


def _write(file: Path, text: str) -> None:
    with whole(file) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
