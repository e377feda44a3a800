"""Running a search that was asked for: plan, search, test, report."""

import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, Self

from gman_search.api.budget_planner import planned
from gman_search.api.load import load_study
from gman_search.api.progress import LiveView, say
from gman_search.api.request import SearchRequest
from gman_search.api.study import Study
from gman_search.dashboard.refresh import Refresher
from gman_search.data.checks.finding import Finding, finding_lines
from gman_search.spec import StudySpec
from gman_search.tuning.earlier import earlier_configs
from gman_search.tuning.folder import StudyFolder
from gman_search.tuning.run import run_search, study_record
from gman_search.tuning.run_clock import TimeLimit
from gman_search.tuning.search_study import SearchStudy

__all__ = ["run_study"]

log = logging.getLogger(__name__)


class _View(AbstractContextManager[object], Protocol):
    def __enter__(self) -> Self: ...

    def update(self, studies: SearchStudy) -> None: ...


def run_study(request: SearchRequest) -> Study:
    """Bring a study to its trials, or to where it is after the hours; test what is delivered; write the report.

    Raises:
        Interrupted: on Ctrl-C or SIGTERM, after the workers have left; every finished evaluation and epoch is kept.
        TooManyFailures: more evaluations failed than `spec.search.max_failure_share` allows.
        UsageError, DataError, StudyError: the hours fit no config, the data cannot be read, or the stored study was
            made with other data or settings.
    """
    since = time.monotonic() if request.since is None else request.since
    tell = say if request.progress is True else log.info
    place = request.place
    prior = earlier_configs(request.like, request.spec.name, place.studies, place.storage)
    spec, _ = planned(request, since, tell)
    folder = StudyFolder(place.studies / spec.name)
    sizes = ", ".join(f"{stage.name} {stage.max_epochs} epochs" for stage in spec.stage_list())
    tell(f"study {spec.name}: {spec.trials} configs, {spec.search.workers} workers, budget {spec.budget} ({sizes})")
    if prior:
        tell(f"like {', '.join(request.like)}: {len(prior)} configs are known; the best are tried first")
    elif request.like:
        tell(f"study {spec.name} has begun: --like changes nothing any more")
    refresher = Refresher(lambda present: study_record(present, folder))
    limit = None if request.hours is None else TimeLimit(request.hours, since, request.fit)
    with _view(request, spec, folder, limit) as view:

        def show(present: SearchStudy) -> None:
            view.update(present)
            refresher.update(present)

        def found(findings: Sequence[Finding]) -> None:
            for line in finding_lines(findings):
                tell(line)

        run_search(
            spec,
            folder,
            storage=place.storage,
            engine=place.engine,
            ray_address=place.ray_address,
            limit=limit,
            command=request.command,
            prior=prior,
            on_progress=show,
            on_warning=lambda text: tell(f"note: {text}"),
            on_findings=found,
        )
    study = load_study(spec.name, studies=place.studies, reports=place.reports, storage=place.storage)
    if request.report:
        study.report()
    return study


def _view(request: SearchRequest, spec: StudySpec, folder: StudyFolder, limit: TimeLimit | None) -> _View:
    def costs() -> list[float] | None:
        return list(folder.provenance().get("cost_units", {}).values()) or None

    if callable(request.progress):
        return _Called(request, folder)
    ends = None if limit is None else limit.ends
    return LiveView(spec.data.unit, spec.search.workers, costs, ends=ends, quiet=not request.progress)


class _Called:
    """Calls a function of the user's with the study, as often as the workers are looked after."""

    def __init__(self, request: SearchRequest, folder: StudyFolder) -> None:
        self._request, self._folder = request, folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""

    def update(self, studies: SearchStudy) -> None:
        """Call it."""
        if callable(self._request.progress):
            self._request.progress(Study(studies, self._folder, self._request.place))
