"""Writing a trial whole: each of these is one transaction.

Optuna's public calls are a transaction for every attribute. A claim must come with its lease and a result must be
written whole, and only by whoever holds the lease, so these go one level below; optuna is pinned below its next major
version for that.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sql
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import TrialModel, TrialUserAttributeModel
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import TrialState
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

__all__ = ["begin_trial", "end_trial", "set_attrs"]

INSERT: dict[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def begin_trial(
    storage: RDBStorage, trial_id: int, attrs: Mapping[str, Any], leased: Callable[[Connection], None]
) -> bool:
    """Make a WAITING trial RUNNING and lease it in the same transaction; False if it waits no longer."""
    model = TrialModel
    waiting = sql.update(model).where(model.trial_id == trial_id, model.state == TrialState.WAITING)
    with _transaction(storage) as session:
        connection, now = session.connection(), datetime.now(UTC).replace(tzinfo=None)
        if not connection.execute(waiting.values(state=TrialState.RUNNING, _datetime_start_utc=now)).rowcount:
            return False  # somebody ended it through the dashboard
        _set_attrs(storage, session, trial_id, attrs)
        leased(connection)
    return True


def end_trial(
    storage: RDBStorage,
    trial_id: int,
    state: TrialState,
    value: float | None,
    attrs: Mapping[str, Any],
    on_condition: Callable[[Connection], bool],
) -> bool:
    """End a trial with its value and attributes, if `on_condition` holds in the transaction; whether it did.

    Raises:
        UpdateFinishedTrialError: the trial has ended already.
    """
    with _transaction(storage) as session:
        if not on_condition(session.connection()):
            return False
        trial = _open_trial(storage, session, trial_id)
        _set_attrs(storage, session, trial_id, attrs)
        if value is not None:
            storage._set_trial_value_without_commit(session, trial, 0, value)
        trial.state, trial.datetime_complete = state, datetime.now()
    return True


def set_attrs(storage: RDBStorage, trial_id: int, attrs: Mapping[str, Any]) -> None:
    """Write user attributes of a trial, all or none.

    Raises:
        UpdateFinishedTrialError: the trial has ended.
    """
    with _transaction(storage) as session:
        _open_trial(storage, session, trial_id)
        _set_attrs(storage, session, trial_id, attrs)


def _open_trial(storage: RDBStorage, session: Session, trial_id: int) -> TrialModel:
    trial = TrialModel.find_or_raise_by_id(trial_id, session, for_update=True)
    storage.check_trial_is_updatable(trial_id, cast(TrialState, trial.state))
    return trial


def _set_attrs(storage: RDBStorage, session: Session, trial_id: int, attrs: Mapping[str, Any]) -> None:
    if not attrs:
        return
    model = TrialUserAttributeModel
    rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attrs.items()]
    new = INSERT[storage.engine.dialect.name](model).values(rows)
    value = {"value_json": new.excluded.value_json}
    session.execute(new.on_conflict_do_update(index_elements=[model.trial_id, model.key], set_=value))


def _transaction(storage: RDBStorage) -> AbstractContextManager[Session]:
    return _create_scoped_session(storage.scoped_session)
