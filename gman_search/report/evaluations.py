"""All attempts, as a table of text and as CSV, and nested facts as rows (pure)."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from gman_search.halving.evaluations import Evaluation
from gman_search.report.figure import Table
from gman_search.report.formats import error, setting

__all__ = ["csv_text", "evaluation_table", "flat_rows"]

COLUMNS = (
    "config_id",
    "stage",
    "attempt",
    "parent",
    "state",
    "reason",
    "val_mae",
    "epochs",
    "initial_epoch",
    "seconds",
    "seed",
    "control",
)


def csv_text(evaluations: Iterable[Evaluation]) -> str:
    """One row an attempt, in full precision; parameters are columns of their own."""
    rows = list(evaluations)
    names = list(dict.fromkeys(name for row in rows for name in row.params))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *names])
    for row in rows:
        fixed = [getattr(row, column) for column in COLUMNS]
        writer.writerow([_cell(value) for value in (*fixed, *(row.params.get(name) for name in names))])
    return out.getvalue()


def _cell(value: Any) -> Any:
    # A spreadsheet would run text that begins like a formula.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


def evaluation_table(evaluations: Iterable[Evaluation], unit: str) -> Table:
    """The tidy table all else is derived from: one row an attempt."""
    rows = list(evaluations)
    names = list(dict.fromkeys(name for row in rows for name in row.params))
    fixed = (
        "config",
        "stage",
        "attempt",
        "state",
        f"val_mae ({unit})",
        "epochs",
        "initial_epoch",
        "seconds",
        "seed",
        "role",
    )
    cells = tuple(
        (
            str(row.config_id),
            row.stage,
            str(row.attempt),
            str(row.state),
            error(row.val_mae, least=4),
            str(row.epochs),
            str(row.initial_epoch),
            f"{row.seconds:.1f}",
            str(row.seed),
            row.control,
            *(setting(row.params.get(name)) for name in names),
            row.reason,
        )
        for row in rows
    )
    return Table((*fixed, *names, "reason"), cells, frozenset({0, 1, 3, 9, len(fixed) + len(names)}))


def flat_rows(facts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested facts as (dotted name, text)."""
    rows: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            rows += flat_rows(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            rows.append((f"{prefix}{name}", ", ".join(setting(item) for item in value)))
        else:
            rows.append((f"{prefix}{name}", setting(value)))
    return rows
