"""Whether the evaluation under way should end, by the curves of those that have finished at its stage."""

import math
from collections.abc import Iterator, Mapping, Sequence

from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.stopping import Curve, StopDecision, stop_decision
from gman_search.record import Epoch
from gman_search.tuning.claim import Claim
from gman_search.tuning.search_study import SearchStudy

__all__ = ["stopping_due"]


def stopping_due(study: SearchStudy, claim: Claim, epochs: Sequence[Epoch]) -> StopDecision | None:
    """Why the evaluation should end after its last epoch; None: it goes on.

    A control never stops: it is there to be compared with what did not.
    """
    row, spec = claim.evaluation, study.spec
    if spec.halving.pruner == "none" or row.control:
        return None
    own = _curve({epoch.epoch: epoch.val_mae for epoch in epochs})
    return stop_decision(own, _finished(study, claim.stage, row.config_id), spec.stage(claim.stage).max_epochs)


def _finished(study: SearchStudy, stage: str, but: int) -> Iterator[Curve]:
    trials = study.table().trials(stage)
    counted = {row.facts["trial"]: row for row in latest_attempts(study.rows({stage: trials}))}
    for trial in trials:
        row = counted.get(trial.number)
        if row is None or row.config_id == but or trial.state not in (State.COMPLETE, State.PRUNED):
            continue
        yield _curve(trial.intermediate_values, whole=trial.state is State.COMPLETE)


def _curve(values: Mapping[int, float], *, whole: bool = False) -> Curve:
    known = {epoch: value for epoch, value in sorted(values.items()) if math.isfinite(value)}
    return Curve([value for epoch, value in known.items() if epoch > 0], whole, known.get(0, math.inf))
