"""One row per evaluation: the table from which every decision, figure and summary is derived."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["CONTENDERS", "Evaluation", "State", "contenders", "counted_once", "counts_more", "latest_attempts"]

CONTENDERS = ("reference", "final")
"""Evaluations outside the halving that can win: see `halving.finals`."""


class State(StrEnum):
    """Where an evaluation stands."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"

    @property
    def is_finished(self) -> bool:
        """True once nothing more will happen to the evaluation."""
        return self in (State.COMPLETE, State.PRUNED, State.FAILED)


@dataclass(frozen=True)
class Evaluation:
    """One config trained at one stage.

    `val_mae` is in the unit of the data (mph), `seconds` are wall-clock seconds of training, `epochs` counts the epochs
    trained at this stage and `initial_epoch` those its lineage had before. `control` is "cold", "random" or "preset"
    where the evaluation is a control (see `halving.ablations`), "reference" or "final" where it is outside the halving
    and can win (see `halving.finals`).
    """

    config_id: int
    stage: str
    attempt: int = 1
    parent: str | None = None
    state: State = State.WAITING
    reason: str = ""
    val_mae: float | None = None
    epochs: int = 0
    initial_epoch: int = 0
    seconds: float = 0.0
    seed: int = 0
    params: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    control: str = ""

    @property
    def key(self) -> str:
        """Name of the evaluation, such as `quick/7`; of a control such as `full/7 cold`."""
        name = f"{self.stage}/{self.config_id}"
        return f"{name} {self.control}" if self.control else name


def latest_attempts(evaluations: Iterable[Evaluation], *, controls: bool = False) -> list[Evaluation]:
    """The attempt that counts for each (stage, config): a finished value if there is one, else the newest attempt.

    The rows of a stage come oldest first. `controls` come along only if asked for: nothing that ranks, counts or
    promotes may see them.
    """
    chosen: dict[tuple[str, int, str], Evaluation] = {}
    for row in evaluations:
        if row.control and not controls:
            continue
        key = row.stage, row.config_id, row.control  # what row.key spells out
        best = chosen.get(key)
        # An interrupted attempt is queued again under its own number: of equals the later row counts.
        if best is None or not counts_more(best, row):
            chosen[key] = row
    return list(chosen.values())


def contenders(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """The attempts that count of all evaluations that can win: halving, reference and final trainings."""
    return [row for row in latest_attempts(evaluations, controls=True) if row.control in ("", *CONTENDERS)]


def counts_more(row: Evaluation, other: Evaluation) -> bool:
    """Whether `row`, not `other`, is the attempt that counts; where neither does more, it is the later one."""
    return _weight(row) > _weight(other)


def _weight(row: Evaluation) -> tuple[bool, int]:
    return (row.state in (State.COMPLETE, State.PRUNED), row.attempt)


def counted_once(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """All attempts but those that a later one went on from: the epochs and seconds of that one have theirs in them."""
    rows = list(evaluations)
    gone_on_from = {row.facts.get("resume_from") for row in rows if row.epochs} - {None}
    return [row for row in rows if row.facts.get("folder") not in gone_on_from]
