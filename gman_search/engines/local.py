"""Workers as processes of this machine."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

__all__ = ["LocalWorkers"]

MAX_RESTARTS = 5


class LocalWorkers:
    """Starts worker processes, restarts those that die, and stops them politely.

    Args:
        target: module-level function `target(index, *arguments)` that runs one worker.
        arguments: picklable arguments for it.
        workers: number of processes.
    """

    def __init__(self, target: Callable[..., None], arguments: tuple[Any, ...], workers: int) -> None:
        self._target, self._arguments = target, arguments
        # spawn: a forked TensorFlow deadlocks.
        self._context = multiprocessing.get_context("spawn")
        self.restarts = 0
        self._processes = [self._start(index) for index in range(workers)]

    def _start(self, index: int) -> BaseProcess:
        process = self._context.Process(target=self._target, args=(index, *self._arguments), name=f"worker-{index}")
        process.start()
        return process

    def alive(self) -> bool:
        """Whether any worker is running; dead ones are started again a limited number of times."""
        for index, process in enumerate(self._processes):
            if process.exitcode not in (None, 0) and self.restarts < MAX_RESTARTS:
                self.restarts += 1
                self._processes[index] = self._start(index)
        return any(process.is_alive() for process in self._processes)

    def crashed(self) -> int:
        """Workers that ended badly and were not started again."""
        return sum(process.exitcode not in (None, 0) for process in self._processes)

    def leave(self, seconds: float) -> None:
        """Ask all workers to leave at their next epoch; kill the rest after `seconds`, or at a second Ctrl-C."""
        self.restarts = MAX_RESTARTS
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
