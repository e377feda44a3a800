"""What a search delivers while it goes on: the best ensemble so far, made again when there is a better one.

A process of its own looks at the study every few seconds. It forecasts the validation part with what has finished since
its last look, and keeps those forecasts, so that each evaluation is forecast once. The test part stays closed.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gman_search.backends.script import script_hidden
from gman_search.data.task import ForecastDataset
from gman_search.data_spec import DataSpec
from gman_search.ensemble.build import choose_members, validation_starts
from gman_search.ensemble.candidate import Candidate, Opened
from gman_search.ensemble.store import is_ensemble, read_config
from gman_search.ensemble.untested import write_untested
from gman_search.errors import GmanSearchError
from gman_search.halving.evaluations import Evaluation, State, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.interim import is_better, is_due, promising
from gman_search.halving.members import ensemble_evaluations
from gman_search.spec import StudySpec
from gman_search.tuning.artifacts import Artifacts, open_store
from gman_search.tuning.deliver import candidates_of
from gman_search.tuning.folder import StudyFolder
from gman_search.tuning.kept_baselines import Fitted, cores, fitted_baselines

__all__ = ["InterimDelivery", "InterimProcess", "interim_process"]

FIRST_SECONDS = 15.0
LOOK_SECONDS = 2.0
LOW_PRIORITY = 10
NEW_AT_ONCE = 2
"""Evaluations whose forecasts are made in one look."""

Array = NDArray[np.floating]


class InterimDelivery:
    """Delivers the best ensemble of what has finished into `folder.interim`.

    Args:
        task: the data.
        data: how readings are read and filled in.
        folder: of the study.
        artifacts: where weights of other machines are.
    """

    def __init__(self, task: ForecastDataset, data: DataSpec, folder: StudyFolder, artifacts: Artifacts | None) -> None:
        self.task, self.data, self.folder, self.artifacts = task, data, folder, artifacts
        self._starts = validation_starts(task)
        self._forecasts: dict[str, Array] = {}
        self._tried: set[str] = set()
        self._seen: object = None

    @property
    def delivered(self) -> float | None:
        """Validation MAE of what `predict` uses now; None where the study has delivered nothing."""
        for place in (self.folder.interim, self.folder.ensemble):
            if is_ensemble(place):
                with suppress(GmanSearchError):
                    return read_config(place).val_mae
        return None

    def look(self, evaluations: Sequence[Evaluation], schedule: HalvingSchedule, fitted: Mapping[str, Fitted]) -> bool:
        """Choose among `fitted` and what has finished, unless that was done before; whether it was delivered.

        Of evaluations that are new and promising the best few take part, and the next ones in the next look.

        Raises:
            DataError: it cannot be written.
        """
        rows = promising(ensemble_evaluations(evaluations, schedule), self.delivered)
        asked = ([(row.key, row.facts.get("folder"), row.val_mae) for row in rows], list(fitted))
        if asked == self._seen or not (rows or fitted):
            return False
        folders = {row.key: str(row.facts.get("folder")) for row in rows}

        def remembered_as(name: str) -> str:
            return f"{name} {folders.get(name, '')}"

        new = [row for row in rows if remembered_as(row.key) not in self._tried]
        # Best first, the others next time: a look must not take minutes from a search of minutes.
        later = {row.key for row in new[NEW_AT_ONCE:]}
        rows = [row for row in rows if row.key not in later]
        self._seen = None if later else asked
        lineage = {row.key: row for row in latest_attempts(evaluations, controls=True)}
        winner = rows[0] if rows else None
        candidates = candidates_of(rows, winner, lineage, fitted, self.task, self._opened, self._weights)
        known = [self._remembered(each, remembered_as(each.name)) for each in candidates]
        chosen = choose_members(self.task, known, logging.warning)
        # Those that are no candidates any more are not kept: a night has hundreds.
        names = {remembered_as(each.name) for each in candidates}
        self._forecasts = {name: forecast for name, forecast in self._forecasts.items() if name in names}
        self._tried = names
        if chosen is None or not is_better(chosen.choice.val_mae, self.delivered):
            return False
        write_untested(self.task, self.data, chosen, self.folder.interim)
        logging.info("delivered: validation MAE %.4f of %d members", chosen.choice.val_mae, len(chosen.members))
        return True

    def _remembered(self, candidate: Candidate, name: str) -> Candidate:
        """`candidate`, whose forecasts of the validation windows are made once and kept under `name`."""

        def opened() -> Opened:
            actual = cache(candidate.opened)

            def forecast(starts: NDArray[np.integer]) -> Array:
                if not np.array_equal(starts, self._starts):
                    return actual().forecast(starts)
                if name not in self._forecasts:
                    self._forecasts[name] = actual().forecast(starts).astype(np.float32)
                return self._forecasts[name]

            return Opened(forecast, lambda place: actual().save(place))

        return replace(candidate, opened=opened)

    def _opened(self, source: Path) -> Opened:
        from gman_search.forecasting.forecaster import Forecaster
        from gman_search.forecasting.model_io import write_saved_model
        from gman_search.training.finalize import complete_model

        saved = complete_model(self.task, source, self.data)
        model = Forecaster(saved)
        return Opened(
            lambda starts: model.windows(self.task.series, starts), lambda folder: write_saved_model(saved, folder)
        )

    def _weights(self, row: Evaluation) -> Path:
        source = self.folder.path / str(row.facts["folder"])
        if self.artifacts is not None:
            self.artifacts.fetch(source, row.facts.get("artifacts", {}))
        return source


class InterimProcess(AbstractContextManager["InterimProcess"]):
    """Delivers what there is, in a process of low priority, as long as the block runs.

    It starts at the first `poll` after FIRST_SECONDS: a search of seconds has no use for it.
    """

    def __init__(self, spec: StudySpec, url: str, folder: StudyFolder) -> None:
        self._arguments = (spec.model_dump_json(), url, str(folder.path), str(Path.cwd()))
        self._began = time.monotonic()
        self._process: BaseProcess | None = None

    def poll(self) -> None:
        """To be called every second or so."""
        if self._process is None and time.monotonic() - self._began > FIRST_SECONDS:
            context = multiprocessing.get_context("spawn")
            self._process = context.Process(target=interim_process, args=self._arguments, name="interim", daemon=True)
            with script_hidden():
                self._process.start()

    def __exit__(self, *_: object) -> None:
        """End it; what it writes is on disk completely or not at all."""
        if self._process is not None:
            self._process.kill()
            self._process.join()


def interim_process(spec_json: str, url: str, folder: str, base: str) -> None:
    """Look at the study until this process, or the one that started it, ends.

    Args:
        spec_json: the resolved specification.
        url: of the storage.
        folder: of the study.
        base: folder that relative data paths start from.
    """
    from gman_search.tuning.process import log_to, prepare_environment

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when this ends
    if hasattr(os, "nice"):  # Windows has not
        os.nice(LOW_PRIORITY)
    prepare_environment(1)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    place = StudyFolder(Path(folder))
    log_to(place.path / "logs" / "interim.log")
    from gman_search.data.shared_task import shared_or_loaded
    from gman_search.tuning.factory import open_studies

    spec = StudySpec.model_validate_json(spec_json)
    task = shared_or_loaded(spec.data, Path(base), place.path)
    studies = open_studies(url, spec, task, joins=True)
    artifacts = Artifacts(open_store(spec.search.artifacts, place.path), studies.store)
    delivery = InterimDelivery(task, spec.data, place, artifacts)
    fitted = fitted_baselines(task, place.baselines, seed=spec.seed, say=logging.info)
    with suppress(GmanSearchError):
        delivery.look((), studies.schedule, fitted)  # their forecasts are kept, and not a cost of each look
    last, seconds = None, 0.0
    while not _parent_ended():
        if is_due(time.monotonic(), last, seconds, cores()):
            # Not by the clock: at low priority a second of the processor takes several, and costs others only one.
            began = time.process_time()
            try:
                rows = studies.evaluations()
                if any(row.state is State.COMPLETE for row in rows):  # the baselines are delivered already
                    delivery.look(rows, studies.schedule, fitted)
            except Exception:  # the next look may find what this one missed; the search does not depend on it
                logging.exception("no delivery")
            last = time.monotonic()
            seconds = time.process_time() - began
        time.sleep(LOOK_SECONDS)


def _parent_ended() -> bool:
    parent = multiprocessing.parent_process()
    return parent is None or not parent.is_alive()
