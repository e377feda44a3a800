"""Workers as processes of this machine."""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from gman_search.backends.script import script_hidden

__all__ = ["IDLE", "RENEW", "LocalWorkers"]

MAX_RESTARTS = 5
RENEW = 75  # exit code of a worker that wants a fresh process in its place
IDLE = 76  # of one that left because there was nothing to take
RESTART_WINDOW = 600.0


class LocalWorkers:
    """Starts worker processes, restarts those that die, and stops them politely.

    Args:
        target: module-level function `target(index, *arguments)` that runs one worker.
        arguments: picklable arguments for it.
        workers: number of processes.
        context: how processes are started; a TensorFlow that was used before its process is forked deadlocks.
        max_restarts: how many processes that died are replaced within `RESTART_WINDOW`; a worker that cannot live must
            not be started for ever, and one that dies once in a while must be, for days.
    """

    def __init__(
        self,
        target: Callable[..., None],
        arguments: tuple[Any, ...],
        workers: int,
        *,
        context: BaseContext | None = None,
        max_restarts: int = MAX_RESTARTS,
    ) -> None:
        self._target, self._arguments = target, arguments
        self._context = context or multiprocessing.get_context("spawn")
        self._max_restarts = max_restarts
        self._restarted: deque[float] = deque()
        self.restarts = 0
        self._processes = [self._start(index) for index in range(workers)]

    def _start(self, index: int) -> BaseProcess:
        process: BaseProcess = self._context.Process(  # type: ignore[attr-defined]
            target=self._target, args=(index, *self._arguments), name=f"worker-{index}"
        )
        with script_hidden():
            process.start()
        return process

    def alive(self) -> bool:
        """Whether any worker is running or idle; dead ones are started again a limited number of times."""
        for index, process in enumerate(self._processes):
            if process.exitcode == RENEW and self._max_restarts:
                self._processes[index] = self._start(index)
            elif process.exitcode not in (None, 0, RENEW, IDLE) and self._may_restart():
                self.restarts += 1
                self._restarted.append(time.monotonic())
                self._processes[index] = self._start(index)
        return bool(self.working() or self.idle())

    def working(self) -> set[int]:
        """See `WorkerPool`."""
        return {index for index, process in enumerate(self._processes) if process.is_alive()}

    def idle(self) -> set[int]:
        """See `WorkerPool`."""
        return {index for index, process in enumerate(self._processes) if process.exitcode == IDLE}

    def wake(self, count: int) -> None:
        """See `WorkerPool`."""
        for index in sorted(self.idle())[:count]:
            self._processes[index] = self._start(index)

    def _may_restart(self) -> bool:
        while self._restarted and time.monotonic() - self._restarted[0] > RESTART_WINDOW:
            self._restarted.popleft()
        return len(self._restarted) < self._max_restarts

    def pids(self) -> list[int]:
        """Process ids of the workers that are running."""
        return [process.pid for process in self._processes if process.is_alive() and process.pid is not None]

    def crashed(self) -> int:
        """Workers that ended badly and were not started again."""
        return sum(process.exitcode not in (None, 0, RENEW, IDLE) for process in self._processes)

    def failure(self) -> str:
        """A worker of this machine says it in its log."""
        return ""

    def leave(self, seconds: float) -> None:
        """Ask all workers to leave at their next epoch; kill the rest after `seconds`, or at a second Ctrl-C."""
        self._max_restarts = 0
        for process in self._processes:
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        try:
            for process in self._processes:
                process.join(max(0.0, deadline - time.monotonic()))
        except KeyboardInterrupt:
            pass  # in a hurry: the last epoch is on disk, and the next run takes the evaluations up again
        for process in self._processes:
            if process.is_alive():
                process.kill()
                process.join()
