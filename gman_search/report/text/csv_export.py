"""The evaluations as CSV, to be opened in a spreadsheet without surprises (pure)."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from gman_search.halving.table import Evaluation

__all__ = ["csv_text"]

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
