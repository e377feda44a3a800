"""Optuna's tables: the one place that goes below Optuna's public interface.

Optuna's public calls are one transaction for each attribute, but a claim must come with its lease, and a result must be
written whole, by the holder of the lease only. And Optuna takes 15 seconds to read thousands of trials; a test compares
both ways of reading. Optuna is pinned below its next major version.
"""

from optuna.storages._rdb import models
from optuna.trial import TrialState

from gman_search.halving.evaluations import State

__all__ = ["OPEN", "OPTUNA_STATES", "STATES", "Param", "Step", "Study", "SystemAttr", "Trial", "UserAttr", "Value"]

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
Study = models.StudyModel
