"""How much each searched parameter decided whether a config was among the best (plain values)."""

from dataclasses import dataclass

__all__ = ["Importance", "ImportanceSummary"]


@dataclass(frozen=True)
class Importance:
    """Share of one parameter, and the 10 % and 90 % quantiles of it over resamples of the configs."""

    name: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class ImportanceSummary:
    """All searched parameters, most important first, over the `n` complete evaluations of one stage.

    `reason` says why there are none.
    """

    stage: str
    n: int
    method: str
    resamples: int
    items: tuple[Importance, ...]
    reason: str
