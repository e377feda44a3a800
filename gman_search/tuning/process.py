"""The body of one worker process: environment, data, trainer, loop."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from gman_search.backends.local import IDLE, RENEW

__all__ = [
    "THREAD_VARIABLES",
    "Idleness",
    "MemoryGrowth",
    "index_of",
    "log_to",
    "prepare_environment",
    "worker_name",
    "worker_process",
]

THREAD_VARIABLES = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""Where TensorFlow looks, when it is imported, for how many CPU threads to use."""
ROOM_BYTES = 2**28  # models of further stages take some for good reason


def resident_bytes() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def worker_process(
    index: int,
    spec_json: str,
    url: str,
    folder: str,
    base: str,
    threads: int,
    own_terminal: bool = False,
    hours: float | None = None,
    gpu: int | None = None,
    idle_seconds: float | None = None,
) -> None:
    """Run worker `index` of a study until it is done.

    Exits with code RENEW where its memory has grown so much that a fresh process should go on, with IDLE where there
    was nothing to take.

    Args:
        spec_json: the resolved specification.
        url: of the storage.
        folder: of the study.
        base: folder that relative data paths start from.
        threads: CPU threads for TensorFlow.
        own_terminal: whether Ctrl-C is meant for this worker; one started by `run` leaves when its parent says so.
        hours: leave after so long; None: when the study is done.
        gpu: which of the machine's GPUs to use, from 0; None: by `index`, in turn.
        idle_seconds: leave after so long without anything to take; None: wait on.
    """
    stop = threading.Event()
    _leave_with_the_parent(stop)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # Ctrl-C reaches the whole process group; the parent decides when its workers leave.
    signal.signal(signal.SIGINT, (lambda *_: stop.set()) if own_terminal else signal.SIG_IGN)
    if hours is not None:
        clock = threading.Timer(hours * 3600, stop.set)
        clock.daemon = True
        clock.start()
    prepare_environment(threads)
    log_to(Path(folder) / "logs" / f"worker-{index}.log")
    # Only now, with the environment set: these import Optuna and TensorFlow.
    from gman_search.data.shared_task import shared_or_loaded
    from gman_search.io.memory import machine_gb
    from gman_search.spec import StudySpec
    from gman_search.training.device import prepare_device
    from gman_search.training.loop import GmanTrainer
    from gman_search.tuning.factory import open_studies
    from gman_search.tuning.worker import run_worker

    spec = StudySpec.model_validate_json(spec_json)
    task = shared_or_loaded(spec.data, Path(base), Path(folder))
    study = open_studies(url, spec, task, joins=True)
    prepare_device(spec.seed, worker=index if gpu is None else gpu)
    stages = {stage.name: stage for stage in spec.stage_list()}
    trainer = GmanTrainer(
        task,
        validation_stride=spec.data.stride_of(len(task.starts["val"])),
        stages=stages,
        room_gb=spec.search.room_gb(machine_gb()),
    )
    name = worker_name(index)
    logging.info("worker %s starts", name)
    growth, idleness = MemoryGrowth(spec.search.max_evaluations_per_process), Idleness(idle_seconds)
    finished = run_worker(
        study,
        trainer,
        Path(folder),
        name,
        stop=stop,
        on_claim=lambda claim: logging.info("%s attempt %d", claim.evaluation.key, claim.evaluation.attempt),
        leave_early=growth.is_too_much,
        leave_idle=idleness.is_too_long,
    )
    logging.info("worker %s leaves after %d evaluations", name, finished)
    if growth.found:
        sys.exit(RENEW)
    if idleness.found:
        sys.exit(IDLE)


def worker_name(index: int) -> str:
    """Of this process: no other live worker has it."""
    return f"{socket.gethostname()}-{os.getpid()}-{index}"


def index_of(worker: str) -> int | None:
    """The index in a `worker_name`; None where it is another name."""
    last = worker.rpartition("-")[2]
    return int(last) if last.isdecimal() else None


def _leave_with_the_parent(stop: threading.Event) -> None:
    """A worker whose `run` was killed has nobody who would ask it to leave, and the next `run` starts others."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return  # Ray's

    def wait() -> None:
        parent.join()
        stop.set()

    threading.Thread(target=wait, name="parent", daemon=True).start()


def log_to(file: Path) -> None:
    """Send this process's log, and what native code writes to standard error, to `file`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as stream:
        os.dup2(stream.fileno(), 2)  # TensorFlow's native notices and any crash belong there too
    logging.basicConfig(
        filename=file,
        format="%(asctime)s %(levelname)s %(message)s",
        level=logging.INFO,
        force=True,  # Ray has handlers of its own
    )


def prepare_environment(threads: int) -> None:
    """Set, before TensorFlow is imported, how many CPU threads it uses, and that it logs errors only."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class MemoryGrowth:
    """Whether a process holds half as much memory again as after its first evaluation, looked at every `after`.

    Args:
        after: evaluations between two looks; 0 for none.
        resident: returns the bytes that the process holds.
    """

    def __init__(self, after: int, resident: Callable[[], int] = resident_bytes) -> None:
        self._after, self._resident = after, resident
        self._first = self._seen = 0
        self.found = False

    def is_too_much(self, finished: int) -> bool:
        """To be asked after each evaluation, with how many were finished."""
        if self._after == 0 or finished == self._seen:
            return False
        self._seen = finished
        if not self._first:
            self._first = self._resident()
        elif finished % self._after == 0:
            self.found = self._resident() > 1.5 * self._first + ROOM_BYTES
        return self.found


class Idleness:
    """Whether a worker has had nothing to take for `limit` seconds; None: it waits on."""

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self.found = False

    def is_too_long(self, seconds: float) -> bool:
        """To be asked while there is nothing to take, with for how many seconds."""
        self.found = self._limit is not None and seconds >= self._limit
        return self.found
