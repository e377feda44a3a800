"""Whether the evaluation under way should end, by the curves of those that have finished at its stage."""

import math
from collections.abc import Iterator, Mapping, Sequence

from optuna.trial import TrialState

from gman_search.halving.stopping import Curve, Hopeless, hopeless
from gman_search.halving.table import latest_attempts
from gman_search.record import Epoch
from gman_search.search.claim import Claim
from gman_search.search.studies import SearchStudies

__all__ = ["stopping_due"]


def stopping_due(studies: SearchStudies, claim: Claim, epochs: Sequence[Epoch]) -> Hopeless | None:
    """Why the evaluation should end after its last epoch; none: it goes on.

    A control never stops: it is there to be compared with what did not.
    """
    row, spec = claim.evaluation, studies.spec
    if spec.halving.stopping == "none" or row.control:
        return None
    own = _curve({epoch.epoch: epoch.val_mae for epoch in epochs})
    return hopeless(own, _finished(studies, claim.stage, row.config_id), spec.stage(claim.stage).max_epochs)


def _finished(studies: SearchStudies, stage: str, but: int) -> Iterator[Curve]:
    trials = studies.history.read()[stage]
    counted = {row.facts["trial"]: row for row in latest_attempts(studies.rows({stage: trials}))}
    for trial in trials:
        row = counted.get(trial.number)
        if row is None or row.config_id == but or trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
            continue
        yield _curve(trial.intermediate_values, whole=trial.state is TrialState.COMPLETE)


def _curve(values: Mapping[int, float], *, whole: bool = False) -> Curve:
    known = {epoch: value for epoch, value in sorted(values.items()) if math.isfinite(value)}
    return Curve([value for epoch, value in known.items() if epoch > 0], whole, known.get(0, math.inf))
