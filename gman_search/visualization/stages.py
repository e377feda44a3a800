"""Figures of the stages: promotions, ranks, times and learning curves."""

import plotly.graph_objects as go

from gman_search.api.study import Study
from gman_search.visualization.drawn import drawn

__all__ = [
    "plot_cold_start_control",
    "plot_growth",
    "plot_learning_curves",
    "plot_optimization_history",
    "plot_promotions",
    "plot_stage_ranks",
    "plot_timeline",
]


def plot_promotions(study: Study) -> go.Figure:
    """Evaluations of each stage: promoted, complete, pruned, failed.

    Example:
        >>> figure = gman_search.visualization.plot_promotions(study)
    """
    return drawn(study, "promotions")


def plot_stage_ranks(study: Study, stage: str = "quick") -> go.Figure:
    """Complete evaluations of one stage by rank, with the line below which configs went on.

    Example:
        >>> figure = gman_search.visualization.plot_stage_ranks(study, "quick")
    """
    return drawn(study, "stage_ranks", stage, lambda data: data.stage == stage)


def plot_timeline(study: Study) -> go.Figure:
    """The workers' time: one line a worker, one bar an attempt.

    Example:
        >>> figure = gman_search.visualization.plot_timeline(study)
    """
    return drawn(study, "timeline")


def plot_optimization_history(study: Study) -> go.Figure:
    """Lowest validation MAE so far of each stage against training time.

    Example:
        >>> figure = gman_search.visualization.plot_optimization_history(study)
    """
    return drawn(study, "optimization_history")


def plot_learning_curves(study: Study) -> go.Figure:
    """Validation MAE against epochs, one line a config, over all its stages.

    Example:
        >>> figure = gman_search.visualization.plot_learning_curves(study)
    """
    return drawn(study, "learning_curves")


def plot_growth(study: Study) -> go.Figure:
    """Validation MAE before growth, right after it, after an epoch, and at the end.

    Example:
        >>> figure = gman_search.visualization.plot_growth(study)
    """
    return drawn(study, "growth")


def plot_cold_start_control(study: Study, config_id: int | None = None) -> go.Figure:
    """A grown model against the same config trained from random weights; needs `search.control_runs`.

    Args:
        study: the study.
        config_id: of the config; None: the first that has a control.
    """
    return drawn(study, "cold_start_control", config_id, lambda data: data.config_id == config_id)
