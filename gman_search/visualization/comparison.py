"""Figures of several studies."""

from collections.abc import Sequence

import plotly.graph_objects as go

from gman_search.api.study import Study
from gman_search.errors import UsageError
from gman_search.report.comparison import compare
from gman_search.visualization.drawn import drawn_from

__all__ = ["plot_comparison_by_step", "plot_comparison_history"]


def plot_comparison_by_step(studies: Sequence[Study]) -> go.Figure:
    """Test MAE of each study's winner at each step alone.

    Example:
        >>> figure = gman_search.visualization.plot_comparison_by_step([study, study])
    """
    return _compared(studies, "comparison_by_step")


def plot_comparison_history(studies: Sequence[Study]) -> go.Figure:
    """Lowest validation MAE so far of each study's highest stage against training time.

    Example:
        >>> figure = gman_search.visualization.plot_comparison_history([study, study])
    """
    return _compared(studies, "comparison_history")


def _compared(studies: Sequence[Study], name: str) -> go.Figure:
    if not studies:
        raise UsageError("expected studies to compare; received none")
    names = ", ".join(study.name for study in studies)
    return drawn_from(compare([study.record for study in studies]), name, f"the comparison of {names}")
