"""Trials as the database's tables have them, many at a time.

Optuna's own reading goes through an object for every row of every table; a history of thousands of trials takes it a
quarter of a minute, which every worker would wait when it joins. A test holds the two equal.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sql
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial
from sqlalchemy import Connection

__all__ = ["read_trials"]

AT_ONCE = 500
"""Trials of one query: SQLite takes a limited number of values."""

Rows = dict[int, list[Any]]


def _select(model: Any, *columns: Any) -> sql.Select[Any]:
    """A query of the rows of some trials; built once, because building costs more than asking."""
    return sql.select(model.trial_id, *columns).where(model.trial_id.in_(sql.bindparam("numbers", expanding=True)))


_trial, _value, _step = models.TrialModel, models.TrialValueModel, models.TrialIntermediateValueModel
_param, _user, _system = models.TrialParamModel, models.TrialUserAttributeModel, models.TrialSystemAttributeModel
TRIALS = _select(
    _trial, _trial.study_id, _trial.number, _trial.state, _trial._datetime_start_utc, _trial._datetime_complete_utc
).order_by(_trial.trial_id)
VALUES = _select(_value, _value.objective, _value.value, _value.value_type)
STEPS = _select(_step, _step.step, _step.intermediate_value, _step.intermediate_value_type)
PARAMS = _select(_param, _param.param_id, _param.param_name, _param.param_value, _param.distribution_json)
USER_ATTRS = _select(_user, _user.key, _user.value_json)
SYSTEM_ATTRS = _select(_system, _system.key, _system.value_json)


def read_trials(
    connection: Connection, numbers: Sequence[int], drawn: Mapping[int, FrozenTrial] | None = None
) -> Iterator[tuple[int, FrozenTrial]]:
    """Trials by Optuna's trial numbers, in their order, each with the number of its study; absent ones are left out.

    `drawn` are trials as they were read before, whose parameters will not change any more: they are not read again.
    """
    for first in range(0, len(numbers), AT_ONCE):
        yield from _read(connection, numbers[first : first + AT_ONCE], drawn or {})


def _read(
    connection: Connection, numbers: Sequence[int], drawn: Mapping[int, FrozenTrial]
) -> Iterator[tuple[int, FrozenTrial]]:
    # First, so that what is told of a trial is never older than its state: one that ends meanwhile is read again.
    trials = connection.execute(TRIALS, {"numbers": numbers}).all()
    values, steps = (_by_trial(connection, query, numbers) for query in (VALUES, STEPS))
    users, systems = (_by_trial(connection, query, numbers) for query in (USER_ATTRS, SYSTEM_ATTRS))
    params = _by_trial(connection, PARAMS, [number for number in numbers if number not in drawn])
    for number, study, place, state, start, complete in trials:
        before = drawn.get(number)
        if before is None:
            suggested = [(name, _distribution(text), stored) for _, name, stored, text in sorted(params[number])]
        value, step = models.TrialValueModel, models.TrialIntermediateValueModel
        yield (
            study,
            FrozenTrial(
                number=place,
                state=state,
                value=None,
                values=[value.stored_repr_to_value(*row[1:]) for row in sorted(values[number])] or None,
                datetime_start=_local(start),
                datetime_complete=_local(complete),
                params=before.params if before else {n: d.to_external_repr(stored) for n, d, stored in suggested},
                distributions=before.distributions if before else {n: d for n, d, _ in suggested},
                user_attrs=_attrs(users[number]),
                system_attrs=_attrs(systems[number]),
                intermediate_values={
                    at: step.stored_repr_to_intermediate_value(*stored) for at, *stored in steps[number]
                },
                trial_id=number,
            ),
        )


def _by_trial(connection: Connection, query: sql.Select[Any], numbers: Sequence[int]) -> Rows:
    found: Rows = defaultdict(list)
    if numbers:
        for row in connection.execute(query, {"numbers": numbers}):
            found[row[0]].append(row[1:])
    return found


def _attrs(rows: list[Any]) -> dict[str, Any]:
    return {key: json.loads(text) for key, text in rows}


@cache
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _local(time: datetime | None) -> datetime | None:
    """Optuna stores UTC and tells local time, both without a zone."""
    return None if time is None else time.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
