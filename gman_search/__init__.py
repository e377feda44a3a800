"""Tune and train GMAN on your own sensors, at a fraction of the cost of training every candidate in full.

from gman_search import load_forecaster
model = load_forecaster("studies/demo")
table = model.forecast("recent.csv", interval=90).frame()
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gman_search.ensemble.forecaster import load_forecaster
    from gman_search.forecasting.forecaster import Forecaster

__all__ = ["Forecaster", "__version__", "load_forecaster"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Not imported above: that would load TensorFlow, which takes seconds and most commands do not need.
    if name == "Forecaster":
        from gman_search.forecasting.forecaster import Forecaster

        return Forecaster
    if name == "load_forecaster":
        from gman_search.ensemble.forecaster import load_forecaster

        return load_forecaster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
