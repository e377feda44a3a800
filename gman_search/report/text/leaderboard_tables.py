"""Leaderboard and ensemble as tables of text (pure)."""

import math

from gman_search.report.summaries.ensemble import EnsembleSummary
from gman_search.report.summaries.leaderboard import Leaderboard
from gman_search.report.text.formats import MISSING, duration, error, percent
from gman_search.report.text.tables import Table

__all__ = ["ensemble_table", "leaderboard_table"]


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


def ensemble_table(summary: EnsembleSummary) -> Table:
    """One row a member, one column a step; weights in percent."""
    columns = ("member", "kind", "mean weight", *(f"{minutes} min" for minutes in summary.minutes))
    rows = tuple(
        (one.name, one.kind, percent(100 * one.mean), *(error(100 * weight, 1) for weight in one.weights))
        for one in summary.members
    )
    return Table(columns, rows, frozenset({0, 1}), note="Weights in percent of the forecast at each step.")
