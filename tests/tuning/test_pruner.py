"""Successive halving inside Optuna's own loop."""

import math

import optuna
import pytest

from gman_search import HalvingPruner
from gman_search.errors import UsageError


def optimized(objective, trials: int, factors=(4, 2), direction="minimize") -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(pruner=HalvingPruner(factors), direction=direction)
    study.optimize(objective, n_trials=trials)
    return study


def stage_by_stage(errors):
    """An objective with the same errors at each of three stages, by number of the trial."""

    def objective(trial: optuna.Trial) -> float:
        for stage in range(3):
            trial.report(errors[trial.number], stage)
            if trial.should_prune():
                raise optuna.TrialPruned
        return errors[trial.number]

    return objective


def reached(study: optuna.Study) -> list[int]:
    """Stages that each trial was trained at."""
    return [len(trial.intermediate_values) for trial in study.trials]


def test_the_best_quarter_and_then_the_best_half_go_on():
    errors = [5.0, 4.0, 6.0, 4.5, 7.0, 8.0, 9.0, 4.2, 3.0, 9.5, 9.6, 4.1]
    # Stage 0: trials 0 and 1 lead when they report. Of 8 trials two go on: trial 7 is second. Of 9, trial 8 leads. Of
    # 12 three do, and trial 11 is third. Stage 1, one in two: trial 0 leads, 1 leads, 7 is second of three and does not
    # go on; 8 leads; 11 is third of five, of which two go on.
    assert reached(optimized(stage_by_stage(errors), len(errors))) == [3, 3, 1, 1, 1, 1, 1, 2, 3, 1, 1, 2]


def test_trials_that_were_pruned_count_among_those_that_reported():
    # Were they left out, the ninth trial would be the second of two, and would have to lead.
    errors = [1.0, *(9.0 - 0.5 * number for number in range(7)), 2.0]
    assert reached(optimized(stage_by_stage(errors), 9))[-1] >= 2


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_an_error_that_is_no_number_never_goes_on(error):
    assert reached(optimized(stage_by_stage([error]), 1)) == [1]


def test_a_study_that_maximises_and_steps_that_are_no_stages_are_refused():
    with pytest.raises(UsageError, match="minimises"):
        optimized(stage_by_stage([1.0]), 1, direction="maximize")

    def by_epochs(trial: optuna.Trial) -> float:
        trial.report(1.0, 12)
        return float(trial.should_prune())

    with pytest.raises(UsageError, match="steps 0 to 2; received step 12"):
        optimized(by_epochs, 1)
    with pytest.raises(UsageError, match="at least 1"):
        HalvingPruner((4, 0))
