"""What people do to a study while it runs, through Optuna or its dashboard: end a trial, or queue one.

The search handles and reports all of it: a trial that a person ended is not tried again, one they completed is not
ranked (there are no weights behind the value), one they queued is trained like any other.
"""

from collections.abc import Iterable

from gman_search.halving.retries import BY_HAND
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.trial_store import StoredTrial

__all__ = ["interventions", "refuse_strays"]


def interventions(study: SearchStudy) -> list[str]:
    """A line for everything that a person did, oldest first."""
    lines = []
    for stage, trials in study.store.read_all().items():
        for trial in trials:
            row = study.evaluation(stage, trial)
            if row.facts.get("origin"):
                lines.append(f"{row.key} was {row.facts['origin']}")
            if row.reason.startswith(BY_HAND):
                lines.append(f"{row.key}: {row.reason}")
            elif study.is_stray(stage, trial) and row.reason:
                lines.append(f"trial {trial.number} of {stage}: {row.reason}")
    return lines


def refuse_strays(study: SearchStudy, waiting: Iterable[tuple[str, StoredTrial]]) -> bool:
    """End what a person queued above the first stage: a config begins at the first; whether anything was ended."""
    refused = False
    for stage, trial in waiting:
        if study.is_stray(stage, trial):
            reason = (
                f"queued by hand at {stage}: expected configs in {study.spec.name}/{study.schedule.stages[0]}; "
                f"who goes on to {stage} is decided by halving"
            )
            refused = study.fail(trial.trial_id, reason) or refused
    return refused
