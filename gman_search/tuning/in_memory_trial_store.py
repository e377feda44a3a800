"""Trials in the memory of one process, for tests and simulations (pure but for the clock and files of artifacts)."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from gman_search.halving.evaluations import State
from gman_search.space import ParamValue
from gman_search.tuning.trial_store import StoredTrial, TrialEnded, WorkerSeen

__all__ = ["InMemoryTrialStore"]

SHORT_LEASE_SECONDS = 1.0
UNKNOWN_WORKER = "unknown"


@dataclass
class _Lease:
    worker: str
    expires: float


@dataclass
class _Search:
    """What all workers of a search share."""

    boards: tuple[str, ...]
    clock: Callable[[], float]
    lock: threading.RLock = field(default_factory=threading.RLock)
    access: threading.RLock = field(default_factory=threading.RLock)
    attrs: dict[str, Any] = field(default_factory=dict)
    trials: list[tuple[str, StoredTrial]] = field(default_factory=list)
    leases: dict[int, _Lease] = field(default_factory=dict)
    workers: dict[str, tuple[str, float, float]] = field(default_factory=dict)


class InMemoryTrialStore:
    """A `TrialStore` for the threads of one process.

    Args:
        boards: the stages in order, then `final`.
        lease_seconds: how long a lease lasts without being renewed.
        clock: seconds, by which leases run out.
        shares: another store whose trials this one has, as a second worker has them.
    """

    def __init__(
        self,
        boards: Sequence[str],
        lease_seconds: float = 60.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        shares: "InMemoryTrialStore | None" = None,
    ) -> None:
        self._search: _Search = _Search(tuple(boards), clock) if shares is None else shares._search
        self.lease_seconds, self.boards = lease_seconds, self._search.boards
        self.is_unread = True
        self._told: dict[int, StoredTrial] = {}

    @contextmanager
    def lock(self, *, wait: bool = True) -> Iterator[bool]:
        held = self._search.lock.acquire(blocking=wait)
        try:
            yield held
        finally:
            if held:
                self._search.lock.release()

    def study_attrs(self) -> Mapping[str, Any]:
        return dict(self._search.attrs)

    def set_study_attrs(self, attrs: Mapping[str, Any]) -> None:
        with self._search.access:
            self._search.attrs.update(_through_json(attrs))

    def read(self) -> dict[str, list[StoredTrial]]:
        self.is_unread = False
        return self.read_all()

    def changes(self) -> list[tuple[str, StoredTrial]]:
        self.is_unread = False
        with self._search.access:
            found = [each for each in self._search.trials if self._told.get(each[1].trial_id) is not each[1]]
            self._told.update((trial.trial_id, trial) for _, trial in found)
            return found

    def read_all(self) -> dict[str, list[StoredTrial]]:
        with self._search.access:
            return {board: [trial for on, trial in self._search.trials if on == board] for board in self._search.boards}

    def trial(self, trial_id: int) -> StoredTrial:
        return self._search.trials[trial_id][1]

    def add_waiting(self, board: str, params: Mapping[str, ParamValue], attrs: Mapping[str, Any]) -> None:
        with self._search.access:
            self._add(
                board, State.WAITING, params=dict(params), fixed_params=dict(params), user_attrs=_through_json(attrs)
            )

    def add_running(
        self, board: str, attrs_of: Callable[[int], Mapping[str, Any]], worker: str, ahead: int = 0
    ) -> StoredTrial:
        with self._search.access:
            number = sum(on == board for on, _ in self._search.trials)
            trial = self._add(board, State.RUNNING, user_attrs=_through_json({**attrs_of(number), "worker": worker}))
            self._lease(trial.trial_id, worker, self.lease_seconds)
            for later in range(number + 1, number + 1 + ahead):
                self._add(board, State.WAITING, user_attrs=_through_json(attrs_of(later)))
            return trial

    def take(self, boards: Sequence[str], worker: str) -> tuple[str, StoredTrial] | None:
        with self._search.access:
            waiting = [each for each in self._search.trials if each[0] in boards and each[1].state is State.WAITING]
            ours = [each for each in waiting if each[0] == self.boards[0] or "config_id" in each[1].user_attrs]
            if not ours:
                return None
            board, trial = min(ours, key=lambda each: boards.index(each[0]))
            self._put(trial, state=State.RUNNING, user_attrs={**trial.user_attrs, "worker": worker})
            self._lease(trial.trial_id, worker, self.lease_seconds)
            return board, self.trial(trial.trial_id)

    def set_params(
        self, trial_id: int, params: Mapping[str, ParamValue], attrs: Mapping[str, Any], worker: str
    ) -> bool:
        with self._search.access:
            if not self._holds(trial_id, worker):
                return False
            trial = self._open(trial_id)
            both = {**trial.user_attrs, **_through_json(attrs)}
            self._put(trial, params={**params, **trial.params}, user_attrs=both)
            return True

    def set_trial_attrs(self, trial_id: int, attrs: Mapping[str, Any]) -> None:
        with self._search.access:
            trial = self._open(trial_id)
            self._put(trial, user_attrs={**trial.user_attrs, **_through_json(attrs)})

    def report(self, trial_id: int, step: int, value: float) -> None:
        with self._search.access:
            trial = self._open(trial_id)
            self._put(trial, intermediate_values={**trial.intermediate_values, step: value})

    def finish(
        self,
        trial_id: int,
        state: State,
        value: float | None = None,
        attrs: Mapping[str, Any] | None = None,
        *,
        worker: str | None = None,
    ) -> bool:
        with self._search.access:
            if worker is not None and not self._holds(trial_id, worker):
                return False
            trial = self._open(trial_id)
            user_attrs = {**trial.user_attrs, **_through_json(attrs or {})}
            self._put(trial, state=state, value=value, user_attrs=user_attrs, ended=time.time())
            return True

    def live_leases(self) -> dict[int, str]:
        with self._search.access:
            return {trial: lease.worker for trial, lease in self._search.leases.items() if self._is_live(lease)}

    def renew_lease(self, trial_id: int, worker: str) -> bool:
        with self._search.access:
            if not self._holds(trial_id, worker):
                return False
            self._lease(trial_id, worker, self.lease_seconds)
            return True

    def release_lease(self, trial_id: int, worker: str) -> None:
        with self._search.access:
            lease = self._search.leases.get(trial_id)
            if lease is not None and lease.worker == worker:
                del self._search.leases[trial_id]

    def expire_lease(self, trial_id: int) -> bool:
        with self._search.access:
            lease = self._search.leases.get(trial_id)
            if lease is None:
                self._lease(trial_id, UNKNOWN_WORKER, min(SHORT_LEASE_SECONDS, self.lease_seconds))
            elif not self._is_live(lease):
                del self._search.leases[trial_id]
                return True
            return False

    def upload_artifact(self, trial_id: int, file: Path, artifacts: Any) -> str:
        artifact_id = str(uuid4())
        with self._search.access:
            trial = self._open(trial_id)
            self._put(trial, artifact_ids=(*trial.artifact_ids, artifact_id))
        with file.open("rb") as content:
            artifacts.write(artifact_id, content)
        return artifact_id

    def heartbeat(self, worker: str) -> "_Line":
        return _Line(self._search, worker)

    def workers_seen(self) -> list[WorkerSeen]:
        now = self._search.clock()
        with self._search.access:
            lines = sorted(self._search.workers.items())
        return [WorkerSeen(worker, doing, now - since, now - seen) for worker, (doing, since, seen) in lines]

    def _add(self, board: str, state: State, **values: Any) -> StoredTrial:
        number = sum(on == board for on, _ in self._search.trials)
        trial = StoredTrial(trial_id=len(self._search.trials), number=number, state=state, **values)
        self._search.trials.append((board, trial))
        return trial

    def _put(self, trial: StoredTrial, **values: Any) -> None:
        board, _ = self._search.trials[trial.trial_id]
        self._search.trials[trial.trial_id] = board, replace(trial, **values)

    def _open(self, trial_id: int) -> StoredTrial:
        trial = self.trial(trial_id)
        if trial.state.is_finished:
            raise TrialEnded(f"trial {trial_id} has ended")
        return trial

    def _lease(self, trial_id: int, worker: str, seconds: float) -> None:
        self._search.leases[trial_id] = _Lease(worker, self._search.clock() + seconds)

    def _is_live(self, lease: _Lease) -> bool:
        return lease.expires > self._search.clock()

    def _holds(self, trial_id: int, worker: str) -> bool:
        lease = self._search.leases.get(trial_id)
        return lease is not None and lease.worker == worker and self._is_live(lease)


class _Line:
    """A `HeartbeatLine` in memory."""

    def __init__(self, search: _Search, worker: str) -> None:
        self._search, self._worker, self._doing = search, worker, ""

    def report(self, doing: str) -> None:
        self._doing, now = doing, self._search.clock()
        with self._search.access:
            before, since, _ = self._search.workers.get(self._worker, ("", now, now))
            self._search.workers[self._worker] = doing, since if before == doing else now, now

    def renew(self) -> None:
        self.report(self._doing)

    def unregister(self) -> None:
        with self._search.access:
            self._search.workers.pop(self._worker, None)


def _through_json(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """As a database would give them back."""
    return dict(json.loads(json.dumps(dict(attrs))))
