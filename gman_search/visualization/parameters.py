"""Figures of hyperparameters, and of how well one stage predicts the next."""

import plotly.graph_objects as go

from gman_search.api.study import Study
from gman_search.visualization.drawn import drawn

__all__ = [
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_rank_correlation",
    "plot_rank_flow",
    "plot_slice",
]


def plot_param_importances(study: Study) -> go.Figure:
    """What decides whether a config is among the best quarter of the first stage; needs 20 complete configs."""
    return drawn(study, "param_importances")


def plot_slice(study: Study, param: str = "learning_rate") -> go.Figure:
    """Validation MAE at the first stage against one hyperparameter.

    Example:
        >>> figure = gman_search.visualization.plot_slice(study, "learning_rate")
    """
    return drawn(study, "slice", param, lambda data: data.name == param)


def plot_parallel_coordinate(study: Study) -> go.Figure:
    """All searched hyperparameters and the validation MAE, one line a config of the first stage; needs some configs."""
    return drawn(study, "parallel_coordinate")


def plot_rank_flow(study: Study) -> go.Figure:
    """Ranks from stage to stage, one line a config."""
    return drawn(study, "rank_flow")


def plot_rank_correlation(study: Study, stage: str | None = None) -> go.Figure:
    """Validation MAE at one stage against the next, of the configs that reached both.

    Args:
        study: the study.
        stage: the lower stage; None: the first pair with enough configs.
    """
    return drawn(study, "rank_correlation", stage, lambda data: data.lower == stage)
