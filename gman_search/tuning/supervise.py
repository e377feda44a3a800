"""Watching over the workers of a run: progress, time budget, people at the dashboard, leaving."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from gman_search.backends.local import LocalWorkers
from gman_search.errors import Interrupted, StudyError
from gman_search.spec import StudySpec
from gman_search.tuning.heartbeat import OUT_OF_ROOM
from gman_search.tuning.manual_changes import interventions
from gman_search.tuning.process import worker_process
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.staffing import Staffing, WorkerPool, has_work
from gman_search.tuning.storage import retry_on_outage

__all__ = ["Engine", "WorkerPool", "has_work", "supervise"]

POLL_SECONDS = 1.0
LOOK_SECONDS = 5.0  # between two looks at what people did
LEAVE_SECONDS = 120.0
Engine = Literal["local", "ray"]


def supervise(
    study: SearchStudy,
    folder: Path,
    url: str,
    *,
    engine: Engine = "local",
    ray_address: str | None = None,
    deadline: Callable[[], float | None] = lambda: None,
    on_progress: Callable[[SearchStudy], None] | None = None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> bool:
    """Run workers until the study is done or its `deadline` is over; whether it is done.

    The deadline, by `time.monotonic()`, is asked for again and again: it is corrected as evaluations finish.

    Raises:
        Interrupted: on Ctrl-C, or SIGTERM to this process or its workers.
        StudyError: all workers died.
    """
    people = _People(study, on_warning)
    with _sigterm_as_ctrl_c():
        pool = _pool(study.spec, folder, url, engine, ray_address, on_warning)
        staffing = Staffing(study, pool)
        try:
            while pool.alive() and staffing.look():
                if (until := deadline()) is not None and time.monotonic() > until:
                    pool.leave(LEAVE_SECONDS)
                    return not retry_on_outage(lambda: has_work(study))
                if on_progress is not None:
                    retry_on_outage(lambda: on_progress(study))
                people.look()
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            pool.leave(LEAVE_SECONDS)
            raise Interrupted("stopped; nothing finished is lost, and the same command goes on") from None
        except BaseException:
            pool.leave(LEAVE_SECONDS)
            raise
    people.look(at_once=True)
    if on_progress is not None:
        on_progress(study)
    if not retry_on_outage(lambda: has_work(study)):
        return True
    if pool.crashed():
        reason = pool.failure() or f"see the end of {folder}/logs/worker-0.log"
        raise StudyError(f"all workers ended before the study did ({pool.restarts} restarts): {reason}")
    if (clock := retry_on_outage(study.clock)) is not None and time.time() > clock.search_until:
        return False
    raise Interrupted("all workers were asked to leave; nothing finished is lost, and the same command goes on")


class _People:
    """Says once what a person did to the study since the run began, and that workers wait for room on a disk."""

    def __init__(self, study: SearchStudy, say: Callable[[str], None]) -> None:
        self._study, self._say = study, say
        self._said = set(interventions(study))
        self._looked = time.monotonic()

    def look(self, *, at_once: bool = False) -> None:
        if not at_once and time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for text in [*retry_on_outage(lambda: interventions(self._study)), *self._out_of_room()]:
            if text not in self._said:
                self._said.add(text)
                self._say(text)

    def _out_of_room(self) -> list[str]:
        seen = self._study.store.workers_seen()
        return [row.doing for row in seen if row.doing.startswith(OUT_OF_ROOM)]


def _pool(
    spec: StudySpec, folder: Path, url: str, engine: Engine, ray_address: str | None, say: Callable[[str], None]
) -> WorkerPool:
    workers = spec.search.workers
    threads = spec.search.threads_of(os.cpu_count() or 1)
    arguments = (spec.model_dump_json(), url, str(folder), str(Path.cwd()), threads)
    if engine == "local":
        return LocalWorkers(worker_process, arguments, workers)
    from gman_search.backends.ray import RayWorkers

    return RayWorkers(
        worker_process,
        # It leaves on an interrupt, works without a limit of hours on the GPU that Ray gives it, and may be idle.
        (*arguments, True, None, None, spec.search.idle_seconds or None),
        workers,
        address=ray_address,
        cpus=threads,
        gpus=spec.search.gpus,
        on_warning=say,
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
