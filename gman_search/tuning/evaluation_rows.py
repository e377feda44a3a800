"""From a trial as it is stored to an evaluation, the row that every decision is made on (pure)."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.finals import AT_MOST, FINAL
from gman_search.halving.retries import BY_HAND
from gman_search.space import ParamValue
from gman_search.tuning.trial_store import StoredTrial

__all__ = ["EvaluationRows", "seed_of"]

FACTS = (
    *("folder", "artifacts", "parent_folder", "parent_artifacts", "resume_from", "resume_artifacts"),
    *("worker", "began", "origin", "prior", "schedule", AT_MOST),
)
"""User attributes that an evaluation has among its facts."""
WRITTEN_BY_WORKERS = {"reason", "curve"}
"""A worker that ends a trial writes at least one of these; a person at the dashboard writes neither."""


def seed_of(seed: int, config_id: int, stage: int, *, outside: bool = False) -> int:
    """Seed of an evaluation at the stage of this index, in the halving or outside it; the same for all its attempts."""
    sequence = np.random.SeedSequence([seed, config_id, stage, *([1] if outside else [])])
    return int(sequence.generate_state(1)[0] % 2**31)


@dataclass
class EvaluationRows:
    """Makes evaluations of the trials of one search.

    Args:
        stages: names, lowest first.
        seed: of the search.
        fixed: values of the parameters that are not searched.
    """

    stages: tuple[str, ...]
    seed: int
    fixed: dict[str, ParamValue]
    _made: dict[int, tuple[StoredTrial, Evaluation]] = field(default_factory=dict)

    def is_stray(self, board: str, trial: StoredTrial) -> bool:
        """Whether a trial above the first stage was queued by a person."""
        return board != self.stages[0] and "config_id" not in trial.user_attrs

    def evaluation(self, board: str, trial: StoredTrial) -> Evaluation:
        """One trial as an evaluation; the same object for the same reading, and for a finished trial always."""
        read, row = self._made.get(trial.trial_id, (None, None))
        if row is None or not (row.state.is_finished or read is trial):
            row = self._evaluation(board, trial)
            self._made[trial.trial_id] = trial, row
        return row

    def _evaluation(self, board: str, trial: StoredTrial) -> Evaluation:
        attrs, values, state = trial.user_attrs, trial.intermediate_values, trial.state
        config_id = int(attrs.get("config_id", trial.number))
        reason = attrs.get("reason", "")
        if state.is_finished and not WRITTEN_BY_WORKERS & attrs.keys():
            # Nobody measured this value, and there are no weights behind it: it takes its place and is not ranked.
            typed = "" if trial.value is None else f" with the value {trial.value:g}, which is not ranked"
            reason = f"{BY_HAND}: {state}{typed}"
            state = State.PRUNED if state is State.COMPLETE else state
        finite = [value for value in values.values() if math.isfinite(value)]
        return Evaluation(
            config_id=config_id,
            stage=attrs.get("stage", board),
            attempt=int(attrs.get("attempt", 1)),
            parent=attrs.get("parent"),
            state=state,
            reason=reason,
            val_mae=trial.value if state is State.COMPLETE else min(finite, default=None),
            epochs=int(attrs.get("epochs", max(values, default=0))),
            initial_epoch=int(attrs.get("initial_epoch", 0)),
            seconds=float(attrs.get("seconds", 0.0)),
            seed=self._seed(board, config_id, attrs.get("seed")),
            params=dict(attrs.get("params") or {**self.fixed, **trial.params}),
            facts=_facts(trial),
            control=attrs.get("control", ""),
        )

    def _seed(self, board: str, config_id: int, stored: Any) -> int:
        if stored is not None:
            return int(stored)
        return 0 if board == FINAL else seed_of(self.seed, config_id, self.stages.index(board))


def _facts(trial: StoredTrial) -> dict[str, Any]:
    facts = {**trial.user_attrs.get("facts", {}), "trial": trial.number}
    facts.update({name: trial.user_attrs[name] for name in FACTS if name in trial.user_attrs})
    if trial.ended is not None:
        facts["ended"] = trial.ended
    return facts
