"""Figures of a study, as plotly figures: one function for each figure of the report.

Every function takes a `Study` and returns the `plotly.graph_objects.Figure` that the report shows, drawn from the study
as it is now. Names are Optuna's where it has one. A figure without anything to show raises `StudyError`. A figure that
is only in the report's registry has a function `plot_NAME`, too.

Example:
    >>> study = gman_search.load_study("speed")
    >>> figure = gman_search.visualization.plot_learning_curves(study)
    >>> type(figure).__name__
    'Figure'
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from gman_search.report import registry
from gman_search.visualization.comparison import plot_comparison_by_step, plot_comparison_history
from gman_search.visualization.drawn import drawn
from gman_search.visualization.forecasts import (
    plot_attention,
    plot_ensemble_weights,
    plot_error_by_sensor,
    plot_error_by_step,
    plot_error_calendar,
    plot_error_map,
    plot_forecast,
    plot_interval_coverage,
)
from gman_search.visualization.parameters import (
    plot_parallel_coordinate,
    plot_param_importances,
    plot_rank_correlation,
    plot_rank_flow,
    plot_slice,
)
from gman_search.visualization.stages import (
    plot_cold_start_control,
    plot_growth,
    plot_learning_curves,
    plot_optimization_history,
    plot_promotions,
    plot_stage_ranks,
    plot_timeline,
)

__all__ = [
    "plot_attention",
    "plot_cold_start_control",
    "plot_comparison_by_step",
    "plot_comparison_history",
    "plot_ensemble_weights",
    "plot_error_by_sensor",
    "plot_error_by_step",
    "plot_error_calendar",
    "plot_error_map",
    "plot_forecast",
    "plot_growth",
    "plot_interval_coverage",
    "plot_learning_curves",
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_promotions",
    "plot_rank_correlation",
    "plot_rank_flow",
    "plot_slice",
    "plot_stage_ranks",
    "plot_timeline",
]


def __getattr__(name: str) -> Callable[..., Any]:
    """A plotting function for any other figure of the registry."""
    figure = name.removeprefix("plot_")
    if name.startswith("plot_") and figure in {one.name for one in registry.figures_of(registry.STUDY)}:
        return partial(drawn, name=figure)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
