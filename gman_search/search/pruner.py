"""The ladder as an Optuna pruner, for those who call `study.optimize` themselves."""

from collections.abc import Callable

import optuna
from optuna.trial import FrozenTrial

from gman_search.halving.decide import ranked
from gman_search.halving.ladder import Ladder
from gman_search.halving.table import Evaluation, State

__all__ = ["LadderPruner"]


class LadderPruner(optuna.pruners.BasePruner):
    """Answers "should this config go no further?" by the ladder's own rule.

    A trial goes on while its last reported validation MAE is among the best floor(n / eta) of the finished trials of
    its stage, itself included; while there is no room for any promotion yet, it goes on only if it leads.

    Args:
        ladder: stages and reduction factors.
        stage_of: name of the stage a study holds; by default what follows the last "/" of its name.
    """

    def __init__(self, ladder: Ladder, stage_of: Callable[[optuna.study.Study], str] | None = None) -> None:
        self.ladder = ladder
        self._stage_of = stage_of or (lambda study: study.study_name.rpartition("/")[2])

    def prune(self, study: optuna.study.Study, trial: FrozenTrial) -> bool:
        """Whether `trial` should stop here."""
        rung = self.ladder.stages.index(self._stage_of(study))
        if trial.last_step is None or rung == len(self.ladder.etas):
            return False
        finished = [
            Evaluation(other.number, "", state=State.COMPLETE, val_mae=other.value)
            for other in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        ]
        own = Evaluation(trial.number, "", state=State.COMPLETE, val_mae=trial.intermediate_values[trial.last_step])
        if own.val_mae is None or own.val_mae != own.val_mae:
            return True
        order = [row.config_id for row in ranked([*finished, own])]
        return order.index(trial.number) >= max(1, self.ladder.room(rung, len(order)))
