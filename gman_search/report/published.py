"""Results that others have published on METR-LA and PEMS-BAY, to be shown as theirs (pure)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gman_search.record import Scores
from gman_search.report.figure import Table
from gman_search.report.figures.error_by_step import ErrorByStepData
from gman_search.report.formats import error
from gman_search.report.view import StudyView

__all__ = ["PublishedResults", "PublishedRow", "published_results", "published_table"]

MINUTES = (15, 30, 60)


@dataclass(frozen=True)
class PublishedRow:
    """Scores at 15, 30 and 60 minutes, each step alone; None where the source has none."""

    model: str
    scores: tuple[Scores | None, ...]
    source: str


@dataclass(frozen=True)
class PublishedResults:
    """What others report on a data set, and why this study's numbers may not be comparable."""

    dataset: str
    rows: tuple[PublishedRow, ...]
    caveat: str


def _row(model: str, source: str, *numbers: tuple[float, float, float]) -> PublishedRow:
    return PublishedRow(model, tuple(Scores(*triple) for triple in numbers), source)


README = "table in the README of the original GMAN repository (zhengchuanpan/GMAN, figure/results.png)"
BENCHMARK = "DGCRN benchmark, Table 3 (tsinghua-fib-lab/Traffic-Benchmark)"
LOGS = "training log of XDZhelheim/Torch-MTS, one seed, L = 1, batch normalisation in every layer"
ROWS = {
    "METR-LA": (
        207,
        34272,
        (
            _row("GMAN", README, (2.77, 5.48, 7.25), (3.07, 6.34, 8.35), (3.40, 7.21, 9.72)),
            _row("GMAN", BENCHMARK, (2.80, 5.55, 7.41), (3.12, 6.49, 8.73), (3.44, 7.35, 10.07)),
            _row("GMAN, one block", LOGS, (2.84, 5.66, 7.84), (3.11, 6.42, 8.94), (3.46, 7.28, 10.40)),
            _row("Graph WaveNet", README, (2.69, 5.15, 6.90), (3.07, 6.22, 8.37), (3.53, 7.37, 10.01)),
            _row("DCRNN", README, (2.77, 5.38, 7.30), (3.15, 6.45, 8.80), (3.60, 7.59, 10.50)),
        ),
    ),
    "PEMS-BAY": (
        325,
        52116,
        (
            _row("GMAN", README, (1.34, 2.82, 2.81), (1.62, 3.72, 3.63), (1.86, 4.32, 4.31)),
            _row("GMAN", BENCHMARK, (1.34, 2.91, 2.86), (1.63, 3.76, 3.68), (1.86, 4.32, 4.37)),
            _row("GMAN, one block", LOGS, (1.35, 2.91, 2.88), (1.63, 3.72, 3.69), (1.87, 4.27, 4.39)),
            _row("Graph WaveNet", README, (1.30, 2.74, 2.73), (1.63, 3.70, 3.67), (1.95, 4.52, 4.63)),
        ),
    ),
}
"""By data set: its sensors, its rows, and what was published."""


def published_results(view: StudyView) -> PublishedResults | None:
    """The published results on the study's data set; None where its name is another."""
    name = re.sub(r"[^a-z]", "", f"{view.name} {view.spec.data.readings}".lower())
    for dataset, (sensors, rows, published) in ROWS.items():
        if re.sub(r"[^a-z]", "", dataset.lower()) in name:
            return PublishedResults(dataset, published, _caveat(view, sensors, rows))
    return None


def _caveat(view: StudyView, sensors: int, rows: int) -> str:
    ours, windows = view.provenance.sensors, sum(view.provenance.windows.values())
    parts = []
    if ours is not None and ours != sensors:
        parts.append(f"this study has {ours} of the {sensors} sensors")
    if 0 < windows < 0.9 * rows:
        parts.append(f"its windows are {windows} of about {rows}")
    if parts:
        return f"Not comparable: {'; '.join(parts)}."
    return "They differ in split, seeds and selection, so differences below about 0.03 mph mean nothing."


def published_table(results: PublishedResults, board: ErrorByStepData | None) -> Table:
    """What others report, with this study's winner first where it has been tested."""
    rows, strong = [], frozenset[int]()
    if board is not None:
        found = {row.minutes: row.scores[board.winner] for row in board.rows}
        if all(found.get(minutes) is not None for minutes in MINUTES):
            rows.append(("this study", *_triples(found[minutes] for minutes in MINUTES), "tested here"))
            strong = frozenset({0})
    rows += [(row.model, *_triples(row.scores), row.source) for row in results.rows]
    columns = ("model", *("MAE", "RMSE", "MAPE") * len(MINUTES), "source")
    groups = (*((f"{minutes} min", 3) for minutes in MINUTES), ("", 1))
    return Table(columns, tuple(rows), frozenset({0, len(columns) - 1}), strong, results.caveat, groups)


def _triples(scores: Iterable[Scores | None]) -> list[str]:
    cells = []
    for score in scores:
        known = (None, None, None) if score is None else (score.mae, score.rmse, score.mape)
        cells += [error(value, 2) for value in known]
    return cells
