"""Reading this study, the test part: is the forecast worth having, and does its error hold (pure)."""

import math

from gman_search.record import Scores, StudyRecord
from gman_search.report.checks.search import PASS, UNKNOWN, WARN, Check
from gman_search.report.summaries.headline import improvement, winner, winner_test
from gman_search.report.summaries.intervals import IntervalSummary
from gman_search.report.summaries.rivals import Forecaster, defeats, forecasters
from gman_search.report.text.formats import error, percent, plural, signed_percent
from gman_search.report.text.verdict import defeat_sentences

__all__ = ["beats_baselines", "holds_on_test", "intervals_hold"]

GAP_PERCENT = 10.0
"""A test error that rises so much more than persistence's, from the validation to the test part, asks for a look."""
JUDGED_PERCENT = 90
SHORT_POINTS, SHORT_POINTS_SLOW = 3.0, 10.0
"""Intervals that hold so many percentage points less often than they promise ask for a look; in slow traffic, too."""


def beats_baselines(record: StudyRecord, role: str = "winner") -> Check:
    """Is the forecast of the "ensemble" or the "winner" better than every baseline at every step and on the mean?"""
    question, test = f"Does the {role} beat every baseline at every step?", record.test
    known = () if test is None else forecasters(test)
    ours = next((one for one in known if one.role == role), None)
    rivals = [one for one in known if one.role == "baseline" and _comparable(ours, one)]
    if ours is None or not rivals:
        return Check(question, UNKNOWN, "There is no test result with baselines.")
    lost = [one for one in defeats(test, record.step_minutes) if one.loser == role and one.role == "baseline"]
    if lost:
        return Check(question, WARN, " ".join(defeat_sentences(lost, record.unit)))
    strongest = min(rivals, key=lambda one: one.mean.mae if _is_known(one.mean) else math.inf)
    if not ours.mean.mae < strongest.mean.mae:
        return Check(
            question, WARN, f"It is equal to {strongest.name}, {error(ours.mean.mae)} {record.unit} on the mean."
        )
    compared = sum(step in strongest.steps and _is_known(strongest.steps[step]) for step in ours.steps)
    text = (
        f"At each of {plural(compared, 'step')} and on their mean ({error(ours.mean.mae)} against "
        f"{error(strongest.mean.mae)} {record.unit} of the strongest, {strongest.name})."
    )
    return Check(question, PASS, text)


def _comparable(ours: Forecaster | None, other: Forecaster) -> bool:
    """Whether both have a score at some step."""
    return ours is not None and any(
        step in other.steps and _is_known(other.steps[step]) and _is_known(scores)
        for step, scores in ours.steps.items()
    )


def holds_on_test(record: StudyRecord) -> Check:
    """Does the validation error hold on days the search never saw?"""
    question, best, test = "Does the validation error hold on the test part?", winner(record), winner_test(record)
    if best is None or best.val_mae is None or test is None or not _is_known(test.mean):
        return Check(question, UNKNOWN, "The winner has not been tested.")
    gap = -improvement(best.val_mae, test.mean.mae)
    text = (
        f"Test {error(test.mean.mae)} against validation {error(best.val_mae)} {record.unit} ({signed_percent(gap)})."
    )
    naive, harder = record.provenance.get("persistence_mae"), 0.0
    if naive:
        harder = -improvement(naive["val"], naive["test"])
        text += f" Persistence, which learns nothing, has {signed_percent(harder)}: so much do the days differ."
    return Check(question, WARN if gap > GAP_PERCENT + max(0.0, harder) else PASS, text)


def intervals_hold(summary: IntervalSummary | None) -> Check:
    """Do prediction intervals keep their promise on days they were not made from?"""
    question = "Do the prediction intervals hold on the test part?"
    if summary is None:
        return Check(question, UNKNOWN, "No prediction intervals were tested.")
    row = next((row for row in summary.rows if row.percent == JUDGED_PERCENT), summary.rows[-1])
    text = (
        f"Intervals of {row.percent}\N{NO-BREAK SPACE}% held {percent(row.held)} of the readings, "
        f"{percent(row.slow)} where the forecast was slow and {percent(row.lowest_sensor)} at the worst sensor."
    )
    short = row.short > SHORT_POINTS or row.percent - row.slow > SHORT_POINTS_SLOW
    return Check(question, WARN if short else PASS, text)


def _is_known(scores: Scores | None) -> bool:
    return scores is not None and math.isfinite(scores.mae)
