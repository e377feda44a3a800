"""Several studies compared: which is best, at what cost, and which settings differ (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gman_search.record import StudyRecord
from gman_search.report.figure import Table
from gman_search.report.figures.optimization_history import HistoryData, history
from gman_search.report.formats import count, duration, error, setting, signed_percent
from gman_search.report.headline import Headline, headline
from gman_search.report.reference_config import ReferenceStanding, reference_standing
from gman_search.report.view import Source, StudyView

__all__ = [
    "ComparedStudy",
    "Comparison",
    "Difference",
    "compare",
    "difference_table",
    "study_table",
    "verdict",
]

UNCOMPARED = ("name",)
SHOWN_MINUTES = (15, 30, 60)


@dataclass(frozen=True)
class ComparedStudy:
    """One study. `steps` has the winner's test MAE by minutes ahead, each step alone."""

    headline: Headline
    reference: ReferenceStanding | None
    history: HistoryData
    steps: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Difference:
    """One setting that is not the same in all studies; None where a study has no such setting."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Comparison(Source):
    """`same_data` is None where a study has no fingerprint of its data; `units` are those of the studies."""

    studies: tuple[ComparedStudy, ...]
    differences: tuple[Difference, ...]
    same_data: bool | None
    units: tuple[str, ...]


def compare(records: Sequence[StudyRecord]) -> Comparison:
    """The studies in the order given."""
    views = [StudyView(record) for record in records]
    settings = [dict(_flat(record.spec)) for record in records]
    names = list(dict.fromkeys(name for one in settings for name in one if name not in UNCOMPARED))
    rows = (Difference(name, tuple(one.get(name) for one in settings)) for name in names)
    prints = [view.provenance.fingerprint for view in views]
    return Comparison(
        studies=tuple(_compared(view) for view in views),
        differences=tuple(row for row in rows if any(value != row.values[0] for value in row.values)),
        same_data=None if None in prints else len(set(prints)) == 1,
        units=tuple(dict.fromkeys(view.unit for view in views)),
    )


def _compared(view: StudyView) -> ComparedStudy:
    steps = {} if view.test is None else view.test.steps
    return ComparedStudy(
        headline=view.of(headline),
        reference=view.of(reference_standing),
        history=view.of(history),
        steps=tuple((step * view.step_minutes, scores.mae) for step, scores in sorted(steps.items())),
    )


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", tuple(value) if isinstance(value, list) else value))
    return found


def verdict(comparison: Comparison) -> str:
    """Which study is best, and whether the studies can be compared."""
    if len(comparison.units) > 1:
        return f"The studies have different units ({', '.join(comparison.units)}): their errors cannot be compared."
    unit = comparison.units[0]
    tested = [(s.headline.mean_test_mae, s) for s in comparison.studies if s.headline.mean_test_mae is not None]
    if len(tested) < 2:
        return "Fewer than two of these studies have a tested winner, so nothing can be compared yet."
    tested.sort(key=lambda item: item[0])
    (best, first), (second, other) = tested[0], tested[1]
    text = (
        f"{first.headline.name} has the lowest test MAE (mean of all steps), {error(best)} {unit}, "
        f"followed by {other.headline.name} with {error(second)}."
    )
    if comparison.same_data is False:
        text += " Their data differ, so this does not compare their settings."
    elif comparison.same_data is None:
        text += " It is not known whether their data are the same."
    return text


def study_table(comparison: Comparison) -> Table:
    """One row for each study."""
    unit = " or ".join(comparison.units)
    columns = (
        "study",
        "configs",
        "finished",
        "winner",
        f"val MAE ({unit})",
        *(f"test {minutes} min" for minutes in SHOWN_MINUTES),
        "mean of steps",
        "vs. reference config",
        "training time",
    )
    rows = tuple(_study_cells(study) for study in comparison.studies)
    return Table(columns, rows, frozenset({0, 2, 3}), note=f"Test MAE in {unit}, each step alone and their mean.")


def _study_cells(study: ComparedStudy) -> tuple[str, ...]:
    head, steps, reference = study.headline, dict(study.steps), study.reference
    gain = None if reference is None or reference.gain is None else -reference.gain
    return (
        head.name,
        count(head.cost.configs),
        "yes" if head.finished else "no",
        "–" if head.config_id is None else f"config {head.config_id}, {head.stage}",
        error(head.val_mae),
        *(error(steps.get(minutes)) for minutes in SHOWN_MINUTES),
        error(head.mean_test_mae),
        signed_percent(gain),
        duration(head.cost.seconds),
    )


def difference_table(comparison: Comparison) -> Table:
    """One row for each setting that differs."""
    rows = tuple((one.name, *(setting(value) for value in one.values)) for one in comparison.differences)
    columns = ("setting", *(study.headline.name for study in comparison.studies))
    return Table(columns, rows, frozenset(range(len(columns))))
