"""One figure with all that stands around it."""

import re
from dataclasses import dataclass

import plotly.graph_objects as go

from gman_search.report.text.tables import Table

__all__ = ["Block", "slug"]


@dataclass(frozen=True)
class Block:
    """One figure on the page. `figure` is none where there is too little to draw; the caption then says why.

    `min_width` is the least width in pixels at which it can be read: a narrower page scrolls it sideways.
    """

    id: str
    title: str
    caption: str
    table: Table
    figure: go.Figure | None
    min_width: int = 0


def slug(name: str) -> str:
    """A name as part of an id."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name)
