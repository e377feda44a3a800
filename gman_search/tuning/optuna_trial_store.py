"""Trials in an Optuna database, each step that belongs together in one transaction."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from optuna.distributions import BaseDistribution
from optuna.storages import RDBStorage
from sqlalchemy import Connection

from gman_search.halving.evaluations import State
from gman_search.io.memory import collector_paused
from gman_search.space import ParamValue
from gman_search.tuning import optuna_reading, optuna_writing
from gman_search.tuning.optuna_studies import OptunaStudies
from gman_search.tuning.optuna_tables import index_open_trials
from gman_search.tuning.storage import reading
from gman_search.tuning.trial_cache import TrialCache
from gman_search.tuning.trial_store import StoredTrial

__all__ = ["OptunaTrialStore"]

Found = TypeVar("Found")


class OptunaTrialStore(OptunaStudies):
    """A `TrialStore` in an Optuna database; arguments as for `OptunaStudies`."""

    def __init__(
        self,
        storage: RDBStorage,
        name: str,
        boards: Sequence[str],
        distributions: Mapping[str, BaseDistribution],
        lease_seconds: float,
    ) -> None:
        super().__init__(storage, name, boards, distributions, lease_seconds)
        self._is_postgresql = storage.engine.dialect.name == "postgresql"
        self._boards = {study_id: board for board, study_id in self.ids.items()}
        self._cache = TrialCache(self.boards, distributions)
        self._claims: dict[tuple[str, ...], Any] = {}
        index_open_trials(storage.engine)

    def study_attrs(self) -> Mapping[str, Any]:
        """User attributes of the first stage's study: Optuna takes several queries for them, and each decision asks."""
        with reading(self.storage) as connection:
            return optuna_reading.read_study_attrs(connection, self.ids[self.boards[0]])

    @property
    def is_unread(self) -> bool:
        return self._cache.is_unread

    def read(self) -> dict[str, list[StoredTrial]]:
        return self._read(self._cache.read)

    def read_all(self) -> dict[str, list[StoredTrial]]:
        return self._read(self._cache.read_all)

    def changes(self) -> list[tuple[str, StoredTrial]]:
        return self._read(self._cache.changes)

    def _read(self, method: Callable[..., Found]) -> Found:
        with reading(self.storage) as connection, collector_paused():

            def states(newest: int) -> dict[int, tuple[str, State]]:
                found = optuna_reading.open_states(connection, list(self._boards), newest)
                return {trial_id: (self._boards[study], state) for trial_id, study, state in found}

            return method(states, lambda ids: self._trials(connection, ids))

    def trial(self, trial_id: int) -> StoredTrial:
        with reading(self.storage) as connection:
            return next(trial for _, trial in self._trials(connection, [trial_id]))

    def _trials(self, connection: Connection, ids: Sequence[int]) -> Iterator[tuple[str, StoredTrial]]:
        for study, trial in optuna_reading.read_trials(connection, ids, self.distributions):
            yield self._boards[study], trial

    def add_running(
        self, board: str, attrs_of: Callable[[int], Mapping[str, Any]], worker: str, ahead: int = 0
    ) -> StoredTrial:
        """See `TrialStore`. `Study.ask` would draw parameters at once, and take what a person has queued just now."""
        with self.storage.engine.begin() as connection:
            trial_id, number = optuna_writing.add_trials(connection, self.ids[board], attrs_of, ahead)
            optuna_writing.write_attrs(connection, trial_id, {"worker": worker})
            self.leases.acquire_within(connection, trial_id, worker)
        attrs = json.loads(json.dumps({**attrs_of(number), "worker": worker}))
        return StoredTrial(trial_id, number, State.RUNNING, user_attrs=attrs)

    def take(self, boards: Sequence[str], worker: str) -> tuple[str, StoredTrial] | None:
        statement = self._claim_statement(tuple(boards))
        found = self._leased(statement, worker) if self._is_postgresql else self._claimed(statement, worker)
        if found is None:
            return None
        trial_id, study = found
        known = self._cache.waiting(trial_id)
        if known is None:
            with reading(self.storage) as connection:
                ((_, taken),) = optuna_reading.read_queued(connection, [trial_id], self.distributions)
            return self._boards[study], taken
        attrs = {**known.user_attrs, "worker": worker}
        return self._boards[study], replace(known, state=State.RUNNING, user_attrs=attrs)

    def _claim_statement(self, boards: tuple[str, ...]) -> Any:
        if boards not in self._claims:  # building one costs more than executing it
            studies = [self.ids[board] for board in boards]
            claim = optuna_writing.claim_statement(studies, self.ids[self.boards[0]])
            self._claims[boards] = optuna_writing.leased_at_once(claim) if self._is_postgresql else claim
        return self._claims[boards]

    def _claimed(self, statement: Any, worker: str) -> tuple[int, int] | None:
        with self.storage.engine.begin() as connection:
            found = optuna_writing.claim(connection, statement)
            if found is not None:
                optuna_writing.write_attrs(connection, found[0], {"worker": worker})
                self.leases.acquire_within(connection, found[0], worker)
        return found

    def _leased(self, statement: Any, worker: str) -> tuple[int, int] | None:
        values = {"worker": worker, "value_json": json.dumps(worker), "seconds": self.lease_seconds}
        with reading(self.storage) as connection:  # one statement is a transaction of its own
            return optuna_writing.claim(connection, statement, **values)

    def set_params(
        self, trial_id: int, params: Mapping[str, ParamValue], attrs: Mapping[str, Any], worker: str
    ) -> bool:
        with self.storage.engine.begin() as connection:
            if not self.leases.hold(connection, trial_id, worker):
                return False
            optuna_writing.update_open(connection, trial_id)
            optuna_writing.write_params(connection, trial_id, params, self.distributions)
            optuna_writing.write_attrs(connection, trial_id, attrs)
        return True

    def set_trial_attrs(self, trial_id: int, attrs: Mapping[str, Any]) -> None:
        with self.storage.engine.begin() as connection:
            optuna_writing.update_open(connection, trial_id)  # nobody ends it before the commit
            optuna_writing.write_attrs(connection, trial_id, attrs)

    def finish(
        self,
        trial_id: int,
        state: State,
        value: float | None = None,
        attrs: Mapping[str, Any] | None = None,
        *,
        worker: str | None = None,
    ) -> bool:
        with self.storage.engine.begin() as connection:
            if worker is not None and not self.leases.hold(connection, trial_id, worker):
                return False
            optuna_writing.update_open(connection, trial_id, state)
            optuna_writing.write_attrs(connection, trial_id, attrs or {})
            if value is not None:
                optuna_writing.write_value(connection, trial_id, value)
        return True
