"""What earlier searches know of configs, for a search that begins (pure).

Errors of two networks, or of two budgets, do not compare. So an error counts as a share of that of the reference
config, which every search trains first.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gman_search.halving.evaluations import Evaluation, State, latest_attempts
from gman_search.halving.reference_config import REFERENCE_CONFIG_ID
from gman_search.space import ParamValue

__all__ = ["MOST_PRIOR", "TRIED_FIRST", "PriorConfig", "merged", "prior_configs", "tried_first"]

TRIED_FIRST = 3
"""The best of earlier searches that a new one tries before it draws configs of its own (benchmarks/searches.md)."""
MOST_PRIOR = 100
"""Of more the best half of so many are kept, and others evenly from the rest."""


@dataclass(frozen=True)
class PriorConfig:
    """A config of an earlier search.

    Attributes:
        source: the evaluation it is known from, such as `demo/quick/17`.
        params: its hyperparameters, the fixed ones included.
        ratio: its validation MAE divided by that of the reference config of its own search, at the first stage.
    """

    source: str
    params: Mapping[str, ParamValue]
    ratio: float


def prior_configs(study: str, evaluations: Iterable[Evaluation], stage: str) -> list[PriorConfig]:
    """Complete evaluations at the first stage of an earlier search, best first.

    Args:
        study: its name.
        evaluations: all of its evaluations; controls and stopped ones do not count.
        stage: its first stage.

    Returns:
        Nothing where the reference config has not ended: there is nothing to compare with.
    """
    rows = [
        (row, row.val_mae)
        for row in latest_attempts(evaluations)
        if row.stage == stage and row.state is State.COMPLETE and row.val_mae and math.isfinite(row.val_mae)
    ]
    reference = next((error for row, error in rows if row.config_id == REFERENCE_CONFIG_ID), None)
    if reference is None:
        return []
    known = [PriorConfig(f"{study}/{row.key}", row.params, error / reference) for row, error in rows]
    return sorted(known, key=lambda config: config.ratio)


def merged(configs: Iterable[PriorConfig], most: int = MOST_PRIOR) -> list[PriorConfig]:
    """Those of several searches, best first, at most `most`: the better half whole, and evenly from the rest."""
    ordered = sorted(configs, key=lambda config: config.ratio)
    if len(ordered) <= most:
        return ordered
    best = most // 2
    rest, places = ordered[best:], most - best
    return [*ordered[:best], *(rest[index * len(rest) // places] for index in range(places))]


def tried_first(
    configs: Sequence[PriorConfig], searched: Collection[str], reference: Mapping[str, ParamValue], trials: int
) -> list[PriorConfig]:
    """The configs to begin with, after the reference config: the best that differ in what is `searched`.

    Args:
        configs: best first.
        searched: names of the hyperparameters of the new search.
        reference: those of the reference config.
        trials: configs that the new search has place for, the reference config among them.
    """
    known, chosen = [{name: reference.get(name) for name in searched}], []
    for config in configs:
        values = {name: config.params.get(name) for name in searched}
        if values not in known:
            known.append(values)
            chosen.append(config)
    return chosen[: max(0, min(TRIED_FIRST, trials - 1))]
