"""Importances by Optuna's PED-ANOVA, with the spread that another draw of configs would have given."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gman_search.halving.decide import ranked
from gman_search.halving.table import Evaluation, latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.summaries.importance import Importance, ImportanceSummary
from gman_search.report.summaries.slices import searched_dimensions

__all__ = ["importances"]

METHOD = "PED-ANOVA"
TARGET_QUANTILE = 0.25
"""The question asked: what decides whether a config is among the best quarter?"""
MIN_CONFIGS = 20
"""Fewer leave under five configs in the best quarter, and the answer is noise."""
RESAMPLES, MANY = 20, 250


def importances(record: StudyRecord, *, resamples: int = RESAMPLES) -> ImportanceSummary:
    """Importances at the first stage, the only one whose configs are not selected (Watanabe et al., IJCAI 2023).

    The same record gives the same numbers: the resamples are drawn from a fixed seed.
    """
    stage = record.ladder.stages[0]
    rows = ranked(row for row in latest_attempts(record.evaluations) if row.stage == stage)
    dimensions = dict(searched_dimensions(record.spec))
    rows = [row for row in rows if all(name in row.params for name in dimensions)]
    reason = ""
    if len(dimensions) < 2:
        reason = f"{len(dimensions)} searched parameter leaves nothing to compare"
    elif len(rows) < MIN_CONFIGS:
        reason = f"{len(rows)} of the {MIN_CONFIGS} complete configs needed"
    if reason:
        return ImportanceSummary(stage, len(rows), METHOD, 0, (), reason)
    # Many configs need fewer resamples for the same certainty, and each takes longer.
    resamples = max(5, min(resamples, resamples * MANY // len(rows)))
    trials, rng = _trials(rows, dimensions), np.random.default_rng(0)
    shares = _shares(trials)
    drawn = [_shares([trials[i] for i in rng.integers(len(trials), size=len(trials))]) for _ in range(resamples)]
    items = [
        Importance(name, share, *map(float, np.quantile([one[name] for one in drawn], (0.1, 0.9))))
        for name, share in shares.items()
    ]
    items.sort(key=lambda item: (-item.share, item.name))
    return ImportanceSummary(stage, len(rows), METHOD, resamples, tuple(items), "")


def _trials(rows: Sequence[Evaluation], dimensions: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    from optuna.trial import create_trial

    distributions = {name: _distribution(dimension) for name, dimension in dimensions.items()}
    return [
        create_trial(
            params={name: row.params[name] for name in dimensions},
            distributions=distributions,
            value=float(row.val_mae or 0.0),
        )
        for row in rows
    ]


def _distribution(dimension: Mapping[str, Any]) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.get("choices"):
        return CategoricalDistribution(tuple(dimension["choices"]))
    low, high, log = dimension["low"], dimension["high"], bool(dimension.get("log"))
    kind = IntDistribution if dimension.get("kind") == "int" else FloatDistribution
    return kind(low, high, log=log)


def _shares(trials: list[Any]) -> dict[str, float]:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(direction="minimize")
            study.add_trials(trials)
            evaluator = PedAnovaImportanceEvaluator(target_quantile=TARGET_QUANTILE)
            found = get_param_importances(study, evaluator=evaluator)
    finally:
        optuna.logging.set_verbosity(before)
    return {name: value if math.isfinite(value) else 0.0 for name, value in found.items()}
