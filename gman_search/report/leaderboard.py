"""All that was tested in one table, the lowest validation error first (pure)."""

import math
from dataclasses import dataclass

from gman_search.record import LeaderboardRow
from gman_search.report.figure import Table
from gman_search.report.formats import MISSING, duration, error
from gman_search.report.view import StudyView, marked_steps

__all__ = ["Leaderboard", "LeaderboardLine", "leaderboard", "leaderboard_table", "sorted_rows"]


@dataclass(frozen=True)
class LeaderboardLine:
    """One forecaster: MAE on the validation part and on the test part (the marked steps alone and the mean of all)."""

    name: str
    kind: str
    key: str | None
    val_mae: float
    steps: tuple[float | None, ...]
    mean: float
    train_seconds: float
    forecast_ms: float
    is_delivered: bool


@dataclass(frozen=True)
class Leaderboard:
    """`steps` are (step, minutes ahead) of the columns, `horizon` the last step."""

    unit: str
    steps: tuple[tuple[int, int], ...]
    horizon: int
    rows: tuple[LeaderboardLine, ...]


def leaderboard(view: StudyView) -> Leaderboard | None:
    """The leaderboard, None where the study has none."""
    test = view.test
    if test is None or not test.leaderboard:
        return None
    delivered, marked = "winner" if test.ensemble is None else "ensemble", marked_steps(test)
    rows = tuple(
        LeaderboardLine(
            name=row.name,
            kind=row.kind,
            key=row.key,
            val_mae=row.val_mae,
            steps=tuple(row.steps[step].mae if step in row.steps else None for step in marked),
            mean=row.mean.mae,
            train_seconds=row.train_seconds,
            forecast_ms=row.forecast_ms,
            is_delivered=row.kind == delivered,
        )
        for row in sorted_rows(test.leaderboard)
    )
    steps = tuple((step, step * view.step_minutes) for step in marked)
    return Leaderboard(view.unit, steps, max(test.steps, default=0), rows)


def sorted_rows(rows: tuple[LeaderboardRow, ...]) -> list[LeaderboardRow]:
    """The least validation MAE first; rows without one come last."""
    return sorted(rows, key=lambda row: (not math.isfinite(row.val_mae), row.val_mae))


def leaderboard_table(summary: Leaderboard) -> Table:
    """One row a forecaster, the least validation MAE first; what is delivered stands out."""
    heads = (f"{minutes} min" for _, minutes in summary.steps)
    columns = ("forecaster", "role", "val MAE", *heads, f"mean 1..{summary.horizon}", "train", "ms a forecast")
    rows = tuple(
        (
            f"{row.name} ★ delivered" if row.is_delivered else row.name,
            row.kind,
            error(row.val_mae),
            *map(error, row.steps),
            error(row.mean),
            duration(row.train_seconds) if math.isfinite(row.train_seconds) else MISSING,
            error(row.forecast_ms, 0 if row.forecast_ms >= 10 else 1),
        )
        for row in summary.rows
    )
    strong = frozenset(index for index, row in enumerate(summary.rows) if row.is_delivered)
    note = (
        f"MAE in {summary.unit}: of the validation part, then of the test part at each step alone and on the mean. "
        "Training time includes the smaller models that a grown one comes from. The last column is the milliseconds "
        "that one forecast of all sensors and steps takes."
    )
    return Table(columns, rows, frozenset({0, 1}), strong, note)
