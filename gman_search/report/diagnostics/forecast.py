"""Diagnostics of the data and of the delivered forecast (pure)."""

import math

from gman_search.record import Scores
from gman_search.report.baseline_comparison import Forecaster, defeats, forecasters, reference_row
from gman_search.report.diagnostics.search import CLEAR_PERCENT, MAY_BE_CHANCE, PASS, UNKNOWN, WARN, Check
from gman_search.report.figures import interval_coverage
from gman_search.report.figures.ensemble_weights import NOT_CHECKED
from gman_search.report.formats import duration, error, percent, plural, signed_percent
from gman_search.report.headline import cost
from gman_search.report.verdict import defeat_sentences
from gman_search.report.view import StudyView, improvement

__all__ = [
    "beats_baselines",
    "data_is_sound",
    "ensemble_pays",
    "holds_on_test",
    "intervals_hold",
    "search_was_worth_it",
]

GAP_PERCENT = 10.0
"""A test error that rises this much more than persistence's, from the validation to the test part, needs attention."""
JUDGED_PERCENT = 90
SHORT_POINTS, SHORT_POINTS_SLOW = 3.0, 10.0
"""Intervals that hold this many percentage points less often than they promise need attention; in slow traffic, too."""


def beats_baselines(view: StudyView, role: str = "winner") -> Check:
    """Is the forecast of the "ensemble" or the "winner" better than every baseline at every step and on the mean?"""
    question, test = f"Does the {role} beat every baseline at every step?", view.test
    known = () if test is None else forecasters(test)
    ours = next((one for one in known if one.role == role), None)
    baselines = [one for one in known if one.role == "baseline" and _comparable(ours, one)]
    if ours is None or not baselines:
        return Check(question, UNKNOWN, "There is no test result with baselines.")
    lost = [one for one in defeats(test, view.step_minutes) if one.loser == role and one.role == "baseline"]
    if lost:
        return Check(question, WARN, " ".join(defeat_sentences(lost, view.unit)))
    strongest = min(baselines, key=lambda one: one.mean.mae if _is_known(one.mean) else math.inf)
    if not ours.mean.mae < strongest.mean.mae:
        return Check(
            question, WARN, f"It is equal to {strongest.name}, {error(ours.mean.mae)} {view.unit} on the mean."
        )
    compared = sum(step in strongest.steps and _is_known(strongest.steps[step]) for step in ours.steps)
    text = (
        f"At each of {plural(compared, 'step')} and on their mean ({error(ours.mean.mae)} against "
        f"{error(strongest.mean.mae)} {view.unit} of the strongest, {strongest.name})."
    )
    return Check(question, PASS, text)


def _comparable(ours: Forecaster | None, other: Forecaster) -> bool:
    """Whether both have a score at some step."""
    return ours is not None and any(
        step in other.steps and _is_known(other.steps[step]) and _is_known(scores)
        for step, scores in ours.steps.items()
    )


def holds_on_test(view: StudyView) -> Check:
    """Is the error on days that the search never saw close to the validation error?"""
    question, best, test = "Does the validation error hold on the test part?", view.winner, view.winner_test
    if best is None or best.val_mae is None or test is None or not _is_known(test.mean):
        return Check(question, UNKNOWN, "The winner has not been tested.")
    gap = -improvement(best.val_mae, test.mean.mae)
    text = f"Test {error(test.mean.mae)} against validation {error(best.val_mae)} {view.unit} ({signed_percent(gap)})."
    before, after, harder = view.provenance.persistence_val, view.provenance.persistence_test, 0.0
    if before is not None and after is not None:
        harder = -improvement(before, after)
        text += f" Persistence, which learns nothing, changes by {signed_percent(harder)}, because the days differ."
    return Check(question, WARN if gap > GAP_PERCENT + max(0.0, harder) else PASS, text)


def intervals_hold(view: StudyView) -> Check:
    """Do prediction intervals hold as often as they promise on days they were not made from?"""
    question, found = "Do the prediction intervals hold on the test part?", view.of(interval_coverage.compute)
    if found is None:
        return Check(question, UNKNOWN, "No prediction intervals were tested.")
    row = next((row for row in found.rows if row.percent == JUDGED_PERCENT), found.rows[-1])
    text = (
        f"Intervals of {row.percent}\N{NO-BREAK SPACE}% held {percent(row.held)} of the readings, "
        f"{percent(row.slow)} where the forecast was slow and {percent(row.lowest_sensor)} at the worst sensor."
    )
    short = row.short > SHORT_POINTS or row.percent - row.slow > SHORT_POINTS_SLOW
    return Check(question, WARN if short else PASS, text)


def _is_known(scores: Scores | None) -> bool:
    return scores is not None and math.isfinite(scores.mae)


def ensemble_pays(view: StudyView) -> Check:
    """Is the ensemble better than its best member on validation windows that its weights were not chosen on?"""
    question, test = "Does the ensemble pay?", view.test
    if test is None or test.ensemble is None:
        return Check(question, UNKNOWN, "There is no ensemble.")
    check = test.ensemble.check
    if not check.was_done:
        return Check(question, UNKNOWN, f"{NOT_CHECKED}, so the best single forecaster is delivered alone.")
    text = (
        "On validation windows that its weights were not chosen on: "
        f"{error(check.ensemble)} {view.unit} against {error(check.single)} of the best single forecaster "
        f"({check.single_name}), {signed_percent(-improvement(check.single, check.ensemble))}."
    )
    if not check.used:
        text += " It is not better, so the best single forecaster is delivered alone."
    if math.isfinite(test.mean.mae) and math.isfinite(test.ensemble.mean.mae):
        text += f" On the test part: {error(test.ensemble.mean.mae)} against {error(test.mean.mae)} of the winner."
    pays = check.used and check.ensemble < check.single and not test.ensemble.mean.mae > test.mean.mae
    return Check(question, PASS if pays else WARN, text)


def search_was_worth_it(view: StudyView) -> Check:
    """Is the winner better than the reference config, trained by the three-stage guide?"""
    question, best, reference = "Was searching worth it?", view.winner, view.reference
    if best is None or reference is None or reference.val_mae is None or best.val_mae is None:
        return Check(question, UNKNOWN, "There is no finished training of the reference to compare with.")
    spent = view.of(cost)
    if best.control == "reference":
        return Check(question, WARN, "The reference itself won: the search found nothing better.")
    gain = improvement(reference.val_mae, best.val_mae)
    text = (
        f"Validation MAE of the winner {error(best.val_mae)} {view.unit}, of the reference "
        f"{error(reference.val_mae)} ({signed_percent(-gain)})."
    )
    test, row = view.winner_test, None if view.test is None else reference_row(view.test)
    if test is not None and row is not None and math.isfinite(row.mean.mae) and math.isfinite(test.mean.mae):
        gain = improvement(row.mean.mae, test.mean.mae)
        text += f" Test MAE {error(test.mean.mae)} against {error(row.mean.mae)} ({signed_percent(-gain)})."
    text += (
        f" Training the reference took {duration(spent.reference_seconds)} of the {duration(spent.seconds)} of "
        "training in total."
    )
    if 0 < gain < CLEAR_PERCENT:
        text += MAY_BE_CHANCE
    return Check(question, PASS if gain >= CLEAR_PERCENT else WARN, text)


def data_is_sound(view: StudyView) -> Check:
    """What was found in the data before the search? Warnings come with advice, notes without."""
    question, findings = "Is the data suitable for training and testing?", view.provenance.findings
    if findings is None:
        return Check(question, UNKNOWN, "The study has no record of its data.")
    warnings = [f"{row.message}; {row.advice}" for row in findings if row.severity == "warning"]
    notes = [row.message for row in findings if row.severity == "note"]
    texts = warnings or ["no warnings"]
    if notes:
        texts.append(f"notes: {'; '.join(notes)}")
    return Check(question, WARN if warnings else PASS, " ".join(_sentence(text) for text in texts))


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"
