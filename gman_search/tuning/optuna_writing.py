"""Writing trials to Optuna's tables, inside a transaction of the caller's."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sql
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.trial import TrialState
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from gman_search.halving.evaluations import State
from gman_search.space import ParamValue
from gman_search.tuning.leases import SECONDS_NOW
from gman_search.tuning.optuna_tables import (
    OPTUNA_STATES,
    Param,
    Study,
    Trial,
    UserAttr,
    Value,
    is_open,
    is_waiting,
)
from gman_search.tuning.trial_store import TrialEnded

__all__ = [
    "add_trials",
    "claim",
    "claim_statement",
    "leased_at_once",
    "update_open",
    "write_attrs",
    "write_params",
    "write_value",
]

COUNT = sql.select(sql.func.count()).where(Trial.study_id == sql.bindparam("study"))
ADD = sql.insert(Trial.__table__).returning(Trial.__table__.c.trial_id)
LEASES = sql.table("gman_search_leases", *map(sql.column, ("trial_id", "worker", "since", "expires")))
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


def claim_statement(studies: Sequence[int], first: int) -> Any:
    """Make the oldest waiting trial of the first study that has one a running one; its id and its study's.

    In other studies than `first` only trials with a `config_id`. PostgreSQL passes over what others are taking; in
    SQLite only one transaction writes at a time. A study is looked at only where nothing waits in those before it, by
    an index of what waits: the database neither reads nor sorts the rest of the queue.

    Args:
        studies: ids, in the order in which their trials are taken.
        first: id of the lowest stage's study.
    """
    trial = Trial.__table__
    oldest = [_oldest_waiting(study, is_any=study == first).scalar_subquery() for study in studies]
    chosen = oldest[0] if len(oldest) == 1 else sql.func.coalesce(*oldest)
    values = {"state": TrialState.RUNNING, "datetime_start": sql.bindparam("now")}
    claimed = sql.update(trial).where(trial.c.trial_id == chosen).values(values)
    return claimed.returning(trial.c.trial_id, trial.c.study_id)


def _oldest_waiting(study: int, *, is_any: bool) -> sql.Select[Any]:
    waiting, attr = Trial.__table__.alias(), UserAttr.__table__
    found = sql.select(waiting.c.trial_id).where(waiting.c.study_id == study, is_waiting(waiting.c))
    if not is_any:
        found = found.where(sql.exists().where(attr.c.trial_id == waiting.c.trial_id, attr.c.key == "config_id"))
    return found.order_by(waiting.c.trial_id).limit(1).with_for_update(of=waiting, skip_locked=True)


def leased_at_once(claimed: Any) -> Any:
    """For PostgreSQL: a `claim_statement` that writes the worker's name and its lease, too: one message, not six."""
    taken = claimed.cte("taken")
    worker, seconds = sql.bindparam("worker", type_=sql.Text), sql.bindparam("seconds", type_=sql.Float)
    attr = sql.select(taken.c.trial_id, sql.literal("worker"), sql.bindparam("value_json", type_=sql.Text))
    written = postgresql.insert(UserAttr.__table__).from_select(["trial_id", "key", "value_json"], attr)
    named = written.on_conflict_do_update(
        index_elements=["trial_id", "key"], set_={"value_json": written.excluded.value_json}
    )
    now: Any = sql.literal_column(SECONDS_NOW["postgresql"], sql.Float)
    lease = sql.select(taken.c.trial_id, worker, now, now + seconds)
    added = postgresql.insert(LEASES).from_select([column.name for column in LEASES.c], lease)
    leased = added.on_conflict_do_update(
        index_elements=["trial_id"], set_={name: added.excluded[name] for name in ("worker", "since", "expires")}
    )
    return sql.select(taken.c.trial_id, taken.c.study_id).add_cte(named.cte("named"), leased.cte("leased"))


def claim(connection: Connection, statement: Any, **values: Any) -> tuple[int, int] | None:
    """Execute a `claim_statement`; id and study of the trial, if one waited."""
    found = connection.execute(statement, {"now": _now(), **values}).first()
    return None if found is None else (int(found[0]), int(found[1]))


def add_trials(
    connection: Connection, study_id: int, attrs_of: Callable[[int], Mapping[str, Any]], ahead: int
) -> tuple[int, int]:
    """Add a running trial and `ahead` waiting ones with attributes by number; id and number of the running one."""
    # As Optuna does: two that add a trial at once would get the same number. SQLite's transactions exclude all.
    connection.execute(sql.select(Study.study_id).where(Study.study_id == study_id).with_for_update())
    first = int(connection.execute(COUNT, {"study": study_id}).scalar_one())
    ids: list[int] = []
    for number in range(first, first + 1 + ahead):
        state, since = (TrialState.WAITING, None) if ids else (TrialState.RUNNING, _now())
        row = {"study_id": study_id, "number": number, "state": state, "datetime_start": since}
        ids.append(int(connection.execute(ADD, row).scalar_one()))
        write_attrs(connection, ids[-1], attrs_of(number))
    return ids[0], first


def update_open(connection: Connection, trial_id: int, ends: State | None = None) -> None:
    """Keep a trial that has not ended from ending before the commit, or end it.

    Raises:
        TrialEnded: it has ended.
    """
    unfinished = sql.update(Trial).where(Trial.trial_id == trial_id, is_open(Trial))
    values: dict[str, Any] = {"state": Trial.state}
    if ends is not None:
        values = {"state": OPTUNA_STATES[ends], "_datetime_complete_utc": _now()}
    if not connection.execute(unfinished.values(values)).rowcount:
        raise TrialEnded(f"trial {trial_id} has ended, or is not there")


def write_attrs(connection: Connection, trial_id: int, attrs: Mapping[str, Any]) -> None:
    """Write user attributes of a trial."""
    rows = [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attrs.items()]
    if rows:
        connection.execute(SET_ATTRS[connection.dialect.name], rows)


def write_params(
    connection: Connection,
    trial_id: int,
    params: Mapping[str, ParamValue],
    distributions: Mapping[str, BaseDistribution],
) -> None:
    """Write parameters of a trial; those that it has stay."""
    rows = [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(distributions[name]),
        }
        for name, value in params.items()
    ]
    if rows:
        connection.execute(ADD_PARAMS[connection.dialect.name], rows)


def write_value(connection: Connection, trial_id: int, value: float) -> None:
    """Write the value that a trial ended with."""
    stored, kind = Value.value_to_stored_repr(value)
    row = {"trial_id": trial_id, "objective": 0, "value": stored, "value_type": kind}
    connection.execute(sql.insert(Value).values(row))


def _now() -> datetime:
    """As Optuna stores it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
