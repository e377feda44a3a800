"""The replay's tables in benchmarks/README.md and searches.md: Markdown out of what is kept (pure)."""

from collections.abc import Iterable, Mapping
from typing import Any

from markdown_tables import markdown_table

__all__ = ["goal", "tables"]

Document = Mapping[str, Any]
STAGES = {
    "quick": "quick",
    "medium": "medium",
    "full": "full",
    "medium cold": "medium, cold",
    "full cold": "full, cold",
}

OURS = "gman-search"
RIVALS = (
    "random at full",
    "Optuna TPE at full",
    "Optuna TPE at medium",
    "Optuna TPE at quick",
    "Optuna TPE, SuccessiveHalvingPruner",
    "Optuna TPE, HyperbandPruner",
    "KerasTuner Hyperband",
    "DEHB",
    "SMAC multi-fidelity",
    "Syne Tune ASHA",
)
"""What users would pick instead."""


def goal(documents: Iterable[Document]) -> str:
    """Ours beside what users would pick instead, all tasks in one table; costs by one worker, in full trainings."""
    head = "task | search | seeds | to the best full, cold | reached | to the best of all | reached | within 3 %"
    body = []
    for document in documents:
        rows = {row["name"]: row for row in document["methods"] if row["workers"] == 1}
        for name in (OURS, *RIVALS):
            if name in rows:
                row = rows[name]
                near = [
                    told
                    for best in ("cold", "any")
                    for told in (_cost(row, f"cost_to_1pct_{best}"), _share(row[f"reached_1pct_{best}"]))
                ]
                body.append([document["task"], name, str(row["seeds"]), *near, _share(row["reached_3pct_any"])])
    return _table(head, body)


def tables(document: Document) -> str:
    """All tables of one task's document."""
    one = [row for row in document["methods"] if row["workers"] == 1]
    more = [row for row in document["methods"] if row["workers"] > 1]
    parts = [_searches(one), _runs(one), _drawn(document), _agreement(document), _luck(document), _survival(document)]
    return "\n\n".join(part for part in [*parts, _workers(more)] if part)


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    body = list(rows)
    return markdown_table(head.strip("| ").split(" | "), body) if body else ""


def _searches(rows: list[Document]) -> str:
    """Test MAE after a cost, and the cost until it stays near the best known; one worker."""
    budgets = ("5", "10", "20", "40", "80")
    head = f"| search | {' | '.join(budgets)} | to the best full, cold | reached | to the best of all | reached"
    return _table(
        f"{head} | within 3 % |",
        (
            [
                row["name"],
                *(_mph(row["test_mae_at"][budget]) for budget in budgets),
                _cost(row, "cost_to_1pct_cold"),
                _share(row["reached_1pct_cold"]),
                _cost(row, "cost_to_1pct_any"),
                _share(row["reached_1pct_any"]),
                _share(row["reached_3pct_any"]),
            ]
            for row in rows
        ),
    )


def _runs(rows: list[Document]) -> str:
    return _table(
        "| one run of | cost | test MAE at its end |",
        (
            [
                row["name"],
                f"{row['one_run']['cost']['median'] / row['seconds_of_a_full']:.1f}",
                f"{row['one_run']['test_mae']:.3f} ± {row['one_run']['standard_error']:.3f}",
            ]
            for row in rows
            if "one_run" in row
        ),
    )


def _drawn(document: Document) -> str:
    """Whether the model of the curves draws what was recorded: test MAE."""
    return _table(
        "| stage | least: recorded, drawn | lower quartile | median | upper quartile |",
        (
            [
                STAGES[kind],
                *(f"{_mph(was)}, {_mph(is_)}" for was, is_ in zip(row["recorded"], row["drawn"], strict=True)),
            ]
            for kind, row in document["drawn"].items()
        ),
    )


def _agreement(document: Document) -> str:
    return _table(
        "| validation MAE of | and of | Spearman | 95 % | configs | best quarter | after 1, 3, 5, 7 epochs of quick |",
        (
            [
                *pair.split("-", 1),
                f"{row['spearman']:.2f}",
                _interval(row),
                str(row["n"]),
                f"{row['top_quarter']['spearman']:.2f} ({_interval(row['top_quarter'])})"
                if row["top_quarter"]
                else "-",
                ", ".join(f"{row['by_epochs'][n]:.2f}" for n in ("1", "3", "5", "7")) if "by_epochs" in row else "-",
            ]
            for pair, row in document["rank_correlation"].items()
            if "," not in pair
        ),
    )


def _luck(document: Document) -> str:
    def told(kind: str, which: str) -> str:
        row = document["rank_correlation"].get(f"{kind}, {which}")
        return f"{row['spearman']:.2f} ({_interval(row)})" if row else "-"

    rows = []
    for kind, noise in document["noise"].items():
        errors = document["surface"][kind]["left_out_error_mph"]
        rows.append(
            [
                STAGES[kind],
                _mph(noise["between_seeds"]),
                _mph(noise["best_to_cut_at_a_quarter"]),
                told(kind, "seed 0-seed 1"),
                told(kind, "validation-test"),
                f"{errors['val']:.3f}, {errors['val_by_mean']:.3f}",
                f"{errors['test']:.3f}, {errors['test_by_mean']:.3f}",
            ]
        )
    head = "| stage | seeds differ by | best to the cut at a quarter | Spearman of two seeds | of validation and test"
    return _table(f"{head} | error of the model, of the mean | the same on test |", rows)


def _survival(document: Document) -> str:
    return _table(
        "| eta | the best survives quick | and medium | one of the five best | lost, mph |",
        (
            [eta, *(_share(row[name]) for name in ("quick", "medium", "one_of_five")), f"{row['lost_mph']:.3f}"]
            for eta, row in document["survival_of_the_best"].items()
        ),
    )


def _workers(rows: list[Document]) -> str:
    head = "| search | workers | seeds | minutes to the best full, cold | reached | test MAE at the end"
    return _table(
        f"{head} | ended after minutes |",
        (
            [
                row["name"],
                str(row["workers"]),
                str(row["seeds"]),
                _minutes(row, "cost_to_1pct_cold"),
                _share(row["reached_1pct_cold"]),
                _mph(row["test_mae_at_end"]),
                f"{row['limit_seconds'] / 60:.1f}",
            ]
            for row in rows
        ),
    )


def _cost(row: Document, name: str) -> str:
    """Median and quartiles, in full trainings."""
    found = row[name]
    median, low, high = (
        "never" if found[end] is None else f"{found[end] / row['seconds_of_a_full']:.1f}"
        for end in ("median", "low", "high")
    )
    return f"{median} ({low} to {high})" if low != "never" else "never"


def _minutes(row: Document, name: str) -> str:
    median = row[name]["median"]
    return "never" if median is None else f"{median / row['workers'] / 60:.1f}"


def _interval(row: Document) -> str:
    return f"{row['low']:.2f} to {row['high']:.2f}"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _mph(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
