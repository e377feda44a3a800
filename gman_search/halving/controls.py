"""Controls: evaluations that the ladder would not make, to measure what it cannot see by itself (pure).

- A "cold" control trains a config that reached the top again from random weights, at every stage above the first.
  Beside its grown twin it tells what growth was worth.
- A "random" control promotes a config that was NOT promoted. Agreement between stages is otherwise measured on the best
  of the smaller stage alone, whose ranks agree less than everybody's (restricted range).
- A "preset" control takes the guide's own config on to the top, stage by stage, each from its own smaller model. Beside
  it the winner shows what searching was worth, at one size and one budget.

Controls take no quota, are never promoted and never win.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from gman_search.halving.decide import Done, decide, ranked
from gman_search.halving.ladder import Ladder
from gman_search.halving.preset import PRESET_ID, preset_evaluation
from gman_search.halving.table import Evaluation, latest_attempts

__all__ = ["Control", "controls_due"]


@dataclass(frozen=True)
class Control:
    """Train `config_id` at `stage`: cold, or from its weights at `source`."""

    kind: Literal["cold", "random", "preset"]
    config_id: int
    stage: str
    source: str | None = None


def controls_due(evaluations: Iterable[Evaluation], ladder: Ladder, *, count: int, seed: int) -> list[Control]:
    """The controls of a finished search that are not there yet; none before its ladder is done.

    Args:
        evaluations: the table.
        ladder: stages and quotas.
        count: how many configs are trained cold, and how many are promoted at random from each stage; if any, the
            preset goes on to the top, too.
        seed: of the draw.
    """
    rows = list(evaluations)
    if count == 0 or not isinstance(decide(rows, ladder), Done):
        return []
    there = {(row.control, row.config_id, row.stage) for row in rows if row.control}
    wanted = [*_cold(rows, ladder, count), *_random(rows, ladder, count, seed), *_preset(rows, ladder)]
    return [control for control in wanted if (control.kind, control.config_id, control.stage) not in there]


def _cold(rows: list[Evaluation], ladder: Ladder, count: int) -> list[Control]:
    top = ranked(row for row in latest_attempts(rows) if row.stage == ladder.stages[-1])[:count]
    return [Control("cold", row.config_id, stage) for row in top for stage in ladder.stages[1:]]


def _random(rows: list[Evaluation], ladder: Ladder, count: int, seed: int) -> list[Control]:
    latest, found = latest_attempts(rows), []
    for stage, above in pairwise(ladder.stages):
        promoted = {row.config_id for row in latest if row.stage == above}
        stopped = [row.config_id for row in ranked(row for row in latest if row.stage == stage)]
        drawn = sorted(set(stopped) - promoted - {PRESET_ID}, key=lambda config: _lot(seed, stage, config))
        found += [Control("random", config, above, stage) for config in drawn[:count]]
    return found


def _preset(rows: list[Evaluation], ladder: Ladder) -> list[Control]:
    """The preset's next stage; the one after it is due when that is complete."""
    furthest = preset_evaluation(rows, ladder)
    if furthest is None or furthest.stage == ladder.stages[-1]:
        return []
    above = ladder.stages[ladder.stages.index(furthest.stage) + 1]
    return [Control("preset", PRESET_ID, above, furthest.stage)]


def _lot(seed: int, stage: str, config_id: int) -> str:
    """A lot that a config draws once for all: the order does not depend on who else is there."""
    return hashlib.sha256(f"{seed} {stage} {config_id}".encode()).hexdigest()
