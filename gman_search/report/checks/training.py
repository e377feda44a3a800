"""Reading this study, the training part: did warm starts help, does the winner generalise (pure)."""

import math
from statistics import fmean, median

from gman_search.record import StudyRecord
from gman_search.report.checks.search import PASS, UNKNOWN, WARN, Check
from gman_search.report.summaries.growth import GrowthSummary
from gman_search.report.summaries.headline import improvement, winner
from gman_search.report.text.formats import error, plural, signed, signed_percent

__all__ = ["generalises", "warm_start_helped"]

WORSE_PERCENT = 0.5
"""Grown models worse than their cold twins by more than this did not profit."""
JUMP_PERCENT = 2.0
"""A grown model that begins this far above the smaller one has not kept what it knew."""
TRAIN_GAP_PERCENT = 25.0
"""Validation MAE this far above training MAE at the winner's best epoch asks for a look."""


def warm_start_helped(growth: GrowthSummary) -> Check:
    """Was it worth growing the weights? Only a cold twin can tell; without one, whether growth kept the function."""
    question = "Did the warm starts help?"
    if not growth.wanted:
        return Check(question, UNKNOWN, "This study trained every stage from random weights.")
    if growth.twins:
        gains = [improvement(twin.cold, twin.grown) for twin in growth.twins]
        better = sum(twin.grown < twin.cold for twin in growth.twins)
        text = (
            f"{better} of {plural(len(gains), 'grown model')} ended below the cold twin, by "
            f"{signed_percent(-fmean(gains))} on average."
        )
        saved = [twin.epochs_saved for twin in growth.twins if twin.epochs_saved is not None]
        if saved:
            text += f" {len(saved)} reached the twin's best, {median(saved):g} epochs earlier (median)."
        if len(gains) < 3:
            text += " So few twins are an example, not a proof."
        return Check(question, PASS if fmean(gains) >= -WORSE_PERCENT else WARN, text)
    if not growth.grown:
        return Check(question, UNKNOWN, "No grown model has finished.")
    text = "No config was trained cold as well, so it was not measured: run with --controls 1 to know."
    jump = median(100 * (row.born - row.before) / row.before for row in growth.grown if row.before > 0)
    text += f" Before their first step the grown models were {signed(growth.median_jump)} {growth.unit} from the best "
    text += f"of the smaller ones ({signed_percent(jump)}, median of {len(growth.grown)})."
    return Check(question, WARN if jump > JUMP_PERCENT else UNKNOWN, text)


def generalises(record: StudyRecord) -> Check:
    """Does the winner know more than its training days?"""
    question, best = "Is the winner's validation error close to its training error?", winner(record)
    curve = () if best is None else record.curves.get(best.key, ())
    known = [point for point in curve if point.train_mae is not None and math.isfinite(point.val_mae)]
    if not known:
        return Check(question, UNKNOWN, "The winner has no learning curve with a training error.")
    point = min(known, key=lambda point: point.val_mae)
    gap = -improvement(float(point.train_mae or 0.0), point.val_mae)
    text = (
        f"At its best trained epoch ({point.epoch}) validation {error(point.val_mae)} against training "
        f"{error(point.train_mae)} {record.unit} ({signed_percent(gap)})."
    )
    if gap > TRAIN_GAP_PERCENT:
        text += " It may have learned its training days by heart, or the validation days are harder."
    return Check(question, WARN if gap > TRAIN_GAP_PERCENT else PASS, text)
