"""What every plotting function does: draw a figure of the report, or say why there is nothing to draw."""

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from gman_search.api.study import Study
from gman_search.errors import StudyError
from gman_search.report.registry import figure_named
from gman_search.report.view import Source, StudyView

__all__ = ["drawn", "drawn_from"]


def drawn(study: Study, name: str, of: object = None, where: Callable[[Any], bool] = bool) -> go.Figure:
    """The figure `name` of the report's registry, drawn from the study as it is now.

    Args:
        study: the study.
        name: of the figure.
        of: what its panels were chosen by, for the error; None: they were not.
        where: chooses among its panels; the first that can be drawn is returned.

    Raises:
        StudyError: the study has too little for it, or no such panel.
    """
    return drawn_from(StudyView(study.record), name, f"study {study.name}", of, where)


def drawn_from(
    source: Source, name: str, whose: str, of: object = None, where: Callable[[Any], bool] = bool
) -> go.Figure:
    """The same from a view or a comparison; `whose` begins the error's explanation."""
    figure, reason = figure_named(name), "has nothing for it (yet)"
    for data in figure.panels(source):
        if of is None or where(data):
            plot = figure.plot(data)
            if plot is not None:
                return plot
            reason = f"has too little for it: {' '.join(figure.caption(data).split())}"
    what = name.replace("_", " ") + ("" if of is None else f" of {of}")
    raise StudyError(f"expected something to draw as {what}; {whose} {reason}")
