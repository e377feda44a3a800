"""The guide's own config, which every search tries first, and how far it got (pure)."""

from collections.abc import Iterable

from gman_search.halving.decide import ranked
from gman_search.halving.ladder import Ladder
from gman_search.halving.table import Evaluation, latest_attempts

__all__ = ["PRESET_CONTROL", "PRESET_ID", "preset_evaluation", "preset_evaluations"]

PRESET_ID = 0
"""Config 0 is the guide's own preset in every study."""


PRESET_CONTROL = "preset"
"""What its evaluations are called that the ladder would not have made (see `halving.controls`)."""


def preset_evaluations(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """The complete evaluations of config 0, those made as controls among them."""
    rows = latest_attempts(evaluations, controls=True)
    return [row for row in ranked(rows) if row.config_id == PRESET_ID and row.control in ("", PRESET_CONTROL)]


def preset_evaluation(evaluations: Iterable[Evaluation], ladder: Ladder) -> Evaluation | None:
    """The complete evaluation of config 0 at the highest stage that has one."""
    complete = {row.stage: row for row in preset_evaluations(evaluations)}
    return next((complete[stage] for stage in reversed(ladder.stages) if stage in complete), None)
