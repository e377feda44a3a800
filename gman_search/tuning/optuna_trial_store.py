"""Trials in an Optuna database: the one place that goes below Optuna's public interface.

Optuna's public calls are one transaction for each attribute, but a claim must come with its lease, and a result must be
written whole, by the holder of the lease only. And Optuna takes 15 seconds to read thousands of trials; a test compares
both ways of reading. Optuna is pinned below its next major version.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sql
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import TrialState
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from gman_search.halving.evaluations import State
from gman_search.space import ParamValue
from gman_search.tuning.optuna_studies import RECORD, OptunaStudies
from gman_search.tuning.storage import reading
from gman_search.tuning.trial_cache import TrialCache
from gman_search.tuning.trial_store import StoredTrial, TrialEnded

__all__ = ["OptunaTrialStore"]

AT_ONCE = 500  # trials of one query: SQLite takes a limited number of values
STATES = {
    TrialState.WAITING: State.WAITING,
    TrialState.RUNNING: State.RUNNING,
    TrialState.COMPLETE: State.COMPLETE,
    TrialState.PRUNED: State.PRUNED,
    TrialState.FAIL: State.FAILED,
}
OPTUNA_STATES = {state: own for own, state in STATES.items()}
OPEN = (TrialState.WAITING, TrialState.RUNNING)
Trial, Value, Step = models.TrialModel, models.TrialValueModel, models.TrialIntermediateValueModel
Param, UserAttr, SystemAttr = models.TrialParamModel, models.TrialUserAttributeModel, models.TrialSystemAttributeModel


# Statements are built once: building costs more than executing.
def _select(model: Any, *columns: Any) -> sql.Select[Any]:
    return sql.select(model.trial_id, *columns).where(model.trial_id.in_(sql.bindparam("ids", expanding=True)))


SELECT_STATES = sql.select(Trial.trial_id, Trial.study_id, Trial.state).where(
    Trial.study_id.in_(sql.bindparam("studies", expanding=True)),
    sql.or_(Trial.trial_id > sql.bindparam("newest"), Trial.state.in_(OPEN)),
)
SELECT_TRIALS = _select(Trial, Trial.study_id, Trial.number, Trial.state, Trial._datetime_complete_utc).order_by(
    Trial.trial_id
)
SELECT_VALUES = _select(Value, Value.objective, Value.value, Value.value_type)
SELECT_STEPS = _select(Step, Step.step, Step.intermediate_value, Step.intermediate_value_type)
SELECT_PARAMS = _select(Param, Param.param_id, Param.param_name, Param.param_value, Param.distribution_json)
SELECT_ATTRS = {model: _select(model, model.key, model.value_json) for model in (UserAttr, SystemAttr)}
INSERTS: dict[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def _set_attr(insert: Callable[..., Any]) -> Any:
    new = insert(UserAttr).values({name: sql.bindparam(name) for name in ("trial_id", "key", "value_json")})
    value = {"value_json": new.excluded.value_json}
    return new.on_conflict_do_update(index_elements=[UserAttr.trial_id, UserAttr.key], set_=value)


SET_ATTRS = {name: _set_attr(insert) for name, insert in INSERTS.items()}
# A write that was made, but whose answer was lost, is made again.
ADD_PARAMS = {
    name: insert(Param.__table__).on_conflict_do_nothing(index_elements=["trial_id", "param_name"])
    for name, insert in INSERTS.items()
}
CLAIM = (
    sql.update(Trial)
    .where(Trial.trial_id == sql.bindparam("trial"), Trial.state == TrialState.WAITING)
    .values(state=TrialState.RUNNING, _datetime_start_utc=sql.bindparam("now"))
)


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
        self._boards = {study_id: board for board, study_id in self.ids.items()}
        self._cache = TrialCache(self.boards, distributions)

    @property
    def is_unread(self) -> bool:
        return self._cache.is_unread

    def read(self) -> dict[str, list[StoredTrial]]:
        return self._read(self._cache.read)

    def read_all(self) -> dict[str, list[StoredTrial]]:
        return self._read(self._cache.read_all)

    def _read(self, method: Callable[..., dict[str, list[StoredTrial]]]) -> dict[str, list[StoredTrial]]:
        with reading(self.storage) as connection:

            def states(newest: int) -> dict[int, tuple[str, State]]:
                rows = connection.execute(SELECT_STATES, {"studies": list(self._boards), "newest": newest})
                return {trial_id: (self._boards[study], STATES[state]) for trial_id, study, state in rows.all()}

            return method(states, lambda ids, drawn: self._trials(connection, ids, drawn))

    def trial(self, trial_id: int) -> StoredTrial:
        with reading(self.storage) as connection:
            return next(trial for _, trial in self._trials(connection, [trial_id], {}))

    def _trials(
        self, connection: Connection, ids: Sequence[int], drawn: Mapping[int, StoredTrial]
    ) -> Iterator[tuple[str, StoredTrial]]:
        for first in range(0, len(ids), AT_ONCE):
            for study, trial in _read_trials(connection, ids[first : first + AT_ONCE], drawn):
                yield self._boards[study], trial

    def add_running(self, board: str, attrs_of: Callable[[int], Mapping[str, Any]], worker: str) -> StoredTrial:
        """See `TrialStore`. `Study.ask` would draw parameters at once, and take what a person has queued just now."""
        study_id = self.ids[board]
        with self.storage.engine.begin() as connection:
            # As Optuna does: two that add a trial at once would get the same number. SQLite's transactions exclude all.
            study = models.StudyModel
            connection.execute(sql.select(study.study_id).where(study.study_id == study_id).with_for_update())
            row = {"study_id": study_id, "state": TrialState.RUNNING, "datetime_start": _now()}
            added = sql.insert(Trial.__table__).values(row).returning(Trial.__table__.c.trial_id)
            trial_id = int(connection.execute(added).scalar_one())
            earlier = sql.select(sql.func.count()).where(Trial.study_id == study_id, Trial.trial_id < trial_id)
            number = int(connection.execute(earlier).scalar_one())
            connection.execute(sql.update(Trial).where(Trial.trial_id == trial_id).values(number=number))
            _write_attrs(connection, trial_id, {**attrs_of(number), "worker": worker})
            self.leases.acquire_within(connection, trial_id, worker)
        return self.trial(trial_id)

    def claim(self, trial_id: int, worker: str) -> bool:
        with self.storage.engine.begin() as connection:
            if not connection.execute(CLAIM, {"trial": trial_id, "now": _now()}).rowcount:
                return False  # somebody ended it through the dashboard
            _write_attrs(connection, trial_id, {"worker": worker})
            self.leases.acquire_within(connection, trial_id, worker)
        return True

    def set_params(
        self, trial_id: int, params: Mapping[str, ParamValue], attrs: Mapping[str, Any], worker: str
    ) -> bool:
        found = {name: self.distributions[name] for name in params}
        rows = [
            {
                "trial_id": trial_id,
                "param_name": name,
                "param_value": distribution.to_internal_repr(params[name]),
                "distribution_json": distribution_to_json(distribution),
            }
            for name, distribution in found.items()
        ]
        with self.storage.engine.begin() as connection:
            if not self.leases.hold(connection, trial_id, worker):
                return False
            _update_open(connection, trial_id, state=Trial.state)
            if rows:
                connection.execute(ADD_PARAMS[connection.dialect.name], rows)
            _write_attrs(connection, trial_id, attrs)
        return True

    def set_trial_attrs(self, trial_id: int, attrs: Mapping[str, Any]) -> None:
        with self.storage.engine.begin() as connection:
            _update_open(connection, trial_id, state=Trial.state)  # nobody ends it before the commit
            _write_attrs(connection, trial_id, attrs)

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
            _update_open(connection, trial_id, state=OPTUNA_STATES[state], _datetime_complete_utc=_now())
            _write_attrs(connection, trial_id, attrs or {})
            if value is not None:
                stored, kind = Value.value_to_stored_repr(value)
                row = {"trial_id": trial_id, "objective": 0, "value": stored, "value_type": kind}
                connection.execute(sql.insert(Value).values(row))
        return True


def _read_trials(
    connection: Connection, ids: Sequence[int], drawn: Mapping[int, StoredTrial]
) -> Iterator[tuple[int, StoredTrial]]:
    """Trials with the ids of their studies. Those of `drawn` keep the parameters that they have there."""
    # First, so that nothing is older than the state of its trial: one that ends meanwhile is read again.
    trials = connection.execute(SELECT_TRIALS, {"ids": ids}).all()
    values, steps = (_by_trial(connection, query, ids) for query in (SELECT_VALUES, SELECT_STEPS))
    users, systems = (_by_trial(connection, query, ids) for query in SELECT_ATTRS.values())
    params = _by_trial(connection, SELECT_PARAMS, [trial_id for trial_id in ids if trial_id not in drawn])
    for trial_id, study, number, state, ended in trials:
        before, system = drawn.get(trial_id), dict(systems[trial_id])
        found = ((name, _distribution(text), stored) for _, name, stored, text in sorted(params[trial_id]))
        yield (
            study,
            StoredTrial(
                trial_id=trial_id,
                number=number,
                state=STATES[state],
                value=next((Value.stored_repr_to_value(*row[1:]) for row in sorted(values[trial_id])), None),
                params=before.params if before else {name: d.to_external_repr(stored) for name, d, stored in found},
                fixed_params=json.loads(system.get("fixed_params", "{}")),
                user_attrs={key: json.loads(text) for key, text in users[trial_id]},
                intermediate_values={
                    step: Step.stored_repr_to_intermediate_value(*stored) for step, *stored in steps[trial_id]
                },
                ended=None if ended is None else ended.replace(tzinfo=UTC).timestamp(),
                artifact_ids=tuple(key.removeprefix(RECORD) for key in system if key.startswith(RECORD)),
            ),
        )


def _by_trial(connection: Connection, query: sql.Select[Any], ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    if ids:
        for row in connection.execute(query, {"ids": ids}):
            found[row[0]].append(row[1:])
    return found


@cache
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _update_open(connection: Connection, trial_id: int, **values: Any) -> None:
    unfinished = sql.update(Trial).where(Trial.trial_id == trial_id, Trial.state.in_(OPEN))
    if not connection.execute(unfinished.values(values)).rowcount:
        raise TrialEnded(f"trial {trial_id} has ended, or is not there")


def _write_attrs(connection: Connection, trial_id: int, attrs: Mapping[str, Any]) -> None:
    rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attrs.items()]
    if rows:
        connection.execute(SET_ATTRS[connection.dialect.name], rows)


def _now() -> datetime:
    """As Optuna stores it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
