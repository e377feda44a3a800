"""Tune and train GMAN on your own sensors, at a fraction of the cost of training every candidate in full.

from gman_search import Forecaster
model = Forecaster("studies/demo/winner")
table = model.forecast("recent.csv", interval=90).frame()
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gman_search.forecasting.forecaster import Forecaster

__all__ = ["Forecaster", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Not imported above: that would load TensorFlow, which takes seconds and most commands do not need.
    if name == "Forecaster":
        from gman_search.forecasting.forecaster import Forecaster

        return Forecaster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
