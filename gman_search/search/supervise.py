"""Watching over the workers of a run: progress, time budget, people at the dashboard, leaving."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

from gman_search.engines.local import LocalWorkers
from gman_search.errors import Interrupted, StudyError
from gman_search.halving.decide import Done, decide
from gman_search.halving.table import latest_attempts
from gman_search.search.by_hand import interventions
from gman_search.search.leases import Leases
from gman_search.search.presence import OUT_OF_ROOM, workers_seen
from gman_search.search.process import worker_process
from gman_search.search.reconcile import reconcile
from gman_search.search.storage import patiently, study_lock
from gman_search.search.studies import SearchStudies
from gman_search.spec import StudySpec

__all__ = ["Crew", "Engine", "has_work", "supervise"]

POLL_SECONDS = 1.0
LOOK_SECONDS = 5.0  # between two looks at what people did
LEAVE_SECONDS = 120.0
Engine = Literal["local", "ray"]


class Crew(Protocol):
    """Workers of a run, wherever they are."""

    restarts: int

    def alive(self) -> bool:
        """Whether any worker is running; replaces those that died, within limits."""
        ...

    def crashed(self) -> int:
        """Workers that ended badly and were not replaced."""
        ...

    def leave(self, seconds: float) -> None:
        """Ask all workers to leave at their next epoch; end the rest after `seconds`."""
        ...


def has_work(studies: SearchStudies) -> bool:
    """Whether anything is still to be sampled, promoted, tried again or finished."""
    leases = Leases(studies.storage.engine, studies.spec.search.lease_seconds)
    with study_lock(studies.storage):
        reconcile(studies, leases)
        rows = latest_attempts(studies.evaluations(), controls=True)
    sampled = sum(row.stage == studies.ladder.stages[0] for row in rows if not row.control)
    is_done = isinstance(decide(rows, studies.ladder), Done)
    return sampled < studies.ladder.trials or not is_done or any(not row.state.is_finished for row in rows)


def supervise(
    studies: SearchStudies,
    folder: Path,
    url: str,
    *,
    engine: Engine = "local",
    ray_address: str | None = None,
    deadline: float | None = None,
    on_progress: Callable[[SearchStudies], None] | None = None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> bool:
    """Run workers until the study is done or `deadline`, by `time.monotonic()`, is over; whether it is done.

    Raises:
        Interrupted: on Ctrl-C, or SIGTERM to this process or its workers.
        StudyError: all workers died.
    """
    people = _People(studies, on_warning)
    with _sigterm_as_ctrl_c():
        crew = _crew(studies.spec, folder, url, engine, ray_address)
        try:
            while crew.alive():
                if deadline is not None and time.monotonic() > deadline:
                    crew.leave(LEAVE_SECONDS)
                    return not patiently(lambda: has_work(studies))
                if on_progress is not None:
                    patiently(lambda: on_progress(studies))
                people.look()
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            crew.leave(LEAVE_SECONDS)
            raise Interrupted("stopped; nothing finished is lost, and the same command goes on") from None
        except BaseException:
            crew.leave(LEAVE_SECONDS)
            raise
    people.look(at_once=True)
    if on_progress is not None:
        on_progress(studies)
    if not patiently(lambda: has_work(studies)):
        return True
    if crew.crashed():
        raise StudyError(
            f"all workers ended before the study did ({crew.restarts} restarts): see the end of "
            f"{folder}/logs/worker-0.log"
        )
    if (clock := patiently(studies.clock)) is not None and time.time() > clock.search_until:
        return False
    raise Interrupted("all workers were told to leave; nothing finished is lost, and the same command goes on")


class _People:
    """Says once what a person did to the study since the run began, and that workers wait for room on a disk."""

    def __init__(self, studies: SearchStudies, say: Callable[[str], None]) -> None:
        self._studies, self._say = studies, say
        self._said = set(interventions(studies))
        self._looked = time.monotonic()

    def look(self, *, at_once: bool = False) -> None:
        if not at_once and time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for text in [*patiently(lambda: interventions(self._studies)), *self._out_of_room()]:
            if text not in self._said:
                self._said.add(text)
                self._say(text)

    def _out_of_room(self) -> list[str]:
        seen = workers_seen(self._studies.storage.engine, self._studies.spec.name)
        return [row.doing for row in seen if row.doing.startswith(OUT_OF_ROOM)]


def _crew(spec: StudySpec, folder: Path, url: str, engine: Engine, ray_address: str | None) -> Crew:
    workers = spec.search.workers
    threads = spec.search.threads_of(os.cpu_count() or 1)
    arguments = (spec.model_dump_json(), url, str(folder), str(Path.cwd()), threads)
    if engine == "local":
        return LocalWorkers(worker_process, arguments, workers)
    from gman_search.engines.ray import RayWorkers

    return RayWorkers(
        worker_process, (*arguments, True), workers, address=ray_address, cpus=threads, gpus=spec.search.gpus
    )


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Spot machines and Slurm say SIGTERM before they kill: leave as after Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
