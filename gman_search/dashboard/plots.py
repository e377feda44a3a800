"""The report's figures for optuna-dashboard, in colours that are legible on white and on black."""

from copy import deepcopy

import plotly.graph_objects as go

from gman_search.report import registry
from gman_search.report.figure import Block
from gman_search.report.style import TEMPLATE
from gman_search.report.view import StudyView

__all__ = ["dashboard_plots"]

INK, GRID = "#80868f", "rgba(128, 134, 145, 0.3)"
CARD_HEIGHT = 440


def dashboard_plots(view: StudyView) -> dict[str, go.Figure]:
    """The report's figures that have `on_dashboard`, by the id under which the dashboard keeps them."""
    shown = [figure for figure in registry.figures_of(registry.STUDY) if figure.on_dashboard]
    drawn = [block for figure in shown for block in figure.blocks(view)]
    return {block.id: _titled(block, block.figure) for block in drawn if block.figure is not None}


def _titled(block: Block, drawn: go.Figure) -> go.Figure:
    figure = go.Figure(drawn)
    template = deepcopy(TEMPLATE)
    template["layout"]["font"]["color"] = INK
    for axis in ("xaxis", "yaxis"):
        template["layout"][axis] |= {"gridcolor": GRID, "linecolor": GRID, "tickcolor": GRID}
    figure.update_layout(template=template)
    # The dashboard shows figures without headings and captions, and cuts them off at the height of its cards.
    figure.update_layout(
        title={"text": f"{block.title}<br><sub>{_first_sentence(block.caption)}</sub>", "x": 0.02, "xanchor": "left"},
        margin={"t": 70, "b": 110},
        height=CARD_HEIGHT,
        legend={"y": -0.24, "yanchor": "top"},
    )
    return figure


def _first_sentence(text: str) -> str:
    sentence = text.split(". ", maxsplit=1)[0].rstrip(".") + "."
    return sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
