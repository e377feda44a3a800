"""All baselines by name, the cheapest first."""

from gman_search.baselines.base import Baseline
from gman_search.baselines.boosted_trees import BoostedTrees, DeviationTrees
from gman_search.baselines.cheap import HistoricalAverage, LinearRegression, Persistence

__all__ = ["CHEAP", "baselines"]

CHEAP: tuple[type[Baseline], ...] = (Persistence, HistoricalAverage, LinearRegression)
"""Those that are fitted in seconds: all but boosted trees."""


def baselines() -> dict[str, type[Baseline]]:
    """Classes by the names that are printed."""
    kinds: tuple[type[Baseline], ...] = (*CHEAP, BoostedTrees, DeviationTrees)
    return {kind.name: kind for kind in kinds}
