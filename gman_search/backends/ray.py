"""Workers as Ray tasks: Ray places them on the nodes of a cluster, and starts them elsewhere when a node is lost.

What a lost worker was training is found by its lease, as everywhere; Ray only sees to it that there are workers.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gman_search.backends.local import RENEW
from gman_search.errors import StudyError, UsageError

__all__ = ["RayWorkers"]

FOREVER = -1
POLL_SECONDS = 0.2


class RayWorkers:
    """Starts workers on a Ray cluster, and stops them politely.

    Every node needs this package, the data files and the study's folder (or `search.artifacts`) at the same paths.

    Args:
        target: function `target(index, *arguments)` that runs one worker and leaves at its next epoch on an interrupt.
        arguments: picklable arguments for it.
        workers: number of tasks.
        address: of the cluster, such as `auto` or `ray://host:10001`; None starts one on this machine.
        cpus, gpus: what a worker asks Ray for; a fraction of a GPU lets several share it.

    Raises:
        StudyError: Ray is not installed, or there is no cluster at `address`.
        UsageError: no node of the cluster has what a worker asks for.
    """

    def __init__(
        self,
        target: Callable[..., None],
        arguments: tuple[Any, ...],
        workers: int,
        *,
        address: str | None = None,
        cpus: float = 1,
        gpus: float = 0,
    ) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report to its makers
        try:
            import ray
        except ImportError:
            raise StudyError("the engine ray needs Ray: pip install 'gman-search[ray]'") from None
        self._ray = ray
        self._own = not ray.is_initialized()
        if self._own:
            self._connect(address)
        self._check_demand(cpus, gpus)

        def body(index: int) -> Any:
            try:
                target(index, *arguments)
            except SystemExit as ended:
                return ended.code
            return 0

        # Retried without end: a node may be lost many times in a study of days. An exception is another matter.
        # After each call Ray ends the process, so a worker that leaves for its memory's sake begins in a fresh one.
        self._task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=FOREVER, retry_exceptions=False, max_calls=1)(
            body
        )
        self._running = {self._task.remote(index): index for index in range(workers)}
        self._failed: dict[int, str] = {}
        self._leaving = False
        self.restarts = 0

    def _connect(self, address: str | None) -> None:
        try:
            self._ray.init(address=address, include_dashboard=False, log_to_driver=False)
        except (ConnectionError, TimeoutError, ValueError, RuntimeError) as error:
            text = " ".join(str(error).split())[:200]
            raise StudyError(f"expected a Ray cluster at {address or 'this machine'}; {text}") from None

    def _check_demand(self, cpus: float, gpus: float) -> None:
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
            has = "; ".join(f"{node.get('CPU', 0):g} CPUs, {node.get('GPU', 0):g} GPUs" for node in nodes)
            raise UsageError(
                f"expected a Ray node with {cpus:g} CPUs and {gpus:g} GPUs for a worker (search.threads, search.gpus); "
                f"the nodes have {has}"
            )

    def alive(self) -> bool:
        """Whether any worker is running or waits for its place."""
        if not self._running:
            return False
        ended, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        for reference in ended:
            index = self._running.pop(reference)
            try:
                code = self._ray.get(reference)
            except Exception as error:  # raised by a worker on another machine
                self._failed[index] = " ".join(str(error).split())[-300:]
                continue
            if code == RENEW and not self._leaving:
                self._running[self._task.remote(index)] = index
            elif code not in (0, None, RENEW):
                self._failed[index] = f"exit code {code}"
        return bool(self._running)

    def crashed(self) -> int:
        """Workers that ended with an exception."""
        return len(self._failed)

    def leave(self, seconds: float) -> None:
        """Ask all workers to leave at their next epoch; end the rest after `seconds`."""
        self._leaving = True
        for reference in self._running:
            self._ray.cancel(reference, force=False)
        deadline = time.monotonic() + seconds
        with suppress(KeyboardInterrupt):  # a second one: in a hurry
            while self.alive() and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        if self._own:
            self._ray.shutdown()
