"""Successive halving as an Optuna pruner, for those who call `study.optimize` themselves."""

from collections.abc import Sequence

import optuna
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from gman_search.errors import UsageError
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.promotion import ranked

__all__ = ["HalvingPruner"]


class HalvingPruner(optuna.pruners.BasePruner):
    """Decides which trials go on to the next stage, by the rule that `gman_search.search` promotes with.

    The objective trains a config stage by stage and reports its validation error once a stage: `trial.report(error, 0)`
    after the first, `trial.report(error, 1)` after the second. A trial goes on while its error is among the lowest
    floor(n / factor) of the n trials that have reported at its stage, itself included. While n is too small for any,
    it goes on only if it has the lowest error. After the last stage nothing is pruned.

    The difference to `optuna.pruners.SuccessiveHalvingPruner`: each stage has a factor of its own, stages are counted
    and not spaced by a resource, and an error that is not a number never goes on.

    Args:
        reduction_factors: one in so many trials goes on from each stage to the next, the last stage left out: (4, 4)
            for three stages.

    Raises:
        UsageError: a factor is less than 1; when asked, the study maximises, or a step is no stage.

    Example:
        >>> import optuna
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", -1, 1)
        ...     for stage in range(3):  # train longer at each
        ...         error = x**2 + 1 / (1 + stage)
        ...         trial.report(error, stage)
        ...         if trial.should_prune():
        ...             raise optuna.TrialPruned
        ...     return error
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> pruner, sampler = gman_search.HalvingPruner((4, 4)), optuna.samplers.RandomSampler(seed=1)
        >>> study = optuna.create_study(pruner=pruner, sampler=sampler)
        >>> study.optimize(objective, n_trials=64)
        >>> sum(1 in trial.intermediate_values for trial in study.trials) < 32
        True
    """

    def __init__(self, reduction_factors: Sequence[int] = (4, 4)) -> None:
        self.reduction_factors = tuple(reduction_factors)
        if not all(isinstance(factor, int) and factor >= 1 for factor in self.reduction_factors):
            raise UsageError(f"expected reduction factors of at least 1; received {list(self.reduction_factors)}")

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether `trial` should stop after the stage that it reported last."""
        if study.direction is not StudyDirection.MINIMIZE:
            raise UsageError("expected a study that minimises an error; received one that maximises")
        stage, stages = trial.last_step, len(self.reduction_factors) + 1
        if stage is None:
            return False
        if stage >= stages:
            raise UsageError(f"expected a report of each stage, at steps 0 to {stages - 1}; received step {stage}")
        if stage == stages - 1:
            return False
        reported = [
            _evaluation(other, stage)
            for other in study.get_trials(deepcopy=False)
            if other.state is not TrialState.FAIL and other.number != trial.number
        ]
        own = _evaluation(trial, stage)
        rows = [row for row in (*reported, own) if row.val_mae is not None]
        order = [row.config_id for row in ranked(rows)]
        if trial.number not in order:
            return True  # not a number
        return order.index(trial.number) >= max(1, len(rows) // self.reduction_factors[stage])


def _evaluation(trial: FrozenTrial, stage: int) -> Evaluation:
    return Evaluation(trial.number, "", state=State.COMPLETE, val_mae=trial.intermediate_values.get(stage))
