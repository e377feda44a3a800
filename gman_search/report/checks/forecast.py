"""Reading this study, the test part: is the forecast worth having, and does its error hold (pure)."""

import math

from gman_search.record import Scores, StudyRecord
from gman_search.report.checks.search import PASS, UNKNOWN, WARN, Check
from gman_search.report.summaries.forecast import Scoreboard
from gman_search.report.summaries.headline import improvement, winner, winner_test
from gman_search.report.summaries.intervals import IntervalSummary
from gman_search.report.text.formats import error, percent, signed_percent

__all__ = ["beats_baselines", "holds_on_test", "intervals_hold"]

GAP_PERCENT = 10.0
"""A test error that rises so much more than persistence's, from the validation to the test part, asks for a look."""
JUDGED_MINUTES = (30, 60)
JUDGED_PERCENT = 90
SHORT_POINTS, SHORT_POINTS_SLOW = 3.0, 10.0
"""Intervals that hold so many percentage points less often than they promise ask for a look; in slow traffic, too."""


def beats_baselines(board: Scoreboard | None) -> Check:
    """Is the forecast better than what needs no training, where forecasting is hard?"""
    question = "Does the forecast beat the baselines at 30 and 60 minutes?"
    if board is None or len(board.forecasters) < 2:
        return Check(question, UNKNOWN, "There is no test result with baselines.")
    rows = [row for row in board.rows if row.minutes in JUDGED_MINUTES] or list(board.rows[-1:])
    parts, beaten = [], True
    for row in rows:
        ours = row.scores[0]
        others = [
            (scores.mae, name)
            for scores, name in zip(row.scores[1:], board.forecasters[1:], strict=True)
            if _is_known(scores) and scores is not None
        ]
        if ours is None or not others:
            continue
        strongest, name = min(others)
        beaten = beaten and ours.mae < strongest
        parts.append(
            f"{row.minutes} min: {error(ours.mae)} against {error(strongest)} {board.unit} of the strongest ({name})"
        )
    if not parts:
        return Check(question, UNKNOWN, "No baseline has a score at these steps.")
    return Check(question, PASS if beaten else WARN, "; ".join(parts) + ".")


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
