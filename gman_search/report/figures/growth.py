"""What grown models began with, and what training added."""

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from gman_search.halving.evaluations import CONTENDERS, Evaluation, State
from gman_search.provenance import EvaluationFacts
from gman_search.report.figure import Figure, Table
from gman_search.report.figures.cold_start_control import finite_curve
from gman_search.report.formats import error, percent, plural, signed
from gman_search.report.style import new_figure, plain, rounded, stage_colour
from gman_search.report.view import StudyView
from gman_search.wording import decimals

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "GrownEvaluation", "GrowthData", "caption", "compute", "plot", "table"]

MOMENTS = ("smaller<br>model", "just<br>grown", "after one<br>epoch", "at its<br>best")
MAX_LINES = 60
"""More lines are hard to distinguish."""


@dataclass(frozen=True)
class GrownEvaluation:
    """One grown evaluation, by validation MAE in the data's unit.

    `before` is the smaller model's best, `born` the grown model before its first step, `first` after its first epoch,
    `best` at its best. `inherited` is the share of its weights that the smaller model had.
    """

    config_id: int
    stage: str
    inherited: float | None
    before: float
    born: float
    first: float | None
    best: float


@dataclass(frozen=True)
class GrowthData:
    """All grown evaluations, the first stage first."""

    unit: str
    stages: tuple[str, ...]
    grown: tuple[GrownEvaluation, ...]

    @property
    def median_jump(self) -> float | None:
        """Median difference between the smaller model's best and the grown model before its first step."""
        return median(row.born - row.before for row in self.grown) if self.grown else None


def compute(view: StudyView) -> GrowthData | None:
    """The complete grown evaluations that were validated before their first step; None without any."""
    rows, grown = {row.key: row for row in view.latest_of_all if row.control not in CONTENDERS}, []
    for stage in view.stages:
        for row in rows.values():
            if row.stage == stage and row.state is State.COMPLETE and row.control != "cold":
                found = _grown(row, rows.get(row.parent or ""), finite_curve(view.curve(row)))
                grown += [] if found is None else [found]
    return GrowthData(view.unit, view.stages, tuple(grown)) if grown else None


def _grown(row: Evaluation, parent: Evaluation | None, curve: dict[int, float]) -> GrownEvaluation | None:
    if parent is None or parent.val_mae is None or row.val_mae is None or 0 not in curve:
        return None
    return GrownEvaluation(
        config_id=row.config_id,
        stage=row.stage,
        inherited=EvaluationFacts.of(row).inherited,
        before=parent.val_mae,
        born=curve[0],
        first=curve.get(1),
        best=row.val_mae,
    )


def plot(data: GrowthData) -> "go.Figure":
    """One line for each grown model, from before growth to its best."""
    figure, stages = new_figure(360), data.stages
    shown = data.grown[-MAX_LINES:]
    for stage in stages[1:]:
        rows = [row for row in shown if row.stage == stage]
        if rows:
            values = [(row.before, row.born, row.first, row.best) for row in rows]
            figure.add_scatter(
                x=[place for _ in rows for place in (0, 1, 2, 3, None)],
                y=rounded([value for four in values for value in (*four, None)]),
                customdata=[
                    text for row in rows for text in (*[f"config {row.config_id}, {plain(row.stage)}"] * 4, "")
                ],
                mode="lines+markers",
                name=plain(f"grown to {stage}"),
                connectgaps=False,
                line={
                    "color": stage_colour(stage, stages),
                    "width": 1.5,
                    "dash": "solid" if stage == stages[-1] else "dash",
                },
                marker={"size": 7, "symbol": "square" if stage == stages[-1] else "diamond"},
                hovertemplate="%{customdata}: %{y:.4r} " + plain(data.unit) + "<extra></extra>",
            )
    figure.update_xaxes(tickvals=[0, 1, 2, 3], ticktext=list(MOMENTS), range=[-0.25, 3.25], showgrid=False)
    figure.update_yaxes(title_text=f"validation MAE ({plain(data.unit)})")
    return figure


def caption(data: GrowthData) -> str:
    """Whether growth kept the function, and what training then added."""
    rows = data.grown
    gained = sum(row.best < row.born for row in rows)
    jump = signed(data.median_jump, decimals(min((row.best for row in rows), default=None)))
    text = (
        f"{plural(len(rows), 'grown model')}: before the first step, validation MAE differed by {jump} {data.unit} "
        f"from the smaller model's best (median). Training lowered it in {gained} of {len(rows)}."
    )
    shares = [row.inherited for row in rows if row.inherited]
    if shares:
        text += f" Of the weights, {percent(100 * min(shares), 0)} to {percent(100 * max(shares), 0)} were inherited."
    return text


def table(data: GrowthData) -> Table:
    """One row for each grown evaluation."""
    unit = data.unit
    heads = ("smaller model", "just grown", "epoch 1", "best")
    columns = ("config", "stage", "inherited", *(f"{head} ({unit})" for head in heads))
    rows = tuple(
        (
            str(row.config_id),
            row.stage,
            percent(None if row.inherited is None else 100 * row.inherited, 0),
            error(row.before),
            error(row.born),
            error(row.first),
            error(row.best),
        )
        for row in data.grown
    )
    return Table(columns, rows, frozenset({0, 1})).first()


FIGURE = Figure("growth", "fig-growth", "From the smaller model to the larger one", compute, plot, caption, table)
