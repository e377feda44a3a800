"""How well the ranks of one stage predict those of a larger one."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from scipy.stats import kendalltau, spearmanr

from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, ordinal, signed
from gman_search.report.style import BY_RUNG, new_figure, plain, rounded
from gman_search.report.view import StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = [
    "FIGURE",
    "Correlation",
    "RankCorrelationData",
    "StagePair",
    "caption",
    "compute",
    "kendall",
    "plot",
    "spearman",
    "table",
]

MIN_CONFIGS = 5
"""The correlation of fewer configs means nothing."""
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Correlation:
    """A rank correlation with its approximate 95 % interval; no interval where it is 1 or -1."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class StagePair:
    """Validation MAE of one config at both stages, in the data's unit."""

    config_id: int
    lower: float
    upper: float


@dataclass(frozen=True)
class RankCorrelationData:
    """Two stages compared over the configs that completed both.

    `reason` says why there is no correlation. `first_pick_rank` is the rank at the upper stage of the config that the
    lower stage ranked first among `points`.
    """

    lower: str
    upper: str
    unit: str
    points: tuple[StagePair, ...]
    spearman: Correlation | None
    kendall: Correlation | None
    reason: str
    first_pick_rank: int | None

    @property
    def n(self) -> int:
        """Configs with a value at both stages."""
        return len(self.points)


def compute(view: StudyView) -> tuple[RankCorrelationData, ...]:
    """Neighbouring stages, and the first stage against the last."""
    stages = view.stages
    pairs = list(pairwise(stages))
    if len(stages) > 2:
        pairs.append((stages[0], stages[-1]))
    values = {row.key: float(row.val_mae or 0.0) for row in view.ranked()}
    configs = sorted({row.config_id for row in view.ranked()})
    return tuple(_pair(lower, upper, view.unit, values, configs) for lower, upper in pairs)


def _pair(lower: str, upper: str, unit: str, values: dict[str, float], configs: list[int]) -> RankCorrelationData:
    points = tuple(
        StagePair(config, values[f"{lower}/{config}"], values[f"{upper}/{config}"])
        for config in configs
        if f"{lower}/{config}" in values and f"{upper}/{config}" in values
    )
    below, above = [point.lower for point in points], [point.upper for point in points]
    rank = None
    if points:
        pick = min(points, key=lambda point: (point.lower, point.config_id))
        rank = 1 + sum(value < pick.upper for value in above)
    reason = ""
    if len(points) < MIN_CONFIGS:
        reason = f"{len(points)} of the {MIN_CONFIGS} configs needed completed both stages"
    elif len(set(below)) == 1 or len(set(above)) == 1:
        reason = "all configs have the same validation MAE at one of the stages"
    if reason:
        return RankCorrelationData(lower, upper, unit, points, None, None, reason, rank)
    return RankCorrelationData(lower, upper, unit, points, spearman(below, above), kendall(below, above), "", rank)


def spearman(below: list[float], above: list[float]) -> Correlation:
    """Spearman's rho; interval by Fisher's z with the variance of Bonett and Wright (2000)."""
    value = float(spearmanr(below, above).statistic)
    return _with_interval(value, math.sqrt((1 + value**2 / 2) / (len(below) - 3)))


def kendall(below: list[float], above: list[float]) -> Correlation:
    """Kendall's tau-b; interval by Fisher's z with the variance of Fieller, Hartley and Pearson (1957)."""
    value = float(kendalltau(below, above).statistic)
    return _with_interval(value, math.sqrt(0.437 / (len(below) - 4)))


def _with_interval(value: float, spread: float) -> Correlation:
    if abs(value) > 1 - 1e-9:
        return Correlation(round(value), None, None)
    centre = math.atanh(value)
    return Correlation(value, math.tanh(centre - NORMAL_95 * spread), math.tanh(centre + NORMAL_95 * spread))


def plot(data: RankCorrelationData) -> "go.Figure | None":
    """Validation MAE at the lower stage against the upper one."""
    if data.spearman is None:
        return None
    figure = new_figure(300, showlegend=False)
    figure.add_scatter(
        x=rounded([point.lower for point in data.points]),
        y=rounded([point.upper for point in data.points]),
        customdata=[point.config_id for point in data.points],
        mode="markers",
        marker={"symbol": "circle", "size": 8, "color": BY_RUNG[2].colour},
        hovertemplate="config %{customdata}<br>%{x:.4r} then %{y:.4r} " + plain(data.unit) + "<extra></extra>",
    )
    figure.update_xaxes(title_text=f"val MAE at {plain(data.lower)} ({plain(data.unit)})", nticks=6)
    figure.update_yaxes(title_text=f"val MAE at {plain(data.upper)} ({plain(data.unit)})", nticks=6)
    return figure


def caption(data: RankCorrelationData) -> str:
    """The correlations with their intervals and n, or why there are none."""
    pair = f"{data.lower[:1].upper()}{data.lower[1:]} to {data.upper}"
    if data.spearman is None or data.kendall is None:
        return f"{pair}: not measured, because {data.reason}."
    count = f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{data.n}"
    text = f"{pair}: Spearman {_interval(data.spearman)}, Kendall {_interval(data.kendall)}, {count}."
    if data.first_pick_rank is not None:
        text += f" The best config of {data.lower} is {ordinal(data.first_pick_rank)} at {data.upper}."
    return text


def _interval(value: Correlation) -> str:
    if value.low is None:
        return f"{signed(value.value, 2)} (perfect)"
    return (
        f"{signed(value.value, 2)} (95\N{NO-BREAK SPACE}% interval {signed(value.low, 2)} to {signed(value.high, 2)})"
    )


def table(data: RankCorrelationData) -> Table:
    """One row for each config that completed both stages."""
    columns = ("config", f"{data.lower} ({data.unit})", f"{data.upper} ({data.unit})")
    rows = tuple((str(point.config_id), error(point.lower), error(point.upper)) for point in data.points)
    return Table(columns, rows)


FIGURE = Figure(
    "rank_correlation",
    "fig-correlation",
    lambda data: f"{data.lower} to {data.upper}",
    compute,
    plot,
    caption,
    table,
    key=lambda data: f"{data.lower}-{data.upper}",
    layout="grid",
)
