"""The ladder in numbers: how many configs each stage took, what became of them, and where its cut fell (pure)."""

from collections import Counter
from dataclasses import dataclass

from gman_search.halving.decide import Standing, standings
from gman_search.halving.table import CONTENDERS, Evaluation, State, counted_once, latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.summaries.headline import winner
from gman_search.report.summaries.outside import ROLE_NAMES, OutsideCount, brought, outside_counts, outside_rows

__all__ = [
    "DiagnosisCount",
    "Funnel",
    "StageCount",
    "StandingRow",
    "StandingTable",
    "diagnosis_counts",
    "funnel",
    "standing_table",
]


@dataclass(frozen=True)
class StageCount:
    """What became of the configs of one stage; epochs and wall-clock seconds include repeated attempts.

    `stopped` are complete evaluations that did not go on, `unfinished` those that wait or run.
    """

    stage: str
    evaluations: int
    promoted: int
    stopped: int
    pruned: int
    failed: int
    unfinished: int
    attempts: int
    epochs: int
    seconds: float


@dataclass(frozen=True)
class Funnel:
    """All stages in ladder order, and what was trained outside the ladder: the reference and final trainings."""

    stages: tuple[StageCount, ...]
    etas: tuple[int, ...]
    synchronous: bool
    outside: tuple[OutsideCount, ...] = ()


@dataclass(frozen=True)
class StandingRow:
    """A standing of `halving.decide`, with the validation MAE it was ranked by. Outside the ladder it has no rank, and
    the role is part of its stage: "quick final"."""

    standing: Standing
    val_mae: float | None
    state: State
    is_winner: bool


@dataclass(frozen=True)
class StandingTable:
    """Every evaluation's rank. `cuts[stage]` is the validation MAE of the last config promoted from it."""

    unit: str
    stages: tuple[str, ...]
    rows: tuple[StandingRow, ...]
    cuts: dict[str, float]


@dataclass(frozen=True)
class DiagnosisCount:
    """How many evaluations of each stage a reading of the learning curve applies to."""

    text: str
    by_stage: tuple[tuple[str, int], ...]


def funnel(record: StudyRecord) -> Funnel:
    """Count the evaluations of each stage by what became of them."""
    latest = latest_attempts(record.evaluations)
    counts = []
    for rung, stage in enumerate(record.ladder.stages):
        here = [row for row in latest if row.stage == stage]
        above = record.ladder.stages[rung + 1] if rung + 1 < len(record.ladder.stages) else None
        promoted = {row.config_id for row in latest if above is not None and row.stage == above}
        states = Counter(row.state for row in here)
        gone_on = sum(row.config_id in promoted for row in here)
        attempts = [row for row in record.evaluations if row.stage == stage and row.control not in CONTENDERS]
        counts.append(
            StageCount(
                stage=stage,
                evaluations=len(here),
                promoted=gone_on,
                stopped=max(0, states[State.COMPLETE] - gone_on),
                pruned=states[State.PRUNED],
                failed=states[State.FAILED],
                unfinished=states[State.WAITING] + states[State.RUNNING],
                attempts=len(attempts),
                epochs=sum(row.epochs for row in counted_once(attempts)),
                seconds=sum(row.seconds for row in counted_once(attempts)),
            )
        )
    return Funnel(tuple(counts), record.ladder.etas, record.ladder.synchronous, outside_counts(record))


def standing_table(record: StudyRecord) -> StandingTable:
    """Rank, gap and reason of every evaluation."""
    by_key = {row.key: row for row in latest_attempts(record.evaluations)}
    best = winner(record)
    rows = []
    cuts: dict[str, float] = {}
    for standing in standings(record.evaluations, record.ladder):
        row = by_key[f"{standing.stage}/{standing.config_id}"]
        rows.append(StandingRow(standing, row.val_mae, row.state, best is not None and row.key == best.key))
        if standing.promoted and row.val_mae is not None:
            cuts[standing.stage] = max(cuts.get(standing.stage, row.val_mae), row.val_mae)
    for other in outside_rows(record):
        place = Standing(
            config_id=other.config_id,
            stage=f"{other.stage} {other.control}",
            rank=None,
            of=0,
            promoted=False,
            gap=None,
            reason=_outside_text(record, other),
        )
        rows.append(StandingRow(place, other.val_mae, other.state, best is not None and other.key == best.key))
    return StandingTable(record.unit, record.ladder.stages, tuple(rows), cuts)


def _outside_text(record: StudyRecord, row: Evaluation) -> str:
    """What an evaluation outside the ladder was for, and what it brought."""
    text = ROLE_NAMES[row.control]
    change = brought(record, row) if row.control == "final" else None
    if change is not None:
        text += f" from {change[0]:.3f} to {change[1]:.3f}"
    if row.state is not State.COMPLETE:
        text += f": {row.reason or f'is {row.state}'}"
    return f"{text}; outside the ladder"


def diagnosis_counts(record: StudyRecord) -> tuple[DiagnosisCount, ...]:
    """The readings of the learning curves, commonest first."""
    found: Counter[tuple[str, str]] = Counter()
    for row in latest_attempts(record.evaluations):
        for text in row.facts.get("diagnosis") or ():
            found[str(text), row.stage] += 1
    totals: Counter[str] = Counter()
    for (text, _), count in found.items():
        totals[text] += count
    order = sorted(totals, key=lambda text: (-totals[text], text))
    return tuple(
        DiagnosisCount(text, tuple((stage, found[text, stage]) for stage in record.ladder.stages)) for text in order
    )
