"""Reading this study: questions a careful reviewer asks of any search, answered from the record (pure)."""

from dataclasses import dataclass

from gman_search.halving.decide import ranked
from gman_search.halving.table import Evaluation, State, latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.agreement import Agreement
from gman_search.report.curve_summary import CurveSummary
from gman_search.report.forecast_summary import Scoreboard
from gman_search.report.formats import error, percent, plural, setting, signed, signed_percent
from gman_search.report.headline import finite, improvement, winner
from gman_search.report.slice_summary import SliceSummary

__all__ = [
    "Check",
    "beats_baselines",
    "beats_preset",
    "curves_ended",
    "failures",
    "holds_on_test",
    "larger_stages_paid",
    "stages_agree",
    "within_bounds",
]

PASS, WARN, UNKNOWN = "pass", "warn", "unknown"
FAILURE_SHARE = 0.1
AGREEMENT = 0.5
GAP_PERCENT = 10.0
JUDGED_MINUTES = (30, 60)
PRESET_ID = 0
"""Config 0 is the guide's own preset in every study."""


@dataclass(frozen=True)
class Check:
    """A question, "pass", "warn" or "unknown", and the answer in a sentence."""

    question: str
    status: str
    answer: str


def beats_preset(record: StudyRecord) -> Check:
    """Did the search improve on the guide's own config?"""
    question, best = "Is the winner better than the guide's preset?", winner(record)
    values = _values(record)
    if best is None:
        return Check(question, UNKNOWN, "No evaluation has finished.")
    if best.config_id == PRESET_ID:
        return Check(question, WARN, "The preset itself (config 0) won: the search found nothing better.")
    for stage in reversed(record.ladder.stages):
        ours, preset = values.get((stage, best.config_id)), values.get((stage, PRESET_ID))
        if ours is not None and preset is not None:
            text = (
                f"At {stage}, the highest stage both reached, config {best.config_id} has {error(ours)} {record.unit} "
                f"and the preset (config 0) {error(preset)}: {signed_percent(-improvement(preset, ours))}."
            )
            return Check(question, PASS if ours < preset else WARN, text)
    return Check(question, UNKNOWN, "The preset (config 0) has no finished evaluation to compare with.")


def beats_baselines(board: Scoreboard | None) -> Check:
    """Is the forecast better than what needs no training, where forecasting is hard?"""
    question = "Does the forecast beat the baselines at 30 and 60 minutes?"
    if board is None or len(board.forecasters) < 2:
        return Check(question, UNKNOWN, "There is no test result with baselines.")
    rows = [row for row in board.rows if row.minutes in JUDGED_MINUTES] or list(board.rows[-1:])
    parts, beaten = [], True
    for row in rows:
        ours, others = (
            row.scores[0],
            [(scores.mae, name) for scores, name in zip(row.scores[1:], board.forecasters[1:], strict=True) if scores],
        )
        if ours is None or not others:
            continue
        strongest, name = min(others)
        beaten = beaten and ours.mae < strongest
        parts.append(
            f"{row.minutes} min: {error(ours.mae)} against {error(strongest)} {board.unit} of the strongest ({name})"
        )
    return Check(question, PASS if beaten else WARN, "; ".join(parts) + ".")


def larger_stages_paid(record: StudyRecord) -> Check:
    """Was the first stage alone enough?"""
    question, stages = "Did the larger stages pay beyond the first?", record.ladder.stages
    rows = finite(ranked(latest_attempts(record.evaluations)))
    first = [row for row in rows if row.stage == stages[0]]
    best = winner(record)
    if best is None or not first or best.stage == stages[0]:
        return Check(question, UNKNOWN, f"No evaluation has finished beyond {stages[0]}.")
    gain = improvement(float(first[0].val_mae or 0), float(best.val_mae or 0))
    text = (
        f"The best validation MAE fell from {error(first[0].val_mae)} at {stages[0]} to {error(best.val_mae)} "
        f"{record.unit} at {best.stage} ({signed_percent(-gain)})."
    )
    if first[0].config_id == best.config_id:
        text += f" The winner already led at {stages[0]}: the later stages trained it further but did not reorder."
    else:
        place = next((n for n, row in enumerate(first, start=1) if row.config_id == best.config_id), None)
        text += f" The winner was rank {place} of {len(first)} at {stages[0]}, so the later stages also reordered."
    return Check(question, PASS if gain > 0 else WARN, text)


def stages_agree(pairs: tuple[Agreement, ...]) -> Check:
    """Can an early stage be trusted to sort configs?"""
    question = "Do the stages rank configs alike?"
    measured = [pair for pair in pairs if pair.spearman is not None]
    if not measured:
        return Check(question, UNKNOWN, "Fewer than 5 configs completed two stages, too few to measure agreement.")
    parts = [
        f"from {pair.lower} to {pair.upper} Spearman {signed(pair.spearman.value, 2)} over {pair.n} configs"
        for pair in measured
        if pair.spearman is not None
    ]
    low = min(pair.spearman.value for pair in measured if pair.spearman is not None)
    return Check(question, PASS if low >= AGREEMENT else WARN, f"Rank correlation {'; '.join(parts)}.")


def within_bounds(slices: SliceSummary) -> Check:
    """Should the space have been wider?"""
    question = "Is the winner inside the search space?"
    touched = [panel for panel in slices.panels if panel.at_bound]
    if not slices.panels or all(panel.winner_value is None for panel in slices.panels):
        return Check(question, UNKNOWN, "There is no winner, or nothing was searched.")
    if not touched:
        return Check(question, PASS, "None of its values lies at an end of its range.")
    names = ", ".join(f"{panel.name} = {setting(panel.winner_value)} ({panel.at_bound} end)" for panel in touched)
    return Check(question, WARN, f"At an end of the range: {names}. A wider range may hold something better.")


def curves_ended(curves: CurveSummary) -> Check:
    """Was the budget long enough for the configs that reached the top?"""
    question = "Had training ended at the last stage?"
    last = [
        segment.still_falling
        for chain in curves.chains
        for segment in chain.segments
        if segment.stage == curves.stages[-1]
    ]
    if not last:
        return Check(question, UNKNOWN, f"No learning curve has reached {curves.stages[-1]}.")
    text = (
        f"{sum(last)} of {plural(len(last), 'curve')} at {curves.stages[-1]} gained more than 1 % in the last quarter."
    )
    advice = " More epochs would lower the error further." if any(last) else ""
    return Check(question, WARN if sum(last) * 2 > len(last) else PASS, text + advice)


def failures(record: StudyRecord) -> Check:
    """Did crashes or divergence eat the search?"""
    question, rows = "Did the evaluations run to their end?", latest_attempts(record.evaluations)
    finished = [row for row in rows if row.state.is_finished]
    if not finished:
        return Check(question, UNKNOWN, "No evaluation has finished.")
    failed = sum(row.state is State.FAILED for row in finished)
    pruned = sum(row.state is State.PRUNED for row in finished)
    text = (
        f"{failed} of {plural(len(finished), 'evaluation')} failed ({percent(100 * failed / len(finished))}), {pruned} "
    )
    text += f"{'was' if pruned == 1 else 'were'} stopped early."
    return Check(question, WARN if failed > FAILURE_SHARE * len(finished) else PASS, text)


def holds_on_test(record: StudyRecord) -> Check:
    """Does the validation error hold on days the search never saw?"""
    question, best, test = "Does the validation error hold on the test part?", winner(record), record.test
    if best is None or best.val_mae is None or test is None:
        return Check(question, UNKNOWN, "The winner has not been tested.")
    gap = -improvement(best.val_mae, test.mean.mae)
    text = (
        f"Test {error(test.mean.mae)} against validation {error(best.val_mae)} {record.unit} ({signed_percent(gap)})."
    )
    return Check(question, WARN if gap > GAP_PERCENT else PASS, text)


def _values(record: StudyRecord) -> dict[tuple[str, int], float]:
    rows: list[Evaluation] = finite(ranked(latest_attempts(record.evaluations)))
    return {(row.stage, row.config_id): float(row.val_mae or 0.0) for row in rows}
