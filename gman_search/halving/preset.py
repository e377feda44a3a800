"""The guide's own config, which every search tries first, and how far it got (pure)."""

from collections.abc import Iterable

from gman_search.halving.decide import ranked
from gman_search.halving.ladder import Ladder
from gman_search.halving.table import Evaluation, latest_attempts

__all__ = ["PRESET_ID", "preset_evaluation"]

PRESET_ID = 0
"""Config 0 is the guide's own preset in every study."""


def preset_evaluation(evaluations: Iterable[Evaluation], ladder: Ladder) -> Evaluation | None:
    """The complete evaluation of config 0 at the highest stage that has one."""
    complete = {row.stage: row for row in ranked(latest_attempts(evaluations)) if row.config_id == PRESET_ID}
    return next((complete[stage] for stage in reversed(ladder.stages) if stage in complete), None)
