"""Several studies beside each other: who won, at what cost, and what was different (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gman_search.record import StudyRecord
from gman_search.report.summaries.headline import Headline, headline
from gman_search.report.summaries.preset import PresetStanding, preset_standing
from gman_search.report.summaries.progress import ProgressSummary, progress

__all__ = ["ComparedStudy", "Comparison", "Difference", "compare"]

UNCOMPARED = ("name",)


@dataclass(frozen=True)
class ComparedStudy:
    """One study. `steps` has the winner's test MAE by minutes ahead, each step alone."""

    headline: Headline
    preset: PresetStanding | None
    progress: ProgressSummary
    steps: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Difference:
    """One setting that is not the same in all studies; none where a study has no such setting."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Comparison:
    """`same_data` is none where a study has no fingerprint of its data; `units` are those of the studies."""

    studies: tuple[ComparedStudy, ...]
    differences: tuple[Difference, ...]
    same_data: bool | None
    units: tuple[str, ...]


def compare(records: Sequence[StudyRecord]) -> Comparison:
    """The studies in the order given."""
    settings = [dict(_flat(record.spec)) for record in records]
    names = list(dict.fromkeys(name for one in settings for name in one if name not in UNCOMPARED))
    rows = (Difference(name, tuple(one.get(name) for one in settings)) for name in names)
    differences = tuple(row for row in rows if any(value != row.values[0] for value in row.values))
    prints = [record.provenance.get("fingerprint") for record in records]
    return Comparison(
        studies=tuple(
            ComparedStudy(
                headline=headline(record),
                preset=preset_standing(record),
                progress=progress(record),
                steps=()
                if record.test is None
                else tuple((q * record.step_minutes, scores.mae) for q, scores in sorted(record.test.steps.items())),
            )
            for record in records
        ),
        differences=differences,
        same_data=None if None in prints else len(set(prints)) == 1,
        units=tuple(dict.fromkeys(record.unit for record in records)),
    )


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{name}.")
        else:
            found.append((f"{prefix}{name}", tuple(value) if isinstance(value, list) else value))
    return found
