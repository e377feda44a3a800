"""Figures of the test part; there are none before the search has ended."""

import plotly.graph_objects as go

from gman_search.api.study import Study
from gman_search.errors import UsageError
from gman_search.visualization.drawn import drawn

__all__ = [
    "plot_attention",
    "plot_ensemble_weights",
    "plot_error_by_sensor",
    "plot_error_by_step",
    "plot_error_calendar",
    "plot_error_map",
    "plot_forecast",
    "plot_interval_coverage",
]


def plot_error_by_step(study: Study) -> go.Figure:
    """Test MAE at each step alone, of the ensemble, the winner and the baselines.

    Example:
        >>> figure = gman_search.visualization.plot_error_by_step(study)
    """
    return drawn(study, "error_by_step")


def plot_error_by_sensor(study: Study) -> go.Figure:
    """Test MAE of every sensor, from the lowest to the highest.

    Example:
        >>> figure = gman_search.visualization.plot_error_by_sensor(study)
    """
    return drawn(study, "error_by_sensor")


def plot_error_calendar(study: Study) -> go.Figure:
    """Test MAE by hour and weekday.

    Example:
        >>> figure = gman_search.visualization.plot_error_calendar(study)
    """
    return drawn(study, "error_calendar")


def plot_error_map(study: Study) -> go.Figure:
    """Test MAE of each sensor on a map; needs coordinates of the sensors."""
    return drawn(study, "error_map")


def plot_ensemble_weights(study: Study) -> go.Figure:
    """The weight of each member of the ensemble at each step.

    Example:
        >>> figure = gman_search.visualization.plot_ensemble_weights(study)
    """
    return drawn(study, "ensemble_weights")


def plot_interval_coverage(study: Study) -> go.Figure:
    """How often prediction intervals held on the test part, against what they promise, at each step."""
    return drawn(study, "interval_coverage")


def plot_attention(study: Study) -> go.Figure:
    """To which sensors some sensors attend most."""
    return drawn(study, "attention")


def plot_forecast(study: Study, sensor: str | None = None) -> go.Figure:
    """Forecasts and readings of one sensor over a part of the test.

    Args:
        study: the study.
        sensor: one of the sensors that the study keeps: the best, the median and the worst; None: the best.

    Raises:
        UsageError: the sensor is not kept.

    Example:
        >>> figure = gman_search.visualization.plot_forecast(study)
    """
    samples = () if study.record.test is None else study.record.test.samples
    kept = [sample.sensor for sample in samples]
    if kept and sensor is not None and sensor not in kept:
        raise UsageError(f"expected one of the sensors {', '.join(kept)}; received {sensor!r}")
    return drawn(study, "forecast", sensor, lambda data: data.sensor == sensor)
