"""The ladder's rule inside Optuna's own loop."""

import optuna

from gman_search.halving.ladder import Ladder
from gman_search.search.pruner import LadderPruner


def test_only_the_best_quarter_goes_on():
    ladder = Ladder(("quick", "medium"), (4,), trials=8)
    study = optuna.create_study(
        study_name="x/quick", pruner=LadderPruner(ladder), sampler=optuna.samplers.RandomSampler(seed=1)
    )
    for value in (5.0, 4.0, 3.0, 6.0, 2.0, 7.0, 2.5):
        study.add_trial(optuna.trial.create_trial(value=value))
    answers = {}
    for value in (1.0, 2.4, 2.6, 9.0, float("nan")):
        trial = study.ask()
        trial.report(value, 1)
        answers[value] = trial.should_prune()
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    # Eight evaluations leave room for two: ranks 1 and 2 go on.
    assert list(answers.values()) == [False, False, True, True, True]


def test_the_last_stage_is_never_pruned():
    ladder = Ladder(("quick", "medium"), (4,), trials=8)
    study = optuna.create_study(study_name="x/medium", pruner=LadderPruner(ladder))
    study.add_trial(optuna.trial.create_trial(value=1.0))
    trial = study.ask()
    trial.report(5.0, 1)
    assert not trial.should_prune()
