"""Optuna's tables: the one place that goes below Optuna's public interface.

Optuna's public calls are one transaction for each attribute, but a claim must come with its lease, and a result must be
written whole, by the holder of the lease only. And Optuna takes 15 seconds to read thousands of trials; a test compares
both ways of reading. Optuna is pinned below its next major version.
"""

from contextlib import suppress
from typing import Any

import sqlalchemy as sql
from optuna.storages._rdb import models
from optuna.trial import TrialState

from gman_search.halving.evaluations import State

__all__ = [
    "OPTUNA_STATES",
    "STATES",
    "Param",
    "Step",
    "Study",
    "StudyAttr",
    "SystemAttr",
    "Trial",
    "UserAttr",
    "Value",
    "index_open_trials",
    "is_open",
    "is_waiting",
]

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
Study, StudyAttr = models.StudyModel, models.StudyUserAttributeModel
INDEX = "gman_search_open"
# As text of a statement, in the same words: a database uses an index of a condition only where it sees the condition.
NAMES: list[Any] = [sql.literal_column(f"'{state.name}'") for state in OPEN]


def is_open(trial: Any) -> Any:
    """The condition of `index_open_trials`, for a table of trials."""
    return trial.state.in_(NAMES)


def is_waiting(trial: Any) -> Any:
    """Those of them that wait."""
    return sql.and_(is_open(trial), trial.state == NAMES[0])


def index_open_trials(engine: Any) -> None:
    """Create the index of what waits or runs, unless it is there: the rest of a long history is not looked at."""
    if sql.inspect(engine).has_index(Trial.__tablename__, INDEX):
        return
    where = f"state IN ({', '.join(map(str, NAMES))})"
    # Two that create it at once collide in PostgreSQL, in spite of IF NOT EXISTS.
    with suppress(sql.exc.IntegrityError, sql.exc.ProgrammingError), engine.begin() as connection:
        connection.execute(
            sql.text(
                f"CREATE INDEX IF NOT EXISTS {INDEX} ON {Trial.__tablename__} (study_id, state, trial_id) WHERE {where}"
            )
        )
