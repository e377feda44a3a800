"""What people do to a study while it runs, through Optuna or its dashboard: end a trial, or queue one.

The search copes with all of it, and says so: a trial that a person ended is not tried again, one they completed is not
ranked (there are no weights behind the value), one they queued is trained like any other.
"""

from optuna.trial import FrozenTrial, TrialState

from gman_search.halving.retries import BY_HAND
from gman_search.search.studies import SearchStudies

__all__ = ["interventions", "refuse_strays"]


def interventions(studies: SearchStudies) -> list[str]:
    """A line for everything that a person did, oldest first."""
    lines = []
    for stage, trials in studies.all_trials().items():
        for trial in trials:
            row = studies.evaluation(stage, trial)
            if row.facts.get("origin"):
                lines.append(f"{row.key} was {row.facts['origin']}")
            if row.reason.startswith(BY_HAND):
                lines.append(f"{row.key}: {row.reason}")
            elif studies.is_stray(stage, trial) and row.reason:
                lines.append(f"trial {trial.number} of {stage}: {row.reason}")
    return lines


def refuse_strays(studies: SearchStudies, trials: dict[str, list[FrozenTrial]]) -> bool:
    """End what a person queued above the first stage: a config begins at the first; whether anything was ended."""
    refused = False
    for stage, of_stage in trials.items():
        for trial in of_stage:
            if trial.state is TrialState.WAITING and studies.is_stray(stage, trial):
                reason = (
                    f"queued by hand at {stage}: expected configs in {studies.spec.name}/{studies.ladder.stages[0]}; "
                    f"who goes on to {stage} is the ladder's decision"
                )
                refused = studies.end_by_reason(trial._trial_id, reason) or refused
    return refused
