"""Which hyperparameter decides whether a config is among the best, by Optuna's PED-ANOVA."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gman_search.halving.evaluations import Evaluation
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import percent
from gman_search.report.style import BY_RUNG, new_figure, plain
from gman_search.report.view import Dimension, StudyView
from gman_search.space import Choice, IntRange

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "Importance", "ImportancesData", "caption", "compute", "plot", "table"]

METHOD = "PED-ANOVA"
TARGET_QUANTILE = 0.25
"""What decides whether a config is among the best quarter?"""
MIN_CONFIGS = 20
"""With fewer, the best quarter has under five configs, and the result is noise."""
RESAMPLES, MANY = 20, 250
"""More than `MANY` configs get fewer resamples: each takes longer, and the spread is smaller."""


@dataclass(frozen=True)
class Importance:
    """Share of one hyperparameter, and the 10 % and 90 % quantiles of it over resamples of the configs."""

    name: str
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class ImportancesData:
    """All searched hyperparameters, most important first, over the `n` complete evaluations of one stage.

    `reason` says why there are none.
    """

    stage: str
    n: int
    method: str
    resamples: int
    items: tuple[Importance, ...]
    reason: str


def compute(view: StudyView) -> ImportancesData | None:
    """Importances at the first stage, the only one whose configs are not selected (Watanabe et al., IJCAI 2023).

    The same record gives the same numbers: the resamples are drawn from a fixed seed. None where no searched
    hyperparameter has a complete evaluation.
    """
    stage, dimensions = view.stages[0], view.searched
    if not any(name in row.params for row in view.ranked(stage) for name in dimensions):
        return None
    rows = [row for row in view.ranked(stage) if all(name in row.params for name in dimensions)]
    reason = ""
    if len(dimensions) < 2:
        reason = f"{len(dimensions)} searched hyperparameter, so there is nothing to compare"
    elif len(rows) < MIN_CONFIGS:
        reason = f"{len(rows)} of the {MIN_CONFIGS} complete configs needed"
    if reason:
        return ImportancesData(stage, len(rows), METHOD, 0, (), reason)
    resamples = max(5, min(RESAMPLES, RESAMPLES * MANY // len(rows)))
    trials, rng = _trials(rows, dimensions), np.random.default_rng(0)
    shares = _shares(trials)
    drawn = [_shares([trials[i] for i in rng.integers(len(trials), size=len(trials))]) for _ in range(resamples)]
    items = [
        Importance(name, share, *map(float, np.quantile([one[name] for one in drawn], (0.1, 0.9))))
        for name, share in shares.items()
    ]
    items.sort(key=lambda item: (-item.share, item.name))
    return ImportancesData(stage, len(rows), METHOD, resamples, tuple(items), "")


def _trials(rows: Sequence[Evaluation], dimensions: Mapping[str, Dimension]) -> list[Any]:
    from optuna.trial import create_trial

    distributions = {name: _distribution(dimension) for name, dimension in dimensions.items()}
    return [
        create_trial(
            params={name: row.params[name] for name in dimensions},
            distributions=distributions,
            value=float(row.val_mae or 0.0),
        )
        for row in rows
    ]


def _distribution(dimension: Dimension) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.choices)
    if isinstance(dimension, IntRange):
        return IntDistribution(dimension.low, dimension.high, log=dimension.log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _shares(trials: list[Any]) -> dict[str, float]:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(direction="minimize")
            study.add_trials(trials)
            evaluator = PedAnovaImportanceEvaluator(target_quantile=TARGET_QUANTILE)
            found = get_param_importances(study, evaluator=evaluator)
    finally:
        optuna.logging.set_verbosity(before)
    return {name: value if math.isfinite(value) else 0.0 for name, value in found.items()}


def plot(data: ImportancesData) -> "go.Figure | None":
    """One bar for each hyperparameter, the most important on top; the thin line is the spread over resamples."""
    if data.reason:
        return None
    items = data.items[::-1]
    figure = new_figure(70 + 30 * len(items), showlegend=False, bargap=0.4)
    figure.add_bar(
        x=[round(100 * item.share, 1) for item in items],
        y=[plain(item.name) for item in items],
        orientation="h",
        marker={"color": BY_RUNG[2].colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [round(100 * max(0.0, item.high - item.share), 1) for item in items],
            "arrayminus": [round(100 * max(0.0, item.share - item.low), 1) for item in items],
            "thickness": 1.6,
            "width": 5,
            "color": "#8b929c",
        },
        hovertemplate="%{y}: %{x:.0f} %<extra></extra>",
    )
    figure.update_xaxes(title_text="importance (percent)", rangemode="tozero")
    figure.update_yaxes(showline=False, showgrid=False, tickcolor="rgba(0,0,0,0)", ticklen=8)
    return figure


def caption(data: ImportancesData) -> str:
    """The most important hyperparameter, the method, n and the spread; or why it was not measured."""
    if data.reason:
        return f"Not measured: {data.reason}."
    first = data.items[0]
    text = (
        f"{first.name} decides most whether a config is among the best quarter at {data.stage} "
        f"({percent(100 * first.share, 0)}; {percent(100 * first.low, 0)} to {percent(100 * first.high, 0)} over "
        f"{data.resamples} resamples). {data.method}, n = {data.n}."
    )
    unclear = [item.name for item in data.items[1:] if item.high >= first.share]
    if unclear:
        text += f" Within the spread, {', '.join(unclear[:3])} may matter as much."
    return text


def table(data: ImportancesData) -> Table:
    """One row for each hyperparameter."""
    rows = tuple(
        (item.name, percent(100 * item.share), percent(100 * item.low), percent(100 * item.high)) for item in data.items
    )
    return Table(("hyperparameter", "importance", "10 % quantile", "90 % quantile"), rows)


FIGURE = Figure("param_importances", "fig-importance", "Which hyperparameter matters", compute, plot, caption, table)
