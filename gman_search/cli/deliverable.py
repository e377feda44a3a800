"""What a study delivers, for the end of `run` and for `best`: losses first, the ensemble, the leaderboard."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from gman_search.cli.output import duration
from gman_search.record import EnsembleTest, Scores, StudyRecord, TestResult
from gman_search.report.baseline_comparison import defeats
from gman_search.report.figures import ensemble_weights
from gman_search.report.figures.ensemble_weights import members_by_weight
from gman_search.report.headline import delivery
from gman_search.report.leaderboard import Leaderboard, sorted_rows
from gman_search.report.verdict import defeat_sentences, delivery_sentence
from gman_search.report.view import StudyView
from gman_search.wording import number

__all__ = [
    "SHOWN_STEPS",
    "delivery_lines",
    "ensemble_document",
    "leaderboard_document",
    "leaderboard_table",
    "leaderboard_title",
    "losses",
    "scores_document",
]

SHOWN_STEPS = (3, 6, 12)
SHOWN_MEMBERS = 6


def losses(record: StudyRecord) -> tuple[str, ...]:
    """Where the ensemble or the winner is worse than a baseline or the reference: the first thing to say."""
    return defeat_sentences(defeats(StudyView(record).winner_test, record.step_minutes), record.unit)


def delivery_lines(record: StudyRecord) -> list[str]:
    """What `predict` uses and who is in it; no line where the winner is delivered alone."""
    view = StudyView(record)
    found, ensemble = delivery(view), ensemble_weights.compute(view)
    if found is None or ensemble is None:
        return []
    shown = [f"{one.name} {one.mean:.0%}" for one in ensemble.members[:SHOWN_MEMBERS]]
    more = len(ensemble.members) - len(shown)
    return [
        delivery_sentence(found, record.unit),
        f"members by mean weight: {', '.join(shown)}{f' and {more} more' if more else ''}",
    ]


def leaderboard_table(board: Leaderboard) -> Table:
    """At most 80 columns wide; a star marks what is delivered."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", overflow="fold")
    for head in ("val", *(f"{minutes} min" for _, minutes in board.steps), "mean", "train", "ms"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in board.rows:
        table.add_row(
            f"{row.name}{' *' if row.is_delivered else ''}",
            number(row.val_mae),
            *(number(value) for value in row.steps),
            number(row.mean),
            "-" if row.train_seconds != row.train_seconds else duration(row.train_seconds),
            number(row.forecast_ms, 0),
        )
    return table


def leaderboard_title(board: Leaderboard) -> str:
    """What the columns are."""
    return (
        f"leaderboard, MAE in {board.unit}: validation, test at each step, mean of steps 1..{board.horizon};\n"
        "time to train, milliseconds a forecast; * is delivered"
    )


def leaderboard_document(test: TestResult | None) -> list[dict[str, Any]]:
    """`leaderboard` of `run --json` and `best --json`, the least validation MAE first; numbers are MAE."""
    return [
        {
            "name": row.name,
            "kind": row.kind,
            "key": row.key,
            "val": row.val_mae,
            "test": {
                **{str(step): row.steps[step].mae for step in SHOWN_STEPS if step in row.steps},
                "mean": row.mean.mae,
            },
            "train_seconds": row.train_seconds,
            "forecast_ms": row.forecast_ms,
        }
        for row in sorted_rows(test.leaderboard if test is not None else ())
    ]


def ensemble_document(ensemble: EnsembleTest | None) -> dict[str, Any] | None:
    """`ensemble` of `run --json` and `best --json`: shaped like `test`, with its members and their weights."""
    if ensemble is None:
        return None
    return {
        **scores_document(ensemble.steps, ensemble.mean),
        "members": [
            {
                "name": one.name,
                "kind": one.kind,
                "key": one.key,
                "weight": one.mean_weight,
                "weights": list(one.weights),
            }
            for one in members_by_weight(ensemble.members)
        ],
        "val_mae": ensemble.val_mae,
        "check": vars(ensemble.check),
        "forecast_ms": ensemble.forecast_ms,
        "coverage": {str(percent): vars(found) for percent, found in ensemble.coverage.items()},
    }


def scores_document(steps: Mapping[int, Scores], mean: Scores) -> dict[str, Any]:
    """MAE, RMSE and MAPE at the steps that everybody reports, and on the mean of all steps."""
    shown = {str(step): vars(steps[step]) for step in SHOWN_STEPS if step in steps}
    return {"steps": shown, "mean": vars(mean)}
