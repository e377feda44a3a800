"""The figures of a search for optuna-dashboard: the report's own, with ink that reads on white and on black."""

import plotly.graph_objects as go

from gman_search.report import search_blocks
from gman_search.report.block import Block
from gman_search.report.figures.style import TEMPLATE
from gman_search.report.summary import ReportSummary

__all__ = ["dashboard_plots"]

INK, GRID = "#80868f", "rgba(128, 134, 145, 0.3)"
CARD_HEIGHT = 440


def dashboard_plots(summary: ReportSummary) -> dict[str, go.Figure]:
    """Figures by the id under which the dashboard keeps them."""
    blocks: tuple[Block, ...] = (
        *search_blocks.ladder(summary.funnel),
        *search_blocks.curves(summary.curves),
        *search_blocks.progress(summary.progress),
        *search_blocks.ranks(summary.ranks),
        *search_blocks.timeline(summary.timeline),
    )
    return {block.id: _titled(block, block.figure) for block in blocks if block.figure is not None}


def _titled(block: Block, drawn: go.Figure) -> go.Figure:
    figure = go.Figure(drawn)
    template = TEMPLATE.to_plotly_json()
    template["layout"]["font"]["color"] = INK
    for axis in ("xaxis", "yaxis"):
        template["layout"][axis] |= {"gridcolor": GRID, "linecolor": GRID, "tickcolor": GRID}
    figure.update_layout(template=template)
    # The page around the dashboard's figures has neither headings nor captions, and cuts them off at its cards' height.
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
