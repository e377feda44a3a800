"""What a figure of the report is: numbers, a plot, a caption and a table, each a function in the figure's own file."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from gman_search.report.view import Source

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["MAX_ROWS", "Block", "Figure", "Table", "slug"]

MAX_ROWS = 200
"""Rows of numbers behind one figure; a page that opens at once is worth more than the thousandth row."""

From = TypeVar("From", bound=Source)
Data = TypeVar("Data")


@dataclass(frozen=True)
class Table:
    """Text cells under column heads; the first column heads its row. `strong` are indices of rows to stress.

    `text_columns` are left-aligned; all others are numbers. `groups` are heads over several columns, as (text, width),
    after the first column.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[int] = frozenset({0})
    strong: frozenset[int] = frozenset()
    note: str = ""
    groups: tuple[tuple[str, int], ...] = ()

    def first(self, limit: int = MAX_ROWS) -> "Table":
        """The same table with at most `limit` rows, and a note where some are left out."""
        if len(self.rows) <= limit:
            return self
        note = f"The first {limit} of {len(self.rows)} rows; the CSV of all evaluations has the rest. {self.note}"
        return replace(self, rows=self.rows[:limit], note=note.strip())


@dataclass(frozen=True)
class Block:
    """One figure with all that stands around it. `figure` is None where there is too little to draw; the caption then
    says why.

    `min_width` is the least width in pixels at which it can be read: a narrower page scrolls it sideways.
    """

    id: str
    title: str
    caption: str
    table: Table
    figure: "go.Figure | None"
    min_width: int = 0


@dataclass(frozen=True)
class Figure(Generic[From, Data]):
    """A figure: how to compute it from a study, draw it and put it into words. One file defines one figure.

    Args:
        name: of the file, and of the function in `gman_search.visualization`.
        id: of its HTML element.
        title: heading, or how to make one.
        compute: finds the numbers, and loads no plotly. None: there is nothing to show. A tuple: one panel for each.
        plot: draws them; None where they are too few.
        caption: a sentence or two.
        table: the numbers as text.
        key: tells panels apart: it ends their ids.
        layout: CSS classes of the element around the panels; figures in a row with the same classes share it.
        heading: HTML element of the title.
        min_width: in pixels, or how to compute it.
        most: panels shown; None: all.
        on_dashboard: whether optuna-dashboard shows it, too.
    """

    name: str
    id: str
    title: str | Callable[[Data], str]
    compute: Callable[[From], Data | tuple[Data, ...] | None]
    plot: Callable[[Data], Any]
    caption: Callable[[Data], str]
    table: Callable[[Data], Table] | None = None
    key: Callable[[Data], str] | None = None
    layout: Literal["", "grid", "grid wide"] = ""
    heading: Literal["h3", "h4"] = "h3"
    min_width: int | Callable[[Data], int] = 0
    most: int | None = None
    on_dashboard: bool = False

    def panels(self, source: From) -> tuple[Data, ...]:
        """The numbers of each panel; empty where there is nothing to show."""
        found = source.of(self.compute)
        if found is None:
            return ()
        return found[: self.most] if isinstance(found, tuple) else (found,)

    def blocks(self, source: From) -> tuple[Block, ...]:
        """The panels as the page shows them."""
        return tuple(self.block(data) for data in self.panels(source))

    def block(self, data: Data) -> Block:
        """One panel, drawn."""
        return Block(
            id=self.id if self.key is None else f"{self.id}-{slug(self.key(data))}",
            title=self.title if isinstance(self.title, str) else self.title(data),
            caption=self.caption(data),
            table=Table((), ()) if self.table is None else self.table(data),
            figure=self.plot(data),
            min_width=self.min_width if isinstance(self.min_width, int) else self.min_width(data),
        )


def slug(name: str) -> str:
    """A name as part of an id."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name)
