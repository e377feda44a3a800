"""Writing a trial whole: each of these is one transaction.

Optuna's public calls are a transaction for every attribute. A claim must come with its lease and a result must be
written whole, and only by whoever holds the lease, so these go one level below; optuna is pinned below its next major
version for that.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import (
    StudyModel,
    TrialModel,
    TrialParamModel,
    TrialUserAttributeModel,
    TrialValueModel,
)
from optuna.trial import TrialState
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["add_running_trial", "begin_trial", "end_trial", "set_attrs", "set_params"]

OPEN = (TrialState.WAITING, TrialState.RUNNING)


def _upsert(insert: Callable[..., Any]) -> Any:
    """Write an attribute, whether it is there or not."""
    model = TrialUserAttributeModel
    new = insert(model).values({name: sql.bindparam(name) for name in ("trial_id", "key", "value_json")})
    value = {"value_json": new.excluded.value_json}
    return new.on_conflict_do_update(index_elements=[model.trial_id, model.key], set_=value)


# Built once: building costs more than asking.
SET_ATTRS = {"sqlite": _upsert(sqlite.insert), "postgresql": _upsert(postgresql.insert)}
# A write that was made, but whose answer was lost, is made again.
ADD_PARAMS = {
    name: insert(TrialParamModel.__table__).on_conflict_do_nothing(index_elements=["trial_id", "param_name"])
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
BEGIN = (
    sql.update(TrialModel)
    .where(TrialModel.trial_id == sql.bindparam("trial"), TrialModel.state == TrialState.WAITING)
    .values(state=TrialState.RUNNING, _datetime_start_utc=sql.bindparam("now"))
)


def begin_trial(
    storage: RDBStorage, trial_id: int, attrs: Mapping[str, Any], leased: Callable[[Connection], None]
) -> bool:
    """Make a WAITING trial RUNNING and lease it in the same transaction; False if it waits no longer."""
    with storage.engine.begin() as connection:
        if not connection.execute(BEGIN, {"trial": trial_id, "now": _now()}).rowcount:
            return False  # somebody ended it through the dashboard
        _set_attrs(connection, trial_id, attrs)
        leased(connection)
    return True


def add_running_trial(
    storage: RDBStorage,
    study_id: int,
    attrs_of: Callable[[int], Mapping[str, Any]],
    leased: Callable[[Connection, int], None],
) -> int:
    """Add a RUNNING trial without parameters and lease it in the same transaction; returns Optuna's trial id.

    Args:
        study_id: Optuna's number of the study.
        attrs_of: user attributes for the number that the trial gets within its study.
        leased: leases the trial, on the connection that adds it.
    """
    with storage.engine.begin() as connection:
        # As Optuna does: two that add a trial at once would get the same number. SQLite's transactions exclude all.
        connection.execute(sql.select(StudyModel.study_id).where(StudyModel.study_id == study_id).with_for_update())
        row = {"study_id": study_id, "state": TrialState.RUNNING, "datetime_start": _now()}
        added = sql.insert(TrialModel.__table__).values(row).returning(TrialModel.__table__.c.trial_id)
        trial_id = int(connection.execute(added).scalar_one())
        earlier = sql.select(sql.func.count()).where(TrialModel.study_id == study_id, TrialModel.trial_id < trial_id)
        number = int(connection.execute(earlier).scalar_one())
        connection.execute(sql.update(TrialModel).where(TrialModel.trial_id == trial_id).values(number=number))
        _set_attrs(connection, trial_id, attrs_of(number))
        leased(connection, trial_id)
    return trial_id


def set_params(
    storage: RDBStorage,
    trial_id: int,
    params: Mapping[str, Any],
    distributions: Mapping[str, BaseDistribution],
    attrs: Mapping[str, Any],
    on_condition: Callable[[Connection], bool],
) -> bool:
    """Write parameters and user attributes of a trial, if `on_condition` holds in the transaction; whether it did.

    Raises:
        UpdateFinishedTrialError: the trial has ended.
    """
    rows = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(distributions[name]),
        }
        for name, value in params.items()
    ]
    with storage.engine.begin() as connection:
        if not on_condition(connection):
            return False
        _update_open(connection, trial_id, state=TrialModel.state)
        if rows:
            connection.execute(ADD_PARAMS[connection.dialect.name], rows)
        _set_attrs(connection, trial_id, attrs)
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
    with storage.engine.begin() as connection:
        if not on_condition(connection):
            return False
        _update_open(connection, trial_id, state=state, _datetime_complete_utc=_now())
        _set_attrs(connection, trial_id, attrs)
        if value is not None:
            stored, kind = TrialValueModel.value_to_stored_repr(value)
            row = {"trial_id": trial_id, "objective": 0, "value": stored, "value_type": kind}
            connection.execute(sql.insert(TrialValueModel).values(row))
    return True


def set_attrs(storage: RDBStorage, trial_id: int, attrs: Mapping[str, Any]) -> None:
    """Write user attributes of a trial, all or none.

    Raises:
        UpdateFinishedTrialError: the trial has ended.
    """
    with storage.engine.begin() as connection:
        _update_open(connection, trial_id, state=TrialModel.state)  # nobody ends it before the commit
        _set_attrs(connection, trial_id, attrs)


def _update_open(connection: Connection, trial_id: int, **values: Any) -> None:
    model = TrialModel
    unfinished = sql.update(model).where(model.trial_id == trial_id, model.state.in_(OPEN))
    if not connection.execute(unfinished.values(values)).rowcount:
        raise UpdateFinishedTrialError(f"trial {trial_id} has ended, or is not there")


def _set_attrs(connection: Connection, trial_id: int, attrs: Mapping[str, Any]) -> None:
    if not attrs:
        return
    rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attrs.items()]
    connection.execute(SET_ATTRS[connection.dialect.name], rows)


def _now() -> datetime:
    """As Optuna stores it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
