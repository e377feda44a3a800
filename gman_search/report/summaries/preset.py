"""How the reference config did in the search, trained the same way as all others (pure)."""

from dataclasses import dataclass

from gman_search.halving.decide import ranked
from gman_search.halving.preset import PRESET_ID, preset_evaluations
from gman_search.halving.table import latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.summaries.headline import improvement, ladder_winner

__all__ = ["PresetStanding", "preset_standing"]


@dataclass(frozen=True)
class PresetStanding:
    """Config 0 at the highest stage that it and the winner completed: rank `rank` of `of` complete evaluations.

    Where controls took it there, it is counted among them.

    Errors are validation MAE in the data's unit. `gain` is the percent by which the winner is below the preset there;
    both are none where the winner has no value at that stage.
    """

    stage: str
    val_mae: float
    rank: int
    of: int
    is_winner: bool
    winner_id: int | None
    winner_val_mae: float | None
    gain: float | None


def preset_standing(record: StudyRecord) -> PresetStanding | None:
    """Where config 0 stands; none while it has no complete evaluation."""
    preset = {row.key: row for row in preset_evaluations(record.evaluations)}
    others = [row for row in latest_attempts(record.evaluations) if row.key not in preset]
    rows, best = ranked([*others, *preset.values()]), ladder_winner(record)
    found = None
    for stage in record.ladder.stages:
        here = [row for row in rows if row.stage == stage]
        values = {row.config_id: float(row.val_mae or 0.0) for row in here}
        if PRESET_ID not in values:
            continue
        ours = None if best is None else values.get(best.config_id)
        if found is not None and found.winner_val_mae is not None and ours is None:
            continue
        found = PresetStanding(
            stage=stage,
            val_mae=values[PRESET_ID],
            rank=1 + [row.config_id for row in here].index(PRESET_ID),
            of=len(here),
            is_winner=best is not None and best.config_id == PRESET_ID,
            winner_id=None if best is None else best.config_id,
            winner_val_mae=ours,
            gain=None if ours is None else improvement(values[PRESET_ID], ours),
        )
    return found
