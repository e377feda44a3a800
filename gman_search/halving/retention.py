"""Whose weights can still be needed? A pure function of the table and the schedule, like every decision.

A config is promoted only while fewer than the size of the next rung are ahead of it. Once so many finished better, it
stops for good, and nothing will be grown from its weights. The reference config always
stays at its highest stage: the winner is compared with it.
"""

from collections.abc import Iterable
from typing import Literal

from gman_search.halving.evaluations import CONTENDERS, Evaluation, latest_attempts
from gman_search.halving.finals_due import best_of_configs
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import best_evaluation
from gman_search.halving.reference_config import reference_config_evaluation
from gman_search.halving.rungs import Rungs

__all__ = ["Keep", "weights_to_keep"]

Keep = Literal["all", "promoted", "winner"]


def weights_to_keep(
    evaluations: Iterable[Evaluation], schedule: HalvingSchedule, keep: Keep, *, controls: bool = False, finals: int = 0
) -> set[str]:
    """Keys of the evaluations whose weights must stay.

    Args:
        evaluations: the table.
        schedule: stages and rung sizes.
        keep: "all"; "promoted": what was promoted, may be, or stands at the last stage; "winner": what may be
            promoted, what is under way with its ancestors, and the best evaluation so far with its own.
            The highest evaluation of the reference config stays with its own, too.
        controls: whether controls are still to be made; any config may be drawn for one.
        finals: configs that are trained on when the schedule is done. Their best evaluations stay, and so do final
            trainings and the reference: an ensemble is made of them.
    """
    rows = list(evaluations)
    if keep == "all" or controls:
        return {row.key for row in rows}
    latest = latest_attempts(rows, controls=True)
    parents = {row.key: row.parent for row in latest}
    rungs = Rungs(schedule.stages, (row for row in latest if not row.control))
    kept = {row.key for row in latest if not row.state.is_finished}
    for rung, stage in enumerate(schedule.stages[:-1]):
        places = schedule.rung_sizes()[rung + 1]
        promoted = rungs[schedule.stages[rung + 1]].rows.keys()
        ahead = [config_id for _, config_id in rungs[stage].order[:places]]
        if len(promoted) < places:  # with every place taken nobody else can follow
            kept |= {f"{stage}/{config_id}" for config_id in ahead}
        if keep == "promoted":
            kept |= {f"{stage}/{config_id}" for config_id in promoted}
    if keep == "promoted":
        kept |= {row.key for row in latest if row.stage == schedule.stages[-1]}
    kept |= {row.key for row in latest if row.control in CONTENDERS}
    kept |= {row.key for row in best_of_configs(rows)[:finals]}
    tested = (best_evaluation(rows, schedule), reference_config_evaluation(rows, schedule))
    kept |= {row.key for row in tested if row is not None}
    for key in list(kept):
        ancestor = parents.get(key)
        while ancestor is not None and ancestor not in kept:
            kept.add(ancestor)
            ancestor = parents.get(ancestor)
    return kept
