"""The tables of a study as data frames, with the column names of Optuna and AutoGluon."""

import pandas as pd

from gman_search.api.stage_status import outside_statuses, stage_statuses
from gman_search.record import LeaderboardRow, StudyRecord, TestResult
from gman_search.report.leaderboard import sorted_rows
from gman_search.report.view import marked_steps

__all__ = ["evaluations_table", "leaderboard_table", "scores_table", "stages_table"]

COLUMNS = (
    "config_id", "stage", "role", "attempt", "parent", "value", "datetime_start", "datetime_complete", "duration",
    "epochs", "initial_epoch", "seed", "state", "reason",
)  # fmt: skip


def evaluations_table(record: StudyRecord) -> pd.DataFrame:
    """One row an attempt, in the order of stages and numbers; parameters as `params_NAME`."""
    names = list(dict.fromkeys(name for row in record.evaluations for name in row.params))
    rows = [
        {
            "config_id": row.config_id,
            "stage": row.stage,
            "role": row.control,
            "attempt": row.attempt,
            "parent": row.parent,
            "value": row.val_mae,
            "datetime_start": _moment(row.facts.get("began")),
            "datetime_complete": _moment(row.facts.get("ended")),
            "duration": pd.Timedelta(seconds=row.seconds),
            "epochs": row.epochs,
            "initial_epoch": row.initial_epoch,
            "seed": row.seed,
            "state": row.state.name,
            "reason": row.reason,
            **{f"params_{name}": row.params.get(name) for name in names},
        }
        for row in record.evaluations
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *(f"params_{name}" for name in names)])
    return table.astype({"value": float, "datetime_start": "datetime64[ns]", "datetime_complete": "datetime64[ns]"})


def leaderboard_table(record: StudyRecord) -> pd.DataFrame:
    """One row a forecaster that was tested, the lowest validation MAE first; no rows before the test."""
    test = record.test
    marked = [] if test is None else list(marked_steps(test))
    minutes = {step: f"mae_test_{step * record.step_minutes}min" for step in marked}
    columns = ["model", "kind", "evaluation", "mae_val", "mae_test", *minutes.values(), "fit_time", "pred_time"]
    delivered = "winner" if test is None or test.ensemble is None else "ensemble"
    rows = [
        {
            "model": row.name,
            "kind": row.kind,
            "evaluation": row.key,
            "mae_val": row.val_mae,
            "mae_test": row.mean.mae,
            **{name: row.steps[step].mae if step in row.steps else None for step, name in minutes.items()},
            "fit_time": row.train_seconds,
            "pred_time": row.forecast_ms / 1000,
            "delivered": row.kind == delivered,
        }
        for row in _tested(test)
    ]
    return pd.DataFrame(rows, columns=[*columns, "delivered"])


def scores_table(record: StudyRecord) -> pd.DataFrame:
    """One row a forecaster and step: MAE and RMSE in the unit of the readings, MAPE in percent."""
    rows = [
        {
            "model": row.name,
            "step": step,
            "minutes": step * record.step_minutes,
            "mae": scores.mae,
            "rmse": scores.rmse,
            "mape": scores.mape,
        }
        for row in _tested(record.test)
        for step, scores in sorted(row.steps.items())
    ]
    return pd.DataFrame(rows, columns=["model", "step", "minutes", "mae", "rmse", "mape"])


def stages_table(record: StudyRecord) -> pd.DataFrame:
    """One row a stage, then one each for reference and final trainings where there are any."""
    rows = [
        {
            "stage": row.name,
            "planned": row.quota,
            "running": row.running,
            "complete": row.complete,
            "pruned": row.pruned,
            "failed": row.failed,
            "promoted": row.promoted,
            "best": row.best,
            "epochs": row.epochs,
            "duration": pd.Timedelta(seconds=round(row.seconds)),
        }
        for row in (*stage_statuses(record.evaluations, record.schedule), *outside_statuses(record.evaluations))
    ]
    return pd.DataFrame(rows)


def _tested(test: TestResult | None) -> list[LeaderboardRow]:
    return [] if test is None else sorted_rows(test.leaderboard)


def _moment(seconds: float | None) -> pd.Timestamp | None:
    """Local time without a zone, as Optuna's tables have it."""
    return None if seconds is None else pd.Timestamp.fromtimestamp(float(seconds))
