"""Trials as the database's tables have them, many at a time.

Optuna's own reading goes through an object for every row of every table; a history of thousands of trials takes it a
quarter of a minute, which every worker would wait when it joins. A test holds the two equal.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
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


def read_trials(connection: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, FrozenTrial]]:
    """Trials by Optuna's trial numbers, in their order, each with the number of its study; absent ones are left out."""
    for first in range(0, len(numbers), AT_ONCE):
        yield from _read(connection, numbers[first : first + AT_ONCE])


def _read(connection: Connection, numbers: Sequence[int]) -> Iterator[tuple[int, FrozenTrial]]:
    trial, value, step = models.TrialModel, models.TrialValueModel, models.TrialIntermediateValueModel
    param, user, system = models.TrialParamModel, models.TrialUserAttributeModel, models.TrialSystemAttributeModel

    def by_trial(model: Any, *columns: Any) -> Rows:
        found: Rows = defaultdict(list)
        for row in connection.execute(sql.select(model.trial_id, *columns).where(model.trial_id.in_(numbers))):
            found[row[0]].append(row[1:])
        return found

    columns = (trial.trial_id, trial.study_id, trial.number, trial.state)
    times = (trial._datetime_start_utc, trial._datetime_complete_utc)
    # First, so that what is told of a trial is never older than its state: one that ends meanwhile is read again.
    query = sql.select(*columns, *times).where(trial.trial_id.in_(numbers)).order_by(trial.trial_id)
    trials = connection.execute(query).all()
    values = by_trial(value, value.objective, value.value, value.value_type)
    steps = by_trial(step, step.step, step.intermediate_value, step.intermediate_value_type)
    params = by_trial(param, param.param_id, param.param_name, param.param_value, param.distribution_json)
    users, systems = (by_trial(model, model.key, model.value_json) for model in (user, system))
    for number, study, place, state, start, complete in trials:
        drawn = [(name, _distribution(text), stored) for _, name, stored, text in sorted(params[number])]
        yield (
            study,
            FrozenTrial(
                number=place,
                state=state,
                value=None,
                values=[value.stored_repr_to_value(*row[1:]) for row in sorted(values[number])] or None,
                datetime_start=_local(start),
                datetime_complete=_local(complete),
                params={name: distribution.to_external_repr(stored) for name, distribution, stored in drawn},
                distributions={name: distribution for name, distribution, _ in drawn},
                user_attrs={key: json.loads(text) for key, text in users[number]},
                system_attrs={key: json.loads(text) for key, text in systems[number]},
                intermediate_values={
                    at: step.stored_repr_to_intermediate_value(*stored) for at, *stored in steps[number]
                },
                trial_id=number,
            ),
        )


@cache
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _local(time: datetime | None) -> datetime | None:
    """Optuna stores UTC and tells local time, both without a zone."""
    return None if time is None else time.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
