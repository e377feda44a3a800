"""Colours, markers and the template all figures share.

Every state differs in marker or dash as well as in colour. The colours (after Okabe and Ito) have a middle luminance,
so that one figure reads on white and on near-black; text and grid colours are set by the page's theme.
"""

from dataclasses import dataclass

import plotly.graph_objects as go

__all__ = [
    "BASELINE_LOOKS",
    "BY_RUNG",
    "CONFIG",
    "ERROR_SCALE",
    "INK",
    "ROLE_MARKS",
    "STUDY_LOOKS",
    "TEMPLATE",
    "Mark",
    "fate_mark",
    "plain",
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
"""What stands outside the ladder, and what is delivered."""
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
)
"""Baselines and stages: whatever has an order and no meaning of its own."""
STUDY_LOOKS = (
    ("#d55e00", "circle", "solid"),
    ("#2b7fbd", "square-open", "dash"),
    ("#12997a", "diamond", "dashdot"),
    ("#b8659b", "triangle-up-open", "dot"),
    ("#a6761d", "x", "longdash"),
    ("#6f7cba", "star", "longdashdot"),
)
ERROR_SCALE = [[0.0, "#d9ecf7"], [0.35, "#7fb8dd"], [0.65, "#e8a15c"], [1.0, "#a8420a"]]
"""Small errors pale blue, large ones dark orange: told apart in grey and by colour-blind readers."""


def fate_mark(fate: str, stages: tuple[str, ...]) -> Mark:
    """The look of a config that ended as `fate`."""
    named = {"winner": WINNER, "pruned": PRUNED, "failed": FAILED, "running": RUNNING, "reference": REFERENCE}
    if fate in named:
        return named[fate]
    if fate == stages[0]:
        return BY_RUNG[0]
    return BY_RUNG[2] if fate == stages[-1] else BY_RUNG[1]


def plain(text: str) -> str:
    """Text that plotly draws as it is: it would read tags and entities in labels. Long names are cut."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    if len(text) > LONGEST_LABEL:
        text = text[: LONGEST_LABEL - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_AXIS = {
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
TEMPLATE = go.layout.Template(
    layout={
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
)
