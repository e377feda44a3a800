"""Ablations: evaluations that halving would not make, to measure what it cannot show by itself (pure).

- A "cold" run trains a config that reached the top again from random weights, at every stage above the first. Compared
  with the grown model it shows what growth was worth.
- A "random" run promotes a config that was NOT promoted. Otherwise the rank correlation between stages is measured on
  the best of the smaller stage alone, whose ranks agree less than those of all configs (restricted range).
- A "preset" run takes the reference config to the top, stage by stage, each from its own smaller model. Compared with
  it the winner shows what the search was worth, at one size and one budget.

Ablations take no place in a rung, are never promoted and never win.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from gman_search.halving.evaluations import Evaluation, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import Done, decide, ranked
from gman_search.halving.reference_config import REFERENCE_CONFIG_ID, reference_config_evaluation

__all__ = ["Ablation", "ablations_due"]


@dataclass(frozen=True)
class Ablation:
    """Train `config_id` at `stage`: cold, or from its weights at `source`."""

    kind: Literal["cold", "random", "preset"]
    config_id: int
    stage: str
    source: str | None = None


def ablations_due(
    evaluations: Iterable[Evaluation], schedule: HalvingSchedule, *, count: int, seed: int
) -> list[Ablation]:
    """The ablations of a finished search that are not there yet; none before its halving is done.

    Args:
        evaluations: the table.
        schedule: stages and rung sizes.
        count: how many configs are trained cold, and how many are promoted at random from each stage; if any, the
            reference config goes on to the top, too.
        seed: of the draw.
    """
    rows = list(evaluations)
    if count == 0 or not isinstance(decide(rows, schedule), Done):
        return []
    there = {(row.control, row.config_id, row.stage) for row in rows if row.control}
    wanted = [*_cold(rows, schedule, count), *_random(rows, schedule, count, seed), *_reference_config(rows, schedule)]
    return [control for control in wanted if (control.kind, control.config_id, control.stage) not in there]


def _cold(rows: list[Evaluation], schedule: HalvingSchedule, count: int) -> list[Ablation]:
    top = ranked(row for row in latest_attempts(rows) if row.stage == schedule.stages[-1])[:count]
    return [Ablation("cold", row.config_id, stage) for row in top for stage in schedule.stages[1:]]


def _random(rows: list[Evaluation], schedule: HalvingSchedule, count: int, seed: int) -> list[Ablation]:
    latest, found = latest_attempts(rows), []
    for stage, above in pairwise(schedule.stages):
        promoted = {row.config_id for row in latest if row.stage == above}
        stopped = [row.config_id for row in ranked(row for row in latest if row.stage == stage)]
        drawn = sorted(set(stopped) - promoted - {REFERENCE_CONFIG_ID}, key=lambda config: _lot(seed, stage, config))
        found += [Ablation("random", config, above, stage) for config in drawn[:count]]
    return found


def _reference_config(rows: list[Evaluation], schedule: HalvingSchedule) -> list[Ablation]:
    """The next stage of the reference config; the one after it is due when that is complete."""
    furthest = reference_config_evaluation(rows, schedule)
    if furthest is None or furthest.stage == schedule.stages[-1]:
        return []
    above = schedule.stages[schedule.stages.index(furthest.stage) + 1]
    return [Ablation("preset", REFERENCE_CONFIG_ID, above, furthest.stage)]


def _lot(seed: int, stage: str, config_id: int) -> str:
    """A hash that orders configs at random; it does not depend on which others exist."""
    return hashlib.sha256(f"{seed} {stage} {config_id}".encode()).hexdigest()
