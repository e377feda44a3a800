"""The main job: search with local workers, test the winner once, and keep what a report needs."""

import json
import os
import platform
import shlex
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gman_search import __version__
from gman_search.baselines.base import shared_regression
from gman_search.baselines.naive import persistence_mae
from gman_search.baselines.registry import CHEAP
from gman_search.data.checks.finding import Finding
from gman_search.data.checks.gather import load_checked
from gman_search.data.estimate import stage_seconds
from gman_search.data.shared_task import sharing
from gman_search.data.task import ForecastDataset
from gman_search.data.windows import SPLIT_RULES
from gman_search.ensemble.store import is_ensemble
from gman_search.errors import Interrupted, TooManyFailures
from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.prior import PriorConfig
from gman_search.io.atomic import atomic_write
from gman_search.record import StudyRecord
from gman_search.spec import StudySpec
from gman_search.tuning.artifacts import Artifacts, open_store
from gman_search.tuning.factory import open_studies
from gman_search.tuning.final_test import FinalTest
from gman_search.tuning.folder import StudyFolder, without_password
from gman_search.tuning.interim import InterimDelivery, InterimProcess
from gman_search.tuning.kept_baselines import fitted_baselines
from gman_search.tuning.run_clock import RunClock, TimeLimit
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.supervise import Engine, has_work, supervise

__all__ = ["run_search", "study_record"]


def run_search(
    spec: StudySpec,
    folder: StudyFolder,
    *,
    storage: str | None = None,
    engine: Engine = "local",
    ray_address: str | None = None,
    limit: TimeLimit | None = None,
    command: Sequence[str] = (),
    prior: Sequence[PriorConfig] = (),
    on_progress: Callable[[SearchStudy], None] | None = None,
    on_warning: Callable[[str], None] = lambda text: None,
    on_findings: Callable[[Sequence[Finding]], None] = lambda findings: None,
) -> StudyRecord:
    """Bring the study to `spec.trials` configs, or to where `limit` ends it; test the winner; return the record.

    `prior` is known from earlier searches, and used if this one begins now. `on_findings` is called once, before
    anything is trained, with what `data check` finds in the same data.

    Raises:
        Interrupted: on Ctrl-C or SIGTERM; every finished evaluation and epoch is kept.
        TooManyFailures: more evaluations failed than `spec.search.max_failure_share` allows.
        DataError, StudyError: the data cannot be read, or the study was made with other data or rules.
    """
    began = time.monotonic()
    checked = load_checked(spec, Path.cwd())
    on_findings(checked.findings)
    folder.path.mkdir(parents=True, exist_ok=True)
    url = storage or folder.storage_url
    studies = open_studies(url, spec, checked.task)
    _write(folder.path / "spec.json", spec.model_dump_json(indent=2))
    _note_provenance(folder, spec, checked.task, checked.findings, command)
    if prior and not studies.learn_from(prior):
        on_warning("the study has begun without --like: it goes on without what other studies know")
    studies.set_clock(None)  # that of a run that was killed must not close this one
    is_open = has_work(studies)
    with sharing(checked.task, spec.data, folder.path) if is_open else nullcontext(checked.task) as task:
        del checked  # it holds the readings, too
        if is_open:
            clock = RunClock(studies, limit, _deliver_baselines(spec, task, folder, studies, on_warning))
            try:
                with InterimProcess(spec, url, folder) as interim:

                    def progressed(present: SearchStudy) -> None:
                        interim.poll()
                        clock.look()
                        if on_progress is not None:
                            on_progress(present)

                    done = supervise(
                        studies,
                        folder.path,
                        url,
                        engine=engine,
                        ray_address=ray_address,
                        deadline=lambda: clock.until,
                        on_progress=progressed,
                        on_warning=on_warning,
                    )
            finally:
                _note_seconds(folder, time.monotonic() - began)
                clock.end()
            if not done and limit is not None:
                on_warning(f"the {limit.hours:g} hours are over before the study is done; the same command goes on")
        artifacts = Artifacts(open_store(spec.search.artifacts, folder.path), studies.store)
        test = FinalTest(task, spec.data, folder.path, folder.winner, artifacts, seed=spec.seed)
        test.run(studies.evaluations(), studies.schedule, on_warning)
        if is_ensemble(folder.ensemble):
            shutil.rmtree(folder.interim, ignore_errors=True)  # what is tested is at least as good, and tested
    record = study_record(studies, folder)
    _judge_failures(record, spec)
    return record


def _deliver_baselines(
    spec: StudySpec,
    task: ForecastDataset,
    folder: StudyFolder,
    studies: SearchStudy,
    say: Callable[[str], None],
) -> float:
    """Fit the baselines before anything else, so that there is a forecast from the first minute on; their seconds."""
    delivery, regression = InterimDelivery(task, spec.data, folder, None), shared_regression(task)
    seconds = 0.0
    try:
        for kinds in (CHEAP, None):
            fitted = fitted_baselines(
                task, folder.baselines, seed=spec.seed, say=say, kinds=kinds, regression=regression
            )
            seconds = sum(each.seconds for each in fitted.values())
            delivery.look((), studies.schedule, fitted)
    except KeyboardInterrupt:
        raise Interrupted("stopped before the search began; the same command goes on") from None
    return seconds


def study_record(studies: SearchStudy, folder: StudyFolder) -> StudyRecord:
    """The study as plain data."""
    provenance = folder.provenance()
    return StudyRecord(
        name=studies.spec.name,
        unit=studies.spec.data.unit,
        step_minutes=int(provenance.get("step_minutes", 5)),
        schedule=studies.schedule,
        spec=studies.spec.model_dump(mode="json"),
        evaluations=tuple(studies.evaluations()),
        curves=studies.curves(),
        test=folder.test_result(),
        provenance=provenance,
    )


def _judge_failures(record: StudyRecord, spec: StudySpec) -> None:
    rows = latest_attempts(record.evaluations)
    failed = [row for row in rows if row.state is State.FAILED]
    if rows and len(failed) > spec.search.max_failure_share * len(rows):
        raise TooManyFailures(
            f"{len(failed)} of {len(rows)} evaluations failed, more than the accepted "
            f"{spec.search.max_failure_share:.0%}; "
            f"the first: {failed[0].key}: {failed[0].reason}"
        )


def _note_provenance(
    folder: StudyFolder, spec: StudySpec, task: ForecastDataset, findings: Sequence[Finding], command: Sequence[str]
) -> None:
    if folder.provenance():
        return
    sensors = len(task.series.sensors)
    facts = {
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        # Reports are passed on; the password of a database should not be.
        "command": shlex.join(without_password(word) if "://" in word else word for word in command),
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
        "findings": [asdict(finding) for finding in findings],
        "readings": task.stored.model_dump(),
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
    with atomic_write(file) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
