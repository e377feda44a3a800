"""What every figure begins with."""

from collections.abc import Sequence

import plotly.graph_objects as go

from gman_search.report.figures.style import BY_RUNG, TEMPLATE
from gman_search.report.summaries.frame import Frame

__all__ = ["frame_range", "new_figure", "rounded", "stage_colour"]


def new_figure(height: int, **layout: object) -> go.Figure:
    """An empty figure in the report's style; its width is the page's."""
    return go.Figure(layout={"template": TEMPLATE, "height": height, "autosize": True, **layout})


def rounded(values: Sequence[float | None], digits: int = 4) -> list[float | None]:
    """Values at the precision a reader can see, which keeps the page small."""
    return [None if value is None else round(float(value), digits) for value in values]


def frame_range(frame: Frame | None) -> list[float] | None:
    """Axis limits in plotly's form."""
    return None if frame is None else [round(frame.low, 4), round(frame.high, 4)]


def stage_colour(stage: str, stages: tuple[str, ...]) -> str:
    """The first stage, the last, and those between each have their colour in every figure."""
    if stage == stages[-1]:
        return BY_RUNG[2].colour
    return BY_RUNG[0].colour if stage == stages[0] else BY_RUNG[1].colour
