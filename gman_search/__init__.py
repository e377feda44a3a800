"""Tune and train GMAN on your own sensors, at a fraction of the cost of training every candidate in full.

import gman_search
study = gman_search.search("speed.csv", graph="distances.csv", hours=8)
study.leaderboard()
table = study.forecaster().forecast("recent.csv", interval=90).frame()
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gman_search.visualization as visualization  # noqa: PLR0402 - mypy does not find it from here otherwise
    from gman_search.api.load import load_study
    from gman_search.api.search import search
    from gman_search.api.study import Study
    from gman_search.ensemble.forecaster import load_forecaster
    from gman_search.forecasting.forecaster import Forecaster
    from gman_search.tuning.pruner import HalvingPruner

__all__ = [
    "Forecaster",
    "HalvingPruner",
    "Study",
    "__version__",
    "load_forecaster",
    "load_study",
    "search",
    "visualization",
]

__version__ = "0.2.0"

# Not imported above: that would load TensorFlow, Optuna and pandas, which takes seconds and most commands do not need.
_HOMES = {
    "Forecaster": "gman_search.forecasting.forecaster",
    "HalvingPruner": "gman_search.tuning.pruner",
    "Study": "gman_search.api.study",
    "load_forecaster": "gman_search.ensemble.forecaster",
    "load_study": "gman_search.api.load",
    "search": "gman_search.api.search",
}


def __getattr__(name: str) -> object:
    if name == "visualization":
        return import_module("gman_search.visualization")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
