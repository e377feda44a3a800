"""Summaries as tables of text: the numbers behind each figure, for readers who cannot or will not see it (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gman_search.halving.table import Evaluation
from gman_search.report.summaries.agreement import Agreement
from gman_search.report.summaries.curves import CurveSummary
from gman_search.report.summaries.ladder import DiagnosisCount, Funnel, StandingTable
from gman_search.report.summaries.outside import ROLE_NAMES
from gman_search.report.summaries.slices import SlicePanel
from gman_search.report.text.formats import count, duration, error, setting, signed

__all__ = [
    "Table",
    "agreement_table",
    "curve_table",
    "diagnosis_table",
    "evaluation_table",
    "flat_rows",
    "funnel_table",
    "slice_table",
    "standings_text",
]


MAX_ROWS = 200
"""Rows of numbers behind one figure; a page that opens at once is worth more than the thousandth row."""


@dataclass(frozen=True)
class Table:
    """Text cells under column heads; the first column heads its row. `strong` are indices of rows to stress.

    `text_columns` are left-aligned; all others are numbers. `groups` are heads over several columns, as (text, width),
    after the first column.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[int] = frozenset({0})
    strong: frozenset[int] = frozenset()
    note: str = ""
    groups: tuple[tuple[str, int], ...] = ()

    def first(self, limit: int) -> "Table":
        """The same table with at most `limit` rows, and a note where some are left out."""
        if len(self.rows) <= limit:
            return self
        note = f"The first {limit} of {len(self.rows)} rows; the CSV of all evaluations has the rest. {self.note}"
        return replace(self, rows=self.rows[:limit], note=note.strip())


def funnel_table(summary: Funnel) -> Table:
    """One row a stage."""
    columns = (
        "stage",
        "evaluations",
        "promoted",
        "complete, went no further",
        "stopped early",
        "failed",
        "under way",
        "epochs",
        "training time",
    )
    rows = tuple(
        (
            row.stage,
            count(row.evaluations),
            count(row.promoted),
            count(row.stopped),
            count(row.pruned),
            count(row.failed),
            count(row.unfinished),
            count(row.epochs),
            duration(row.seconds),
        )
        for row in summary.stages
    )
    outside = tuple(
        (
            ROLE_NAMES[row.role],
            count(row.evaluations),
            "–",
            count(row.complete),
            count(row.pruned),
            count(row.failed),
            count(row.unfinished),
            count(row.epochs),
            duration(row.seconds),
        )
        for row in summary.outside
    )
    note = "The reference and final trainings are outside the ladder: no quota, no rank." if outside else ""
    return Table(columns, rows + outside, note=note)


def standings_text(summary: StandingTable) -> Table:
    """One row an evaluation, in ladder order and by rank."""
    columns = ("stage", "rank", "config", f"val MAE ({summary.unit})", f"gap to cut ({summary.unit})", "why")
    rows, strong = [], set()
    for index, row in enumerate(summary.rows):
        place = row.standing
        rank = "–" if place.rank is None else f"{place.rank} / {place.of}"
        rows.append((place.stage, rank, str(place.config_id), error(row.val_mae), signed(place.gap), place.reason))
        if row.is_winner:
            strong.add(index)
    return Table(columns, tuple(rows), frozenset({0, 5}), frozenset(strong))


def curve_table(summary: CurveSummary) -> Table:
    """First, best and last validation MAE of every curve."""
    unit = summary.unit
    heads = (f"first ({unit})", f"best ({unit})", f"last ({unit})")
    columns = ("config", "ended as", "stage", "epochs", *heads, "reading")
    rows = []
    for chain in summary.chains:
        for segment in chain.segments:
            reading = "; ".join(segment.diagnosis)
            known = [value for value in segment.val_mae if value is not None]
            span = f"{segment.epochs[0]}–{segment.epochs[-1]}"
            first, best, last = (known[0], min(known), known[-1]) if known else (None, None, None)
            rows.append(
                (str(chain.config_id), chain.fate, segment.stage, span, error(first), error(best), error(last), reading)
            )
    table = Table(columns, tuple(rows), frozenset({0, 1, 2, 7}), note="Epochs are cumulative; validation MAE.")
    return table.first(MAX_ROWS)


def diagnosis_table(summary: tuple[DiagnosisCount, ...]) -> Table:
    """How often each reading of a learning curve applies."""
    stages = tuple(stage for stage, _ in summary[0].by_stage) if summary else ()
    rows = tuple((row.text, *(count(number) for _, number in row.by_stage)) for row in summary)
    return Table(("reading of the learning curve", *stages), rows)


def slice_table(panel: SlicePanel, stage: str, unit: str) -> Table:
    """One row a config, best first."""
    rows = tuple(
        (str(point.config_id), setting(point.value), error(point.val_mae), "yes" if point.promoted else "no")
        for point in panel.points
    )
    columns = ("config", panel.name, f"val MAE at {stage} ({unit})", "promoted")
    return Table(columns, rows, frozenset({0, 3})).first(MAX_ROWS)


def agreement_table(summary: Agreement) -> Table:
    """One row a config that completed both stages."""
    columns = ("config", f"{summary.lower} ({summary.unit})", f"{summary.upper} ({summary.unit})")
    rows = tuple((str(point.config_id), error(point.lower), error(point.upper)) for point in summary.points)
    return Table(columns, rows)


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
            error(row.val_mae, 4),
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
