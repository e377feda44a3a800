"""Does a stage rank configs as the next one does? The whole scheme rests on it, so it is measured (pure)."""

import math
from dataclasses import dataclass
from itertools import pairwise

from scipy.stats import kendalltau, spearmanr

from gman_search.halving.decide import ranked
from gman_search.halving.table import latest_attempts
from gman_search.record import StudyRecord

__all__ = ["Agreement", "AgreementPoint", "Correlation", "agreements", "kendall", "spearman"]

MIN_CONFIGS = 5
"""Fewer configs say nothing about agreement."""
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Correlation:
    """A rank correlation with its approximate 95 % interval; no interval when the agreement is perfect."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class AgreementPoint:
    """Validation MAE of one config at both stages, in the data's unit."""

    config_id: int
    lower: float
    upper: float


@dataclass(frozen=True)
class Agreement:
    """Two stages compared over the configs that completed both.

    `reason` says why there is no correlation. `first_pick_rank` is the rank at the upper stage of the config that the
    lower stage ranked first among `points`.
    """

    lower: str
    upper: str
    unit: str
    points: tuple[AgreementPoint, ...]
    spearman: Correlation | None
    kendall: Correlation | None
    reason: str
    first_pick_rank: int | None

    @property
    def n(self) -> int:
        """Configs with a value at both stages."""
        return len(self.points)


def agreements(record: StudyRecord) -> tuple[Agreement, ...]:
    """Neighbouring stages, and the first stage against the last."""
    stages = record.ladder.stages
    pairs = list(pairwise(stages))
    if len(stages) > 2:
        pairs.append((stages[0], stages[-1]))
    rows = ranked(latest_attempts(record.evaluations))
    values = {row.key: float(row.val_mae or 0.0) for row in rows}
    configs = sorted({row.config_id for row in rows})
    return tuple(_agreement(lower, upper, record.unit, values, configs) for lower, upper in pairs)


def _agreement(lower: str, upper: str, unit: str, values: dict[str, float], configs: list[int]) -> Agreement:
    points = tuple(
        AgreementPoint(config, values[f"{lower}/{config}"], values[f"{upper}/{config}"])
        for config in configs
        if f"{lower}/{config}" in values and f"{upper}/{config}" in values
    )
    below, above = [point.lower for point in points], [point.upper for point in points]
    rank = None
    if points:
        pick = min(points, key=lambda point: (point.lower, point.config_id))
        rank = 1 + sum(value < pick.upper for value in above)
    reason = ""
    if len(points) < MIN_CONFIGS:
        reason = f"{len(points)} of the {MIN_CONFIGS} configs needed completed both stages"
    elif len(set(below)) == 1 or len(set(above)) == 1:
        reason = "all configs have the same validation MAE at one of the stages"
    if reason:
        return Agreement(lower, upper, unit, points, None, None, reason, rank)
    return Agreement(lower, upper, unit, points, spearman(below, above), kendall(below, above), "", rank)


def spearman(below: list[float], above: list[float]) -> Correlation:
    """Spearman's rho; interval by Fisher's z with the variance of Bonett and Wright (2000)."""
    value = float(spearmanr(below, above).statistic)
    return _with_interval(value, math.sqrt((1 + value**2 / 2) / (len(below) - 3)))


def kendall(below: list[float], above: list[float]) -> Correlation:
    """Kendall's tau-b; interval by Fisher's z with the variance of Fieller, Hartley and Pearson (1957)."""
    value = float(kendalltau(below, above).statistic)
    return _with_interval(value, math.sqrt(0.437 / (len(below) - 4)))


def _with_interval(value: float, spread: float) -> Correlation:
    if abs(value) > 1 - 1e-9:
        return Correlation(round(value), None, None)
    centre = math.atanh(value)
    return Correlation(value, math.tanh(centre - NORMAL_95 * spread), math.tanh(centre + NORMAL_95 * spread))
