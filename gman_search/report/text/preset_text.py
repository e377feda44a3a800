"""The reference config in the search compared with the winner, in words (pure)."""

from gman_search.report.summaries.preset import PresetStanding
from gman_search.report.summaries.versus import Versus
from gman_search.report.text.formats import error, percent, signed_percent

__all__ = ["preset_on_test", "preset_on_validation"]


def preset_on_validation(standing: PresetStanding, unit: str) -> str:
    """Where the preset stood while configs were chosen."""
    text = (
        f"On the validation part, where configs are chosen, the reference config (config 0) is rank "
        f"{standing.rank} of {standing.of} in the search at {standing.stage} with {error(standing.val_mae)} {unit}"
    )
    if standing.is_winner:
        return text + ": it won."
    if standing.gain is None or standing.winner_val_mae is None:
        return text + "."
    return text + f", the winner's config {error(standing.winner_val_mae)} there ({signed_percent(-standing.gain)})."


def preset_on_test(versus: Versus, standing: PresetStanding) -> str:
    """What may be compared with what on the test part."""
    if standing.is_winner:
        return ""
    if versus.preset_stage is None:
        return "It has no test error: its weights were not kept."
    text = "It was trained the same way as every config and met the test part after the winner was fixed."
    if versus.is_same_stage:
        return text
    own = versus.rows[0].stage
    text += f" It got as far as {versus.preset_stage}, so part of the winner's lead is the larger model of {own}"
    if versus.preset_gain is not None:
        side = "below" if versus.preset_gain >= 0 else "above"
        gain = percent(abs(versus.preset_gain))
        text += f": of two models of one size the winner's config is {gain} {side} the reference"
    return text + f". A run with --controls 1 takes the reference config on to {own}."
