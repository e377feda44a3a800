"""All that was tested in one table, the least validation error first (pure)."""

import math
from dataclasses import dataclass

from gman_search.record import LeaderboardRow, StudyRecord
from gman_search.report.summaries.headline import marked_steps

__all__ = ["Leaderboard", "LeaderboardLine", "leaderboard", "sorted_rows"]


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


def leaderboard(record: StudyRecord) -> Leaderboard | None:
    """The leaderboard, or none where the study has none."""
    test = record.test
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
    steps = tuple((step, step * record.step_minutes) for step in marked)
    return Leaderboard(record.unit, steps, max(test.steps, default=0), rows)


def sorted_rows(rows: tuple[LeaderboardRow, ...]) -> list[LeaderboardRow]:
    """The least validation MAE first; rows without one come last."""
    return sorted(rows, key=lambda row: (not math.isfinite(row.val_mae), row.val_mae))
