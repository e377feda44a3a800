"""How the reference config did in the search, trained the same way as all others (pure)."""

from dataclasses import dataclass

from gman_search.halving.promotion import ranked
from gman_search.halving.reference_config import REFERENCE_CONFIG_ID, reference_config_evaluations
from gman_search.report.baseline_comparison import BaselineComparison
from gman_search.report.formats import error, percent, signed_percent
from gman_search.report.view import StudyView, improvement

__all__ = ["ReferenceStanding", "reference_on_test", "reference_on_validation", "reference_standing"]


@dataclass(frozen=True)
class ReferenceStanding:
    """Config 0 at the highest stage that it and the winner completed: rank `rank` of `of` complete evaluations.

    It counts among them where controls took it there. Errors are validation MAE in the data's unit. `gain` is the
    percent by which the winner is below the reference config there; both are None where the winner has no value at that
    stage.
    """

    stage: str
    val_mae: float
    rank: int
    of: int
    is_winner: bool
    winner_id: int | None
    winner_val_mae: float | None
    gain: float | None


def reference_standing(view: StudyView) -> ReferenceStanding | None:
    """Where config 0 stands; None while it has no complete evaluation."""
    own = {row.key: row for row in reference_config_evaluations(view.record.evaluations)}
    others = [row for row in view.latest if row.key not in own]
    rows, best = ranked([*others, *own.values()]), view.config_winner
    found = None
    for stage in view.stages:
        here = [row for row in rows if row.stage == stage]
        values = {row.config_id: float(row.val_mae or 0.0) for row in here}
        if REFERENCE_CONFIG_ID not in values:
            continue
        ours = None if best is None else values.get(best.config_id)
        if found is not None and found.winner_val_mae is not None and ours is None:
            continue
        found = ReferenceStanding(
            stage=stage,
            val_mae=values[REFERENCE_CONFIG_ID],
            rank=1 + [row.config_id for row in here].index(REFERENCE_CONFIG_ID),
            of=len(here),
            is_winner=best is not None and best.config_id == REFERENCE_CONFIG_ID,
            winner_id=None if best is None else best.config_id,
            winner_val_mae=ours,
            gain=None if ours is None else improvement(values[REFERENCE_CONFIG_ID], ours),
        )
    return found


def reference_on_validation(standing: ReferenceStanding, unit: str) -> str:
    """The rank of the reference config when configs were chosen."""
    text = (
        f"On the validation part, where configs are chosen, the reference config (config 0) is rank "
        f"{standing.rank} of {standing.of} in the search at {standing.stage} with {error(standing.val_mae)} {unit}"
    )
    if standing.is_winner:
        return text + ": it won."
    if standing.gain is None or standing.winner_val_mae is None:
        return text + "."
    return text + f", the winner's config {error(standing.winner_val_mae)} there ({signed_percent(-standing.gain)})."


def reference_on_test(comparison: BaselineComparison, standing: ReferenceStanding) -> str:
    """What can be compared on the test part."""
    if standing.is_winner:
        return ""
    if comparison.reference_stage is None:
        return "It has no test error: its weights were not kept."
    text = "It was trained the same way as every config and was tested after the winner was chosen."
    if comparison.is_same_stage:
        return text
    own = comparison.rows[0].stage
    text += (
        f" It reached {comparison.reference_stage}, so part of the winner's lead comes from the larger model of {own}"
    )
    if comparison.reference_gain is not None:
        side = "below" if comparison.reference_gain >= 0 else "above"
        gain = percent(abs(comparison.reference_gain))
        text += f": between models of the same size, the winner's config is {gain} {side} the reference"
    return text + f". A run with --control-runs 1 trains the reference config at {own}, too."
