"""Statements on Optuna's tables: the one place that goes below Optuna's public interface.

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
from optuna.storages._rdb import models
from optuna.trial import TrialState
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from gman_search.halving.evaluations import State
from gman_search.space import ParamValue
from gman_search.tuning.optuna_studies import RECORD
from gman_search.tuning.trial_store import StoredTrial, TrialEnded

__all__ = [
    "STATES",
    "add_trials",
    "claim",
    "claim_statement",
    "open_states",
    "read_trials",
    "update_open",
    "write_attrs",
    "write_params",
    "write_value",
]

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
COUNT = sql.select(sql.func.count()).where(Trial.study_id == sql.bindparam("study"))
ADD = sql.insert(Trial.__table__).returning(Trial.__table__.c.trial_id)
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


def claim_statement(studies: Sequence[int]) -> Any:
    """Make the oldest waiting trial of the last study that has one a running one; its id and its study's.

    Above the first study only trials with a `config_id`. PostgreSQL passes over what others are taking; in SQLite only
    one transaction writes at a time.

    Args:
        studies: ids, lowest stage first.
    """
    waiting, attr, trial = Trial.__table__.alias(), UserAttr.__table__, Trial.__table__
    is_ours = sql.exists().where(attr.c.trial_id == waiting.c.trial_id, attr.c.key == "config_id")
    order = sql.case({study: -rank for rank, study in enumerate(studies)}, value=waiting.c.study_id)
    first = (
        sql.select(waiting.c.trial_id)
        .where(
            waiting.c.study_id.in_(sql.bindparam("studies", expanding=True)),
            waiting.c.state == TrialState.WAITING,
            sql.or_(waiting.c.study_id == studies[0], is_ours),
        )
        .order_by(order, waiting.c.trial_id)
        .limit(1)
        .with_for_update(of=waiting, skip_locked=True)
    )
    values = {"state": TrialState.RUNNING, "datetime_start": sql.bindparam("now")}
    claimed = sql.update(trial).where(trial.c.trial_id == first.scalar_subquery()).values(values)
    return claimed.returning(trial.c.trial_id, trial.c.study_id)


def claim(connection: Connection, statement: Any, studies: Sequence[int]) -> tuple[int, int] | None:
    """Execute a `claim_statement` on some of its studies."""
    found = connection.execute(statement, {"studies": list(studies), "now": _now()}).first()
    return None if found is None else (int(found[0]), int(found[1]))


def add_trials(
    connection: Connection, study_id: int, attrs_of: Callable[[int], Mapping[str, Any]], ahead: int
) -> tuple[int, int]:
    """Add a running trial and `ahead` waiting ones with attributes by number; id and number of the running one."""
    # As Optuna does: two that add a trial at once would get the same number. SQLite's transactions exclude all.
    study = models.StudyModel
    connection.execute(sql.select(study.study_id).where(study.study_id == study_id).with_for_update())
    first = int(connection.execute(COUNT, {"study": study_id}).scalar_one())
    ids: list[int] = []
    for number in range(first, first + 1 + ahead):
        state, since = (TrialState.WAITING, None) if ids else (TrialState.RUNNING, _now())
        row = {"study_id": study_id, "number": number, "state": state, "datetime_start": since}
        ids.append(int(connection.execute(ADD, row).scalar_one()))
        write_attrs(connection, ids[-1], attrs_of(number))
    return ids[0], first


def open_states(connection: Connection, studies: Sequence[int], newest: int) -> list[tuple[int, int, State]]:
    """Id, study and state of all trials after `newest`, and of those that wait or run."""
    rows = connection.execute(SELECT_STATES, {"studies": list(studies), "newest": newest}).all()
    return [(trial_id, study, STATES[state]) for trial_id, study, state in rows]


def read_trials(
    connection: Connection, ids: Sequence[int], drawn: Mapping[int, StoredTrial]
) -> Iterator[tuple[int, StoredTrial]]:
    """Trials with the ids of their studies. Those of `drawn` keep the parameters that they have there."""
    for first in range(0, len(ids), AT_ONCE):
        yield from _read_trials(connection, ids[first : first + AT_ONCE], drawn)


def _read_trials(
    connection: Connection, ids: Sequence[int], drawn: Mapping[int, StoredTrial]
) -> Iterator[tuple[int, StoredTrial]]:
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


def update_open(connection: Connection, trial_id: int, ends: State | None = None) -> None:
    """Keep a trial that has not ended from ending before the commit, or end it.

    Raises:
        TrialEnded: it has ended.
    """
    unfinished = sql.update(Trial).where(Trial.trial_id == trial_id, Trial.state.in_(OPEN))
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
