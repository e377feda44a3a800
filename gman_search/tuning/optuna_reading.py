"""Reading trials from Optuna's tables, many at a time."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sql
from optuna.distributions import BaseDistribution, json_to_distribution
from sqlalchemy import Connection

from gman_search.halving.evaluations import State
from gman_search.space import ParamValue
from gman_search.tuning.optuna_studies import RECORD
from gman_search.tuning.optuna_tables import STATES, Param, Step, StudyAttr, SystemAttr, Trial, UserAttr, Value, is_open
from gman_search.tuning.sampling import contains
from gman_search.tuning.trial_store import StoredTrial

__all__ = ["open_states", "read_queued", "read_study_attrs", "read_trials"]

AT_ONCE = 500  # trials of one query: SQLite takes a limited number of values


# Statements are built once: building costs more than executing.
def _select(model: Any, *columns: Any) -> sql.Select[Any]:
    return sql.select(model.trial_id, *columns).where(model.trial_id.in_(sql.bindparam("ids", expanding=True)))


# States as text: making an enumeration's member of each costs as much as reading it.
ON_BOARDS = sql.select(Trial.trial_id, Trial.study_id, sql.type_coerce(Trial.state, sql.String)).where(
    Trial.study_id.in_(sql.bindparam("studies", expanding=True))
)
# Each half by an index of its own: with OR the whole history would be read.
SELECT_STATES = sql.union(ON_BOARDS.where(Trial.trial_id > sql.bindparam("newest")), ON_BOARDS.where(is_open(Trial)))
STATES_BY_NAME = {state.name: own for state, own in STATES.items()}
SELECT_STUDY_ATTRS = sql.select(StudyAttr.key, StudyAttr.value_json).where(StudyAttr.study_id == sql.bindparam("study"))
SELECT_TRIALS = _select(Trial, Trial.study_id, Trial.number, Trial.state, Trial._datetime_complete_utc).order_by(
    Trial.trial_id
)
SELECT_VALUES = _select(Value, Value.objective, Value.value, Value.value_type)
SELECT_STEPS = _select(Step, Step.step, Step.intermediate_value, Step.intermediate_value_type)
SELECT_PARAMS = _select(Param, Param.param_id, Param.param_name, Param.param_value, Param.distribution_json)
SELECT_ATTRS = {model: _select(model, model.key, model.value_json) for model in (UserAttr, SystemAttr)}


def open_states(connection: Connection, studies: Sequence[int], newest: int) -> list[tuple[int, int, State]]:
    """Id, study and state of all trials after `newest`, and of those that wait or run."""
    rows = connection.execute(SELECT_STATES, {"studies": list(studies), "newest": newest}).all()
    return [(trial_id, study, STATES_BY_NAME[state]) for trial_id, study, state in rows]


def read_study_attrs(connection: Connection, study_id: int) -> dict[str, Any]:
    """User attributes of a study."""
    rows = connection.execute(SELECT_STUDY_ATTRS, {"study": study_id}).all()
    return {key: json.loads(text) for key, text in rows}


def read_trials(
    connection: Connection, ids: Sequence[int], distributions: Mapping[str, BaseDistribution]
) -> Iterator[tuple[int, StoredTrial]]:
    """Trials with the ids of their studies. `distributions`: of the parameters that are searched."""
    for first in range(0, len(ids), AT_ONCE):
        yield from _read_trials(connection, ids[first : first + AT_ONCE], distributions)


def read_queued(
    connection: Connection, ids: Sequence[int], distributions: Mapping[str, BaseDistribution]
) -> Iterator[tuple[int, StoredTrial]]:
    """The same of trials that have just been taken, and have reported nothing yet."""
    return _read_trials(connection, ids, distributions, have_begun=False)


def _read_trials(
    connection: Connection,
    ids: Sequence[int],
    distributions: Mapping[str, BaseDistribution],
    *,
    have_begun: bool = True,
) -> Iterator[tuple[int, StoredTrial]]:
    # First, so that nothing is older than the state of its trial: one that ends meanwhile is read again.
    trials = connection.execute(SELECT_TRIALS, {"ids": ids}).all()
    ended = ids if have_begun else ()
    values, steps = (_by_trial(connection, query, ended) for query in (SELECT_VALUES, SELECT_STEPS))
    users, systems = (_by_trial(connection, query, ids) for query in SELECT_ATTRS.values())
    attrs = {trial_id: {key: _loaded(text) for key, text in users[trial_id]} for trial_id in ids}
    params = _read_params(connection, attrs, distributions)
    for trial_id, study, number, state, end in trials:
        system = dict(systems[trial_id])
        yield (
            study,
            StoredTrial(
                trial_id=trial_id,
                number=number,
                state=STATES[state],
                value=next((Value.stored_repr_to_value(*row[1:]) for row in sorted(values[trial_id])), None),
                params=params[trial_id],
                fixed_params=json.loads(system.get("fixed_params", "{}")),
                user_attrs=attrs[trial_id],
                intermediate_values={
                    step: Step.stored_repr_to_intermediate_value(*stored) for step, *stored in steps[trial_id]
                },
                ended=None if end is None else end.replace(tzinfo=UTC).timestamp(),
                artifact_ids=tuple(key.removeprefix(RECORD) for key in system if key.startswith(RECORD)),
            ),
        )


def _read_params(
    connection: Connection, attrs: Mapping[int, Mapping[str, Any]], distributions: Mapping[str, BaseDistribution]
) -> dict[int, dict[str, ParamValue]]:
    """Parameters by trial. A trial of ours has them among its attributes, too: so a third of all rows is not read."""
    found: dict[int, dict[str, ParamValue]] = {}
    for trial_id, own in attrs.items():
        if (known := own.get("params")) is not None:
            searched = {name: known[name] for name in distributions if name in known}
            found[trial_id] = {name: value for name, value in searched.items() if contains(distributions[name], value)}
    for trial_id, rows in _by_trial(connection, SELECT_PARAMS, [each for each in attrs if each not in found]).items():
        stored = ((name, _distribution(text), value) for _, name, value, text in sorted(rows))
        found[trial_id] = {name: distribution.to_external_repr(value) for name, distribution, value in stored}
    return {trial_id: found.get(trial_id, {}) for trial_id in attrs}


def _by_trial(connection: Connection, query: sql.Select[Any], ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    if ids:
        for row in connection.execute(query, {"ids": ids}).all():
            found[row[0]].append(row[1:])
    return found


def _loaded(text: str) -> Any:
    """JSON as it is stored; most values are short numbers and words, which come back again and again."""
    return json.loads(text) if len(text) > 32 or text[0] in "[{" else _scalar(text)


@lru_cache(maxsize=4096)
def _scalar(text: str) -> Any:
    return json.loads(text)


@cache
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)
