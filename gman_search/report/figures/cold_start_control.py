"""A grown model compared with the same config trained from random weights."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gman_search.halving.evaluations import Evaluation, State
from gman_search.record import Epoch
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, plural, signed_percent
from gman_search.report.style import BY_RUNG, WINNER, new_figure, plain, rounded
from gman_search.report.view import StudyView

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["FIGURE", "ColdStartControl", "caption", "compute", "finite_curve", "plot", "table"]


@dataclass(frozen=True)
class ColdStartControl:
    """One config at one stage, grown and trained from random weights as well, by validation MAE.

    The curves are (epoch, validation MAE) within the stage. `cold_epoch` is the cold model's best epoch, `matched` the
    first epoch at which the grown model was as good; None: at none.
    """

    unit: str
    config_id: int
    stage: str
    grown: float
    cold: float
    cold_epoch: int
    matched: int | None
    grown_curve: tuple[tuple[int, float], ...]
    cold_curve: tuple[tuple[int, float], ...]

    @property
    def epochs_saved(self) -> int | None:
        """How many epochs earlier the grown model was as good as the cold model at its best."""
        return None if self.matched is None else self.cold_epoch - self.matched


def compute(view: StudyView) -> tuple[ColdStartControl, ...]:
    """The complete evaluations that have a complete cold-start control."""
    rows, found = {row.key: row for row in view.latest_of_all}, []
    for row in view.latest:
        cold = rows.get(f"{row.key} cold")
        if cold is not None and row.state is State.COMPLETE and cold.state is State.COMPLETE:
            found += _compared(view, row, cold)
    return tuple(sorted(found, key=lambda one: view.stages.index(one.stage)))


def _compared(view: StudyView, row: Evaluation, cold: Evaluation) -> list[ColdStartControl]:
    ours, theirs = finite_curve(view.curve(row)), finite_curve(view.curve(cold))
    trained = {epoch: value for epoch, value in theirs.items() if epoch > 0}
    if row.val_mae is None or cold.val_mae is None or not ours or not trained:
        return []
    level = min(trained.values())
    return [
        ColdStartControl(
            unit=view.unit,
            config_id=row.config_id,
            stage=row.stage,
            grown=row.val_mae,
            cold=cold.val_mae,
            cold_epoch=min(epoch for epoch, value in trained.items() if value == level),
            matched=min((epoch for epoch, value in ours.items() if value <= level), default=None),
            grown_curve=tuple(sorted(ours.items())),
            cold_curve=tuple(sorted(theirs.items())),
        )
    ]


def finite_curve(curve: Iterable[Epoch]) -> dict[int, float]:
    """Validation MAE by epoch, where it is a number."""
    return {point.epoch: point.val_mae for point in curve if math.isfinite(point.val_mae)}


def plot(data: ColdStartControl) -> "go.Figure":
    """Grown against cold, over the epochs of the stage."""
    figure = new_figure(300)
    for label, curve, colour, dash, symbol in (
        ("grown", data.grown_curve, WINNER.colour, "solid", "circle"),
        ("cold", data.cold_curve, BY_RUNG[2].colour, "dash", "square-open"),
    ):
        figure.add_scatter(
            x=[epoch for epoch, _ in curve],
            y=rounded([value for _, value in curve]),
            mode="lines+markers",
            name=label,
            line={"color": colour, "dash": dash, "width": 2},
            marker={"symbol": symbol, "size": 6},
            hovertemplate=f"{label}, epoch %{{x}}: %{{y:.4r}} {plain(data.unit)}<extra></extra>",
        )
    figure.update_xaxes(title_text=f"epochs at {plain(data.stage)}")
    figure.update_yaxes(title_text=f"val MAE ({plain(data.unit)})", nticks=6)
    return figure


def caption(data: ColdStartControl) -> str:
    """Both errors, and the epochs to the same error."""
    change = 100 * (data.grown - data.cold) / data.cold if data.cold else None
    text = (
        f"Config {data.config_id} at {data.stage}: {error(data.grown)} {data.unit} grown, {error(data.cold)} cold "
        f"({signed_percent(change)})."
    )
    if data.matched is None:
        return text + " The grown model never was as good as the cold one at its best."
    return text + (
        f" The grown model needed {plural(data.matched, 'epoch')} to be as good as the cold one at its best, after "
        f"{data.cold_epoch}."
    )


def table(data: ColdStartControl) -> Table:
    """Validation MAE of both at every epoch."""
    ours, theirs = dict(data.grown_curve), dict(data.cold_curve)
    rows = tuple((str(epoch), error(ours.get(epoch)), error(theirs.get(epoch))) for epoch in sorted({*ours, *theirs}))
    return Table(("epoch", f"grown ({data.unit})", f"cold ({data.unit})"), rows)


FIGURE = Figure(
    "cold_start_control",
    "fig-cold-start",
    lambda data: f"Config {data.config_id} at {data.stage}",
    compute,
    plot,
    caption,
    table,
    key=lambda data: f"{data.stage}-{data.config_id}",
    layout="grid wide",
    heading="h4",
    most=4,
)
