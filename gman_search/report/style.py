"""Colours, markers and the layout that all figures share (pure but for `new_figure`).

Every state differs in marker or dash as well as in colour. The colours (after Okabe and Ito) have a middle luminance,
so that one figure reads on white and on near-black; text and grid colours are set by the page's theme.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from gman_search.report.axis_range import AxisRange

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = [
    "BASELINE_LOOKS",
    "BY_RUNG",
    "CONFIG",
    "CONTROL",
    "ERROR_SCALE",
    "FAILED",
    "INK",
    "NEUTRAL",
    "PRUNED",
    "RANK_COLOURS",
    "ROLE_MARKS",
    "RUNNING",
    "STUDY_LOOKS",
    "TEMPLATE",
    "WINNER",
    "Mark",
    "axis_limits",
    "new_figure",
    "plain",
    "rounded",
    "stage_colour",
    "state_mark",
]

# No mode bar: it would cover small figures. Dragging zooms, a double click shows everything again.
CONFIG = {"showSendToCloud": False, "displaylogo": False, "responsive": True, "displayModeBar": False}
LONGEST_LABEL = 60
INK, GRID = "#3a3f47", "rgba(128, 134, 145, 0.22)"
FONT = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


@dataclass(frozen=True)
class Mark:
    """How one state looks in every figure."""

    colour: str
    symbol: str
    dash: str


WINNER = Mark("#d55e00", "star", "solid")
PRUNED = Mark("#b8659b", "x-thin", "dashdot")
FAILED = Mark("#a6761d", "cross-thin", "dot")
ENSEMBLE = Mark("#a8420a", "hexagram", "solid")
REFERENCE = Mark("#6f7cba", "square-x-open", "longdash")
FINAL = Mark("#b8a13c", "triangle-up", "solid")
ROLE_MARKS = {"ensemble": ENSEMBLE, "winner": WINNER, "reference": REFERENCE, "final": FINAL}
"""What is trained outside the stages, and what is delivered."""
CONTROL, NEUTRAL = "#b8a13c", "#8b929c"
RUNNING = Mark("#6f7cba", "hourglass", "longdash")
BY_RUNG = (
    Mark("#8b929c", "circle-open", "solid"),
    Mark("#12997a", "diamond", "dash"),
    Mark("#2b7fbd", "square", "solid"),
)
"""Configs that ended at the first stage, between, and at the last."""
BASELINE_LOOKS = (
    ("#8b929c", "circle-open", "dot"),
    ("#12997a", "diamond-open", "dash"),
    ("#2b7fbd", "square-open", "dashdot"),
    ("#b8659b", "triangle-up-open", "longdash"),
    ("#a6761d", "x-open", "longdashdot"),
)
"""Baselines and stages: what has an order and no meaning of its own."""
STUDY_LOOKS = (
    ("#d55e00", "circle", "solid"),
    ("#2b7fbd", "square-open", "dash"),
    ("#12997a", "diamond", "dashdot"),
    ("#b8659b", "triangle-up-open", "dot"),
    ("#a6761d", "x", "longdash"),
    ("#6f7cba", "star", "longdashdot"),
)
ERROR_SCALE = [[0.0, "#d9ecf7"], [0.35, "#7fb8dd"], [0.65, "#e8a15c"], [1.0, "#a8420a"]]
"""Small errors pale blue, large ones dark orange: they differ in grey and for colour-blind readers, too."""
_AXIS: dict[str, Any] = {
    "gridcolor": GRID,
    "zeroline": False,
    "linecolor": GRID,
    "showline": True,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": GRID,
    "title": {"standoff": 10, "font": {"size": 13}},
    "automargin": True,
}
TEMPLATE: dict[str, Any] = {
    "layout": {
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "margin": {"l": 58, "r": 16, "t": 16, "b": 48},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "hovermode": "closest",
    }
}
"""The layout of every figure, as plotly writes it into JSON."""
RANK_COLOURS = {"best": BASELINE_LOOKS[1][0], "median": BASELINE_LOOKS[2][0], "worst": "#d55e00"}


def state_mark(final_state: str, stages: tuple[str, ...]) -> Mark:
    """The look of a config that ended as `final_state`."""
    named = {"winner": WINNER, "pruned": PRUNED, "failed": FAILED, "running": RUNNING, "reference": REFERENCE}
    if final_state in named:
        return named[final_state]
    if final_state == stages[0]:
        return BY_RUNG[0]
    return BY_RUNG[2] if final_state == stages[-1] else BY_RUNG[1]


def plain(text: str) -> str:
    """Text that plotly draws as it is: it would read tags and entities in labels. Long names are cut."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if len(text) > LONGEST_LABEL:
        text = text[: LONGEST_LABEL - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def new_figure(height: int, **layout: object) -> "go.Figure":
    """An empty figure in the report's style; its width is the page's."""
    import plotly.graph_objects as go

    return go.Figure(layout={"template": _template(), "height": height, "autosize": True, **layout})


@cache
def _template() -> "go.layout.Template":
    import plotly.graph_objects as go

    return go.layout.Template(TEMPLATE)


def rounded(values: Sequence[float | None], digits: int = 4) -> list[float | None]:
    """Values at the precision a reader can see, which keeps the page small."""
    return [None if value is None else round(float(value), digits) for value in values]


def axis_limits(shown: AxisRange | None) -> list[float] | None:
    """Axis limits in plotly's form."""
    return None if shown is None else [round(shown.low, 4), round(shown.high, 4)]


def stage_colour(stage: str, stages: tuple[str, ...]) -> str:
    """The first stage, the last, and those between each have their colour in every figure."""
    if stage == stages[-1]:
        return BY_RUNG[2].colour
    return BY_RUNG[0].colour if stage == stages[0] else BY_RUNG[1].colour
