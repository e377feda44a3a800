"""Complete evaluations of each stage by rank, and the standings of all evaluations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gman_search.halving import promotion
from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.promotion import Standing
from gman_search.report.figure import Figure, Table
from gman_search.report.formats import error, plural, signed
from gman_search.report.style import BY_RUNG, WINNER, new_figure, plain, rounded
from gman_search.report.view import ROLE_NAMES, StudyView
from gman_search.wording import decimals, fixed

if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = [
    "FIGURE",
    "StageRanksData",
    "StandingRow",
    "StandingsData",
    "caption",
    "compute",
    "plot",
    "standings",
    "standings_table",
    "table",
]


@dataclass(frozen=True)
class StandingRow:
    """A standing of `halving.promotion`, with the validation MAE it was ranked by.

    An evaluation outside the stages has no rank, and its role is part of its stage: "quick final".
    """

    standing: Standing
    val_mae: float | None
    state: State
    is_winner: bool


@dataclass(frozen=True)
class StandingsData:
    """Every evaluation's rank. `cuts[stage]` is the validation MAE of the last config promoted from it."""

    unit: str
    stages: tuple[str, ...]
    rows: tuple[StandingRow, ...]
    cuts: dict[str, float]


@dataclass(frozen=True)
class StageRanksData:
    """The evaluations of one stage. `cut` is the validation MAE of the last promoted config; None: nobody was."""

    unit: str
    stage: str
    rows: tuple[StandingRow, ...]
    cut: float | None
    is_last: bool


def standings(view: StudyView) -> StandingsData:
    """Rank, gap and reason of every evaluation."""
    by_key, best, rows = {row.key: row for row in view.latest}, view.winner, []
    cuts: dict[str, float] = {}
    for standing in promotion.standings(view.record.evaluations, view.record.schedule):
        row = by_key[f"{standing.stage}/{standing.config_id}"]
        rows.append(StandingRow(standing, row.val_mae, row.state, best is not None and row.key == best.key))
        if standing.promoted and row.val_mae is not None:
            cuts[standing.stage] = max(cuts.get(standing.stage, row.val_mae), row.val_mae)
    for other in view.outside:
        place = Standing(
            config_id=other.config_id,
            stage=f"{other.stage} {other.control}",
            rank=None,
            of=0,
            promoted=False,
            gap=None,
            reason=_outside_text(view, other),
        )
        rows.append(StandingRow(place, other.val_mae, other.state, best is not None and other.key == best.key))
    return StandingsData(view.unit, view.stages, tuple(rows), cuts)


def compute(view: StudyView) -> tuple[StageRanksData, ...]:
    """The stages that have a complete evaluation."""
    everything = view.of(standings)
    found = []
    for stage in view.stages:
        rows = tuple(row for row in everything.rows if row.standing.stage == stage)
        if any(row.standing.rank for row in rows):
            is_last = stage == view.stages[-1]
            found.append(StageRanksData(view.unit, stage, rows, everything.cuts.get(stage), is_last))
    return tuple(found)


def _outside_text(view: StudyView, row: Evaluation) -> str:
    """What an evaluation outside the stages was for, and how far it lowered the error."""
    text = ROLE_NAMES[row.control]
    change = view.final_change(row) if row.control == "final" else None
    if change is not None:
        text += f" from {fixed(change[0])} to {fixed(change[1])}"
    if row.state is not State.COMPLETE:
        text += f": {row.reason or f'is {row.state}'}"
    return f"{text}; outside the stages"


def plot(data: StageRanksData) -> "go.Figure":
    """Complete evaluations of one stage by rank, with the line below which configs were promoted."""
    rows = [row for row in data.rows if row.standing.rank and row.val_mae is not None]
    rest = "complete" if data.is_last else "not promoted"
    groups = (
        ("promoted", BY_RUNG[2], "diamond", [row for row in rows if row.standing.promoted and not row.is_winner]),
        (rest, BY_RUNG[0], "circle-open", [r for r in rows if not r.standing.promoted and not r.is_winner]),
        ("winner", WINNER, "star", [row for row in rows if row.is_winner]),
    )
    figure, margin = new_figure(260), 0.4 + 0.03 * len(rows)
    for label, mark, symbol, members in groups:
        if members:
            figure.add_scatter(
                x=[row.standing.rank for row in members],
                y=rounded([row.val_mae for row in members]),
                customdata=[row.standing.config_id for row in members],
                mode="markers",
                name=label,
                marker={"symbol": symbol, "color": mark.colour, "size": 13 if label == "winner" else 8},
                hovertemplate="config %{customdata}, rank %{x}<br>%{y:.4r} " + plain(data.unit) + "<extra></extra>",
            )
    if data.cut is not None:
        figure.add_hline(y=round(data.cut, 4), line={"color": BY_RUNG[2].colour, "width": 1, "dash": "dot"})
    few = {"dtick": 1} if len(rows) <= 6 else {}
    figure.update_xaxes(title_text=f"rank at {plain(data.stage)}", range=[1 - margin, len(rows) + margin], **few)
    figure.update_yaxes(title_text=f"validation MAE ({plain(data.unit)})")
    return figure


def caption(data: StageRanksData) -> str:
    """The best config, the cut, and the config just above it."""
    here = [row for row in data.rows if row.standing.rank]
    best = here[0]
    leader = f"config {best.standing.config_id} with {error(best.val_mae)} {data.unit}"
    text = f"Best of {len(here)} complete at {data.stage}: {leader}."
    missed = [row for row in here if not row.standing.promoted and (row.standing.gap or 0.0) >= 0]
    late = sum(not row.standing.promoted and (row.standing.gap or 0.0) < 0 for row in here)
    if data.cut is not None:
        text += f" The dotted line is the cut at {error(data.cut)} {data.unit}."
        if missed:
            gap = error(missed[0].standing.gap, decimals(best.val_mae))
            text += f" Config {missed[0].standing.config_id} missed it by {gap}."
        if late:
            text += f" {plural(late, 'config')} below it finished after all places were taken."
    return text


def standings_table(data: StandingsData) -> Table:
    """One row for each evaluation, by stage and rank."""
    return _table(data.unit, data.rows)


def table(data: StageRanksData) -> Table:
    """The rows of one stage."""
    return replace(_table(data.unit, data.rows), strong=frozenset()).first()


def _table(unit: str, found: Sequence[StandingRow]) -> Table:
    columns = ("stage", "rank", "config", f"val MAE ({unit})", f"gap to cut ({unit})", "reason")
    rows, strong = [], set()
    for index, row in enumerate(found):
        place = row.standing
        rank = "–" if place.rank is None else f"{place.rank} / {place.of}"
        rows.append(
            (
                place.stage,
                rank,
                str(place.config_id),
                error(row.val_mae),
                signed(place.gap, decimals(row.val_mae)),
                place.reason,
            )
        )
        if row.is_winner:
            strong.add(index)
    return Table(columns, tuple(rows), frozenset({0, 5}), frozenset(strong))


FIGURE = Figure(
    "stage_ranks",
    "fig-cut",
    lambda data: f"Ranks at {data.stage}",
    compute,
    plot,
    caption,
    table,
    key=lambda data: data.stage,
    layout="grid wide",
)
