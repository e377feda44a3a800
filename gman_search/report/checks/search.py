"""Reading this study: questions a careful reviewer asks of any search, answered from the record (pure)."""

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from gman_search.halving.decide import ranked
from gman_search.halving.stopping import STOPPED
from gman_search.halving.table import State, latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.summaries.agreement import Agreement
from gman_search.report.summaries.curves import CurveSummary
from gman_search.report.summaries.headline import improvement, ladder_winner
from gman_search.report.summaries.ladder import DiagnosisCount
from gman_search.report.summaries.outside import ROLE_NAMES, outside_rows
from gman_search.report.summaries.preset import PresetStanding
from gman_search.report.summaries.slices import SliceSummary
from gman_search.report.text.formats import error, percent, plural, setting, signed, signed_percent

__all__ = [
    "PASS",
    "UNKNOWN",
    "WARN",
    "Check",
    "beats_preset",
    "curves_ended",
    "curves_healthy",
    "failures",
    "larger_stages_paid",
    "stages_agree",
    "within_bounds",
    "wobble",
]

PASS, WARN, UNKNOWN = "pass", "warn", "unknown"
FAILURE_SHARE, DIVERGED_SHARE = 0.1, 0.25
AGREEMENT = 0.5
CLEAR_PERCENT = 5.0
"""A smaller improvement on the preset is within what another seed changes: seeds of one config of the recorded curves
have a standard deviation of 4 to 6 % in validation MAE (the METR-LA week, benchmarks/searches.md)."""
PAID_PERCENT = 0.1
"""A stage that lowers the best error by less did not pay."""
LEARNED = 0.1
"""Training MAE that fell by this share while validation MAE gained nothing was learned by heart."""
HEALTHY = "healthy"
"""How the one reading ends that asks for nothing."""


@dataclass(frozen=True)
class Check:
    """A question, "pass", "warn" or "unknown", and the answer in a sentence."""

    question: str
    status: str
    answer: str


def beats_preset(preset: PresetStanding | None, unit: str) -> Check:
    """Did the search improve on the reference config, trained in the search as all others were?"""
    question = "Is the winner's config better than the reference config, in the search?"
    if preset is None:
        return Check(question, UNKNOWN, "The reference config (config 0) has no finished evaluation in the search.")
    if preset.is_winner:
        return Check(question, WARN, "The reference config (config 0) won: the search found nothing better.")
    if preset.winner_id is None:
        return Check(question, UNKNOWN, "The winner is no config of the search.")
    if preset.gain is None:
        return Check(question, UNKNOWN, "The reference config (config 0) and the winner have no stage in common.")
    text = (
        f"At {preset.stage}, the highest stage both reached, config {preset.winner_id} has "
        f"{error(preset.winner_val_mae)} {unit} and the reference config (config 0) {error(preset.val_mae)}: "
        f"{signed_percent(-preset.gain)}."
    )
    if 0 < preset.gain < CLEAR_PERCENT:
        text += f" A difference under {CLEAR_PERCENT:g} % may be chance, as another seed changes more: try several."
    return Check(question, PASS if preset.gain >= CLEAR_PERCENT else WARN, text)


def larger_stages_paid(record: StudyRecord) -> Check:
    """Was every stage worth its cost beyond the noise of training, or would the small model serve as well?"""
    question, stages = "Did the larger stages pay beyond the first?", record.ladder.stages
    rows = ranked(latest_attempts(record.evaluations))
    bests = [(stage, next((row for row in rows if row.stage == stage), None)) for stage in stages]
    reached = [(stage, float(row.val_mae or 0.0)) for stage, row in bests if row is not None]
    best = ladder_winner(record)
    if len(reached) < 2:
        return Check(question, UNKNOWN, f"No evaluation has finished beyond {stages[0]}.")
    ladder = ", ".join(f"{error(value)} at {stage}" for stage, value in reached)
    total = improvement(reached[0][1], reached[-1][1])
    text = f"Best validation MAE: {ladder} ({record.unit}), {signed_percent(-total)} in all."
    noise = wobble(record, reached[-1][0])
    drowned = noise is not None and reached[0][1] - reached[-1][1] < 2 * noise
    if noise is not None:
        text += f" From epoch to epoch the late curves move by {error(noise)}, and another seed moves them more."
    if drowned:
        text += f" The gain drowns in that: the {stages[0]} model would serve as well, at less cost."
    gains = {here: improvement(low, high) for (_, low), (here, high) in pairwise(reached)}
    idle = [stage for stage, gain in gains.items() if not gain > PAID_PERCENT]
    for stage in idle:
        how = "is worse than" if gains[stage] < -PAID_PERCENT else "hardly improved on"
        text += f" The {stage} stage {how} the one before it: a longer budget, or fewer stages."
    first = [row.config_id for row in rows if row.stage == stages[0]]
    if best is not None and best.config_id in first:
        rank = first.index(best.config_id) + 1
        text += f" The winner was rank {rank} of {len(first)} at {stages[0]}."
    return Check(question, WARN if idle or drowned else PASS, text)


def wobble(record: StudyRecord, stage: str) -> float | None:
    """Median change of validation MAE between neighbouring epochs in the last half of the curves of a stage.

    A lower bound of the noise between seeds, which a study without repeats cannot know. None with fewer than four
    such changes.
    """
    moves = []
    for row in ranked(row for row in latest_attempts(record.evaluations) if row.stage == stage):
        values = [point.val_mae for point in record.curves.get(row.key, ()) if point.epoch > 0]
        late = [value for value in values[len(values) // 2 :] if math.isfinite(value)]
        moves += [abs(after - before) for before, after in pairwise(late)]
    return median(moves) if len(moves) >= 4 else None


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
    names = ", ".join(
        f"{panel.name} = {setting(panel.winner_value)} ({panel.at_bound} end"
        + (", the reference's value)" if panel.winner_value == panel.default else ")")
        for panel in touched
    )
    return Check(question, WARN, f"At an end of the range: {names}. A wider range may hold something better.")


def curves_ended(curves: CurveSummary) -> Check:
    """Was the budget long enough for the configs that reached the top?"""
    question, stage = "Had training ended at the last stage?", curves.stages[-1]
    last = [segment for chain in curves.chains for segment in chain.segments if segment.stage == stage]
    if not last:
        return Check(question, UNKNOWN, f"No learning curve has reached {stage}.")
    falling = sum(segment.still_falling for segment in last)
    stuck = [segment for segment in last if segment.gained is not None and segment.gained <= 0]
    idle = len(stuck)
    by_heart = [fell for each in stuck if (fell := each.train_fell or 0.0) >= LEARNED and not each.still_falling]
    text = f"{falling} of {plural(len(last), 'curve')} at {stage} gained more than 1 % in the last quarter."
    if falling:
        text += " More epochs may lower the error further."
    if idle:
        text += f" {idle} of {len(last)} never got below the error before their first step: nothing was gained there."
    if by_heart:
        text += (
            f" In {len(by_heart)} of these training error fell by {percent(100 * median(by_heart))} (median): only the "
            "training days were learned there. More of them or dropout may help, more epochs hardly."
        )
    return Check(question, WARN if 2 * falling > len(last) or 2 * idle > len(last) else PASS, text)


def curves_healthy(diagnosis: tuple[DiagnosisCount, ...], record: StudyRecord) -> Check:
    """What do the guide's readings of the learning curves add up to?"""
    question = "Do the learning curves look healthy?"
    judged = [set(row.facts["diagnosis"]) for row in latest_attempts(record.evaluations) if row.facts.get("diagnosis")]
    if not judged:
        return Check(question, UNKNOWN, "No learning curve was long enough to be read.")
    counts = "; ".join(f"{sum(number for _, number in row.by_stage)} × “{row.text}”" for row in diagnosis)
    troubled = sum(any(not text.endswith(HEALTHY) for text in texts) for texts in judged)
    text = f"Of {plural(len(judged), 'curve')} with a reading: {counts}."
    return Check(question, WARN if 2 * troubled > len(judged) else PASS, text)


def failures(record: StudyRecord) -> Check:
    """Did crashes or divergence eat the search? Who was stopped by the median rule did not fall ill."""
    question, rows = "Did the evaluations run to their end?", latest_attempts(record.evaluations)
    finished = [row for row in rows if row.state.is_finished]
    if not finished:
        return Check(question, UNKNOWN, "No evaluation has finished.")
    failed = sum(row.state is State.FAILED for row in finished)
    diverged = sum(row.state is State.PRUNED and not row.reason.startswith(STOPPED) for row in finished)
    stopped = sum(row.state is State.PRUNED for row in finished) - diverged
    text = (
        f"{failed} of {plural(len(finished), 'evaluation')} failed ({percent(100 * failed / len(finished))}), "
        f"{diverged} diverged or {'was' if diverged == 1 else 'were'} ended by hand."
    )
    for row in outside_rows(record):
        if row.state is State.FAILED:
            text += f" The {ROLE_NAMES[row.control]} of config {row.config_id} failed: {row.reason}."
    if stopped:
        text += f" {stopped} {'was' if stopped == 1 else 'were'} stopped by the median of the others, as was asked for."
    if diverged > DIVERGED_SHARE * len(finished):
        text += " So many diverged that part of the space is wasted: lower its largest learning rates."
    unwell = failed > FAILURE_SHARE * len(finished) or diverged > DIVERGED_SHARE * len(finished)
    return Check(question, WARN if unwell else PASS, text)
