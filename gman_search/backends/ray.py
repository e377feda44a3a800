"""Workers as Ray tasks: Ray places them on the nodes of a cluster, and starts them elsewhere when a node is lost.

What a lost worker was training is found by its lease, as everywhere; Ray only sees to it that there are workers. A task
that has no place yet is what an autoscaler adds nodes for, and a node without tasks is what it removes.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from gman_search.backends.local import IDLE, RENEW
from gman_search.errors import StudyError, UsageError

__all__ = ["RayWorkers"]

FOREVER = -1
POLL_SECONDS = 0.2


def unmet_demand(nodes: Iterable[Mapping[str, float]], cpus: float, gpus: float) -> str:
    """What is wrong where none of the nodes, given by their resources, has what a worker asks for; else empty."""
    present = list(nodes)
    if any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in present):
        return ""
    has = "; ".join(f"{node.get('CPU', 0):g} CPUs, {node.get('GPU', 0):g} GPUs" for node in present) or "nothing"
    return (
        f"expected a Ray node with {cpus:g} CPUs and {gpus:g} GPUs for a worker (search.threads, search.gpus); "
        f"the nodes have {has}"
    )


class RayWorkers:
    """Starts workers on a Ray cluster, and stops them politely.

    Every node needs this package, the data files and the study's folder (or `search.artifacts`) at the same paths.

    Args:
        target: function `target(index, *arguments)` that runs one worker and leaves at its next epoch on an interrupt.
        arguments: picklable arguments for it.
        workers: number of tasks.
        address: of the cluster, such as `auto` or `ray://host:10001`; None starts one on this machine.
        cpus, gpus: what a worker asks Ray for; a fraction of a GPU lets several share it.
        on_warning: called where no node has as much yet: the workers wait for one that has.

    Raises:
        StudyError: Ray is not installed, or there is no cluster at `address`.
        UsageError: this machine, as the only node, has less than a worker asks for.
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
        on_warning: Callable[[str], None] = lambda text: None,
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
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if unmet := unmet_demand(nodes, cpus, gpus):
            # Ray does not say whether a cluster has an autoscaler and what it may add. Nobody adds to a cluster that
            # was started here for this run.
            if self._own and address in (None, "local") and len(nodes) == 1:
                ray.shutdown()
                raise UsageError(f"{unmet}; for a cluster that adds nodes give its --ray-address")
            on_warning(f"{unmet}; workers wait until a node has as much (Ray: `ray status`)")

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
        self._idle: set[int] = set()
        self._failed: dict[int, str] = {}
        self._leaving = False
        self.restarts = 0

    def _connect(self, address: str | None) -> None:
        try:
            self._ray.init(address=address, include_dashboard=False, log_to_driver=False)
        except (ConnectionError, TimeoutError, ValueError, RuntimeError) as error:
            text = " ".join(str(error).split())[:200]
            raise StudyError(f"expected a Ray cluster at {address or 'this machine'}; {text}") from None

    def alive(self) -> bool:
        """Whether any worker is running, waits for its place or is idle."""
        self._collect()
        return bool(self._running or self._idle)

    def _collect(self) -> None:
        """Take note of the tasks that have ended."""
        if not self._running:
            return
        ended, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        for reference in ended:
            index = self._running.pop(reference)
            try:
                code = self._ray.get(reference)
            except Exception as error:  # raised by a worker on another machine
                if not self._leaving:  # else: one that was cancelled before it had a place
                    self._failed[index] = " ".join(str(error).split())[-300:]
                continue
            if code == RENEW and not self._leaving:
                self._running[self._task.remote(index)] = index
            elif code == IDLE and not self._leaving:
                self._idle.add(index)
            elif code not in (0, None, RENEW, IDLE):
                self._failed[index] = f"exit code {code}"

    def working(self) -> set[int]:
        """See `WorkerPool`."""
        return set(self._running.values())

    def idle(self) -> set[int]:
        """See `WorkerPool`."""
        return set(self._idle)

    def wake(self, count: int) -> None:
        """See `WorkerPool`."""
        for index in sorted(self._idle)[:count]:
            self._idle.remove(index)
            self._running[self._task.remote(index)] = index

    def _has_running(self) -> bool:
        self._collect()
        return bool(self._running)

    def crashed(self) -> int:
        """Workers that ended with an exception."""
        return len(self._failed)

    def failure(self) -> str:
        """The exception of a worker: its log is on another machine, if it came that far."""
        return next(iter(self._failed.values()), "")

    def leave(self, seconds: float) -> None:
        """Ask all workers to leave at their next epoch; end the rest after `seconds`."""
        self._leaving = True
        self._idle.clear()
        for reference in self._running:
            self._ray.cancel(reference, force=False)
        deadline = time.monotonic() + seconds
        with suppress(KeyboardInterrupt):  # a second one: in a hurry
            while self._has_running() and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        if self._own:
            self._ray.shutdown()
