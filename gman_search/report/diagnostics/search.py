"""Diagnostics of the search: questions a careful reviewer asks of any search (pure)."""

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from gman_search.halving.evaluations import State
from gman_search.halving.stopping import STOPPED
from gman_search.provenance import EvaluationFacts
from gman_search.report.figures import rank_correlation
from gman_search.report.figures.slice import slices
from gman_search.report.formats import error, percent, plural, setting, signed, signed_percent
from gman_search.report.lineages import chains, diagnosis_counts
from gman_search.report.reference_config import reference_standing as reference
from gman_search.report.view import ROLE_NAMES, StudyView, improvement
from gman_search.wording import decimals

__all__ = [
    "Check",
    "beats_reference_config",
    "curves_ended",
    "curves_healthy",
    "failures",
    "larger_stages_paid",
    "late_epoch_std",
    "stages_agree",
    "within_bounds",
]

PASS, WARN, UNKNOWN = "pass", "warn", "unknown"
FAILURE_SHARE, DIVERGED_SHARE = 0.1, 0.25
AGREEMENT = 0.5
CLEAR_PERCENT = 5.0
"""A smaller improvement on the reference config is within the noise of seeds: those of one config of the recorded
curves have a standard deviation of 4 to 6 % in validation MAE (the METR-LA week, benchmarks/searches.md)."""
PAID_PERCENT = 0.1
"""A stage that lowers the best error by less did not pay."""
LEARNED = 0.1
"""Training MAE that fell by at least this share while validation MAE gained nothing is overfit."""
HEALTHY = "healthy"
"""How the one reading of a curve ends that needs no action."""
MAY_BE_CHANCE = f" A difference under {CLEAR_PERCENT:g} % may be chance, as seeds differ by as much: try several."
STD_OF_CHANGE = 0.954
"""Median absolute difference of two draws from a normal distribution, in standard deviations."""


@dataclass(frozen=True)
class Check:
    """A question, "pass", "warn" or "unknown", and the answer in a sentence."""

    question: str
    status: str
    answer: str


def beats_reference_config(view: StudyView) -> Check:
    """Did the search improve on the reference config, trained in the search as all others were?"""
    question, standing = "Is the winner's config better than the reference config, in the search?", view.of(reference)
    if standing is None:
        return Check(question, UNKNOWN, "The reference config (config 0) has no complete evaluation in the search.")
    if standing.is_winner:
        return Check(question, WARN, "The reference config (config 0) won: the search found nothing better.")
    if standing.winner_id is None:
        return Check(question, UNKNOWN, "The winner is not a config of the search.")
    if standing.gain is None:
        return Check(question, UNKNOWN, "The reference config (config 0) and the winner have no stage in common.")
    text = (
        f"At {standing.stage}, the highest stage both reached, config {standing.winner_id} has "
        f"{error(standing.winner_val_mae)} {view.unit} and the reference config (config 0) {error(standing.val_mae)}: "
        f"{signed_percent(-standing.gain)}."
    )
    if 0 < standing.gain < CLEAR_PERCENT:
        text += MAY_BE_CHANCE
    return Check(question, PASS if standing.gain >= CLEAR_PERCENT else WARN, text)


def larger_stages_paid(view: StudyView) -> Check:
    """Was every stage worth its cost beyond the noise of training, or is the small model as good?"""
    question, first = "Did the larger stages pay?", view.stages[0]
    bests = [(stage, view.ranked(stage)[0]) for stage in view.stages if view.ranked(stage)]
    reached = [(stage, float(row.val_mae or 0.0)) for stage, row in bests]
    if len(reached) < 2:
        return Check(question, UNKNOWN, f"No evaluation is complete beyond {first}.")
    values = ", ".join(f"{error(value)} at {stage}" for stage, value in reached)
    total, noise = improvement(reached[0][1], reached[-1][1]), late_epoch_std(view, reached[-1][0])
    text = f"Lowest validation MAE: {values} ({view.unit}), {signed_percent(-total)} in total."
    is_noise = noise is not None and reached[0][1] - reached[-1][1] < 2 * noise
    if noise is not None:
        spread = error(noise, decimals(reached[-1][1]))
        text += f" In late epochs, its standard deviation is {spread}; seeds differ by more."
    if is_noise:
        text += f" The gain is smaller than twice that, so the {first} model may be as good at less cost."
    gains = {here: improvement(low, high) for (_, low), (here, high) in pairwise(reached)}
    idle = [stage for stage, gain in gains.items() if not gain > PAID_PERCENT]
    for stage in idle:
        how = "is worse than" if gains[stage] < -PAID_PERCENT else "hardly improved on"
        text += f" The {stage} stage {how} the one before it: use a longer budget, or fewer stages."
    order, best = [row.config_id for row in view.ranked(first)], view.config_winner
    if best is not None and best.config_id in order:
        text += f" The winner was rank {order.index(best.config_id) + 1} of {len(order)} at {first}."
    return Check(question, WARN if idle or is_noise else PASS, text)


def late_epoch_std(view: StudyView, stage: str) -> float | None:
    """Standard deviation of validation MAE between epochs in the last half of the curves of a stage.

    A robust estimate, from the median change between neighbouring epochs. It is a lower bound of the noise between
    seeds, which a study without repeats does not measure. None with fewer than four such changes.
    """
    changes = []
    for row in view.ranked(stage):
        values = [point.val_mae for point in view.curve(row) if point.epoch > 0]
        late = [value for value in values[len(values) // 2 :] if math.isfinite(value)]
        changes += [abs(after - before) for before, after in pairwise(late)]
    return median(changes) / STD_OF_CHANGE if len(changes) >= 4 else None


def stages_agree(view: StudyView) -> Check:
    """Does an early stage predict the ranks of a later one?"""
    question = "Do the ranks of one stage predict those of the next?"
    measured = [(pair, pair.spearman.value) for pair in view.of(rank_correlation.compute) if pair.spearman is not None]
    if not measured:
        text = f"Fewer than {rank_correlation.MIN_CONFIGS} configs completed two stages, too few for a correlation."
        return Check(question, UNKNOWN, text)
    parts = [f"{signed(value, 2)} from {pair.lower} to {pair.upper} (n = {pair.n})" for pair, value in measured]
    status = PASS if min(value for _, value in measured) >= AGREEMENT else WARN
    return Check(question, status, f"Spearman's rank correlation: {'; '.join(parts)}.")


def within_bounds(view: StudyView) -> Check:
    """Should the space be wider?"""
    question, panels = "Is the winner inside the search space?", view.of(slices)
    if not panels or all(panel.winner_value is None for panel in panels):
        return Check(question, UNKNOWN, "There is no winner, or nothing was searched.")
    touched = [panel for panel in panels if panel.at_bound]
    if not touched:
        return Check(question, PASS, "None of its values lies at an end of its range.")
    names = ", ".join(
        f"{panel.name} = {setting(panel.winner_value)} ({panel.at_bound} end"
        + (", the reference config's value)" if panel.winner_value == panel.dimension.default else ")")
        for panel in touched
    )
    return Check(question, WARN, f"At an end of the range: {names}. A wider range may hold a better value.")


def curves_ended(view: StudyView) -> Check:
    """Was the budget long enough for the configs that reached the last stage?"""
    question, stage = "Did training converge at the last stage?", view.stages[-1]
    last = [segment for chain in view.of(chains) for segment in chain.segments if segment.stage == stage]
    if not last:
        return Check(question, UNKNOWN, f"No learning curve has reached {stage}.")
    falling = sum(segment.still_falling for segment in last)
    stuck = [segment for segment in last if segment.gained is not None and segment.gained <= 0]
    overfit = [fell for each in stuck if (fell := each.train_fell or 0.0) >= LEARNED and not each.still_falling]
    text = f"{falling} of {plural(len(last), 'curve')} at {stage} gained more than 1 % in the last quarter."
    if falling:
        text += " More epochs may lower the error further."
    if stuck:
        text += (
            f" {len(stuck)} of {len(last)} never got below the error before their first step: training gained nothing."
        )
    if overfit:
        text += (
            f" In {len(overfit)} of these, training MAE fell by {percent(100 * median(overfit))} (median), so they "
            "overfit the training days. More data or dropout may help; more epochs will not."
        )
    return Check(question, WARN if 2 * falling > len(last) or 2 * len(stuck) > len(last) else PASS, text)


def curves_healthy(view: StudyView) -> Check:
    """What do the three-stage guide's readings of the learning curves add up to?"""
    question = "Do the learning curves look healthy?"
    judged = [found for row in view.latest if (found := EvaluationFacts.of(row).diagnosis)]
    if not judged:
        return Check(question, UNKNOWN, "No learning curve was long enough to be judged.")
    counts = "; ".join(
        f"{sum(number for _, number in row.by_stage)} × “{row.text}”" for row in view.of(diagnosis_counts)
    )
    troubled = sum(any(not text.endswith(HEALTHY) for text in texts) for texts in judged)
    text = f"Readings of {plural(len(judged), 'curve')}: {counts}."
    return Check(question, WARN if 2 * troubled > len(judged) else PASS, text)


def failures(view: StudyView) -> Check:
    """Did many evaluations fail or diverge? Those that the pruner stopped do not count."""
    question = "Did the evaluations run to their end?"
    finished = [row for row in view.latest if row.state.is_finished]
    if not finished:
        return Check(question, UNKNOWN, "No evaluation has finished.")
    failed = sum(row.state is State.FAILED for row in finished)
    diverged = sum(row.state is State.PRUNED and not row.reason.startswith(STOPPED) for row in finished)
    stopped = sum(row.state is State.PRUNED for row in finished) - diverged
    text = (
        f"{failed} of {plural(len(finished), 'evaluation')} failed ({percent(100 * failed / len(finished))}), "
        f"{diverged} diverged or {'was' if diverged == 1 else 'were'} stopped by a person."
    )
    for row in view.outside:
        if row.state is State.FAILED:
            text += f" The {ROLE_NAMES[row.control]} of config {row.config_id} failed: {row.reason}."
    if stopped:
        text += f" {stopped} {'was' if stopped == 1 else 'were'} stopped by the median pruner."
    if diverged > DIVERGED_SHARE * len(finished):
        text += " Many diverged: lower the largest learning rates of the space."
    troubled = failed > FAILURE_SHARE * len(finished) or diverged > DIVERGED_SHARE * len(finished)
    return Check(question, WARN if troubled else PASS, text)
