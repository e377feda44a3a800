"""The reference config, which every search tries first, and how far it got (pure)."""

from collections.abc import Iterable

from gman_search.halving.evaluations import Evaluation, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import ranked

__all__ = [
    "REFERENCE_CONFIG_CONTROL",
    "REFERENCE_CONFIG_ID",
    "reference_config_evaluation",
    "reference_config_evaluations",
]

REFERENCE_CONFIG_ID = 0
"""Config 0 has the settings of the three-stage guide in every study."""


REFERENCE_CONFIG_CONTROL = "preset"
"""`Evaluation.control` of those that halving would not have made (see `halving.ablations`)."""


def reference_config_evaluations(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """The complete evaluations of config 0, those made as controls among them."""
    rows = latest_attempts(evaluations, controls=True)
    return [
        row
        for row in ranked(rows)
        if row.config_id == REFERENCE_CONFIG_ID and row.control in ("", REFERENCE_CONFIG_CONTROL)
    ]


def reference_config_evaluation(evaluations: Iterable[Evaluation], schedule: HalvingSchedule) -> Evaluation | None:
    """The complete evaluation of config 0 at the highest stage that has one."""
    complete = {row.stage: row for row in reference_config_evaluations(evaluations)}
    return next((complete[stage] for stage in reversed(schedule.stages) if stage in complete), None)
