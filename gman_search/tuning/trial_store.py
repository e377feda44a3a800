"""Where the trials of a search are kept: what every store must do, and a trial as it is stored (pure).

A search is a study of trials on several boards: one board for each stage, and `final` for the evaluations outside the
halving. Workers on any number of machines share them. `gman_search.testing.trial_store` has the tests that every store
must pass.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gman_search.halving.evaluations import State
from gman_search.space import ParamValue

__all__ = ["HeartbeatLine", "StoredTrial", "TrialEnded", "TrialStore", "WorkerSeen"]

Boards = dict[str, list["StoredTrial"]]


class TrialEnded(Exception):
    """The trial has ended already, so nothing more can be written to it."""


@dataclass(frozen=True)
class StoredTrial:
    """One trial as it was read.

    Args:
        trial_id: identifies the trial in its store.
        number: position within its board, from 0.
        state: of the trial; a person may have set it.
        value: validation MAE that it ended with, if any.
        params: searched parameters that are known so far.
        fixed_params: what a person or the schedule queued it with; may hold values that are impossible.
        user_attrs: as written, with what JSON does to them.
        intermediate_values: validation MAE by epoch.
        ended: when it ended, in seconds since 1970.
        artifact_ids: artifacts that it recorded, whether or not they are in the artifact store.
    """

    trial_id: int
    number: int
    state: State
    value: float | None = None
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    fixed_params: Mapping[str, Any] = field(default_factory=dict)
    user_attrs: Mapping[str, Any] = field(default_factory=dict)
    intermediate_values: Mapping[int, float] = field(default_factory=dict)
    ended: float | None = None
    artifact_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkerSeen:
    """A worker, what it does, for how many seconds, and how many seconds ago it last reported."""

    worker: str
    doing: str
    seconds: float
    silent: float


class HeartbeatLine(Protocol):
    """One worker's line among the workers of a search; a store that does not answer is no reason to stop."""

    def report(self, doing: str) -> None:
        """This worker is alive and does something; the same again leaves its beginning as it was."""
        ...

    def renew(self) -> None:
        """This worker still does what it reported last."""
        ...

    def unregister(self) -> None:
        """This worker ends; lines of workers that died long ago are removed, too."""
        ...


class TrialStore(Protocol):
    """The trials of one search, with leases on them and one lock.

    A lease is a worker's time-limited right to run a trial, by the clock of the store. Whatever writes a result gives
    the worker's name, and is refused once the lease is another's or has run out.
    """

    @property
    def boards(self) -> Sequence[str]:
        """The stages in order, then `final`."""
        ...

    @property
    def lease_seconds(self) -> float:
        """How long a lease lasts without being renewed."""
        ...

    def lock(self, *, wait: bool = True) -> AbstractContextManager[bool]:
        """Hold the lock under which trials are decided and queued; whether it is held inside the block.

        It ends with its holder. `wait`: until others have left it; False: it may not be held.
        """
        ...

    def study_attrs(self) -> Mapping[str, Any]:
        """What is stored with the search as a whole."""
        ...

    def set_study_attrs(self, attrs: Mapping[str, Any]) -> None:
        """Store attributes with the search as a whole."""
        ...

    @property
    def is_unread(self) -> bool:
        """Whether nothing has been read yet: the first reading takes long."""
        ...

    def read(self) -> Boards:
        """Trials by board, oldest first, for deciding: of a running one only its state and parameters are current."""
        ...

    def changes(self) -> list[tuple[str, StoredTrial]]:
        """What `read` would show otherwise than at the last call: trials with their boards; all at the first call."""
        ...

    def read_all(self) -> Boards:
        """Trials by board, oldest first, with everything that running ones have reported."""
        ...

    def trial(self, trial_id: int) -> StoredTrial:
        """One trial as it stands."""
        ...

    def add_waiting(self, board: str, params: Mapping[str, ParamValue], attrs: Mapping[str, Any]) -> None:
        """Queue a trial."""
        ...

    def add_running(
        self, board: str, attrs_of: Callable[[int], Mapping[str, Any]], worker: str, ahead: int = 0
    ) -> StoredTrial:
        """Add a running trial without parameters, leased to `worker`: both or none.

        Args:
            board: where to add it.
            attrs_of: user attributes for the number that the trial gets.
            worker: takes the lease.
            ahead: how many more to add, which wait.
        """
        ...

    def take(self, boards: Sequence[str], worker: str) -> tuple[str, StoredTrial] | None:
        """Make a waiting trial a running one, leased to `worker`: both or none; it and its board, None if none waits.

        The oldest on the first of `boards` on which one waits. It needs no lock: of several workers each gets another.
        Above the first stage only trials with a `config_id` are taken; the others were queued by people.
        """
        ...

    def set_params(
        self, trial_id: int, params: Mapping[str, ParamValue], attrs: Mapping[str, Any], worker: str
    ) -> bool:
        """Write parameters and user attributes, all or none; False if the lease is not the worker's.

        Raises:
            TrialEnded: the trial has ended.
        """
        ...

    def set_trial_attrs(self, trial_id: int, attrs: Mapping[str, Any]) -> None:
        """Write user attributes, all or none.

        Raises:
            TrialEnded: the trial has ended.
        """
        ...

    def report(self, trial_id: int, step: int, value: float) -> None:
        """Write an intermediate value.

        Raises:
            TrialEnded: the trial has ended.
        """
        ...

    def finish(
        self,
        trial_id: int,
        state: State,
        value: float | None = None,
        attrs: Mapping[str, Any] | None = None,
        *,
        worker: str | None = None,
    ) -> bool:
        """End a trial with its value and attributes, all or none; False if the lease is not the worker's.

        The lease is looked at first: False also where another has ended the trial since.

        Args:
            trial_id: which trial.
            state: complete, pruned or failed.
            value: validation MAE of a complete one.
            attrs: user attributes to add.
            worker: must hold the lease; None: nobody needs to.

        Raises:
            TrialEnded: the trial has ended.
        """
        ...

    def live_leases(self) -> dict[int, str]:
        """Workers by trial id, for the leases that have not run out."""
        ...

    def renew_lease(self, trial_id: int, worker: str) -> bool:
        """Extend a lease; False if it is not this worker's or has run out."""
        ...

    def release_lease(self, trial_id: int, worker: str) -> None:
        """Give a lease back."""
        ...

    def expire_lease(self, trial_id: int) -> bool:
        """Under the lock: end a lease that has run out; False if somebody may still work on the trial.

        A running trial that never had a lease gets a short one: other software may have begun it a moment ago.
        """
        ...

    def upload_artifact(self, trial_id: int, file: Path, artifacts: Any) -> str:
        """Put a file into an artifact store and record it with a running trial; returns its artifact id."""
        ...

    def heartbeat(self, worker: str) -> HeartbeatLine:
        """The line of a worker; its name is no other live worker's."""
        ...

    def workers_seen(self) -> list[WorkerSeen]:
        """The workers by name; those that were killed are still there, silent."""
        ...
