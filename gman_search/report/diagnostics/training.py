"""Diagnostics of training: did warm starts help, does the winner generalise (pure)."""

import math
from collections.abc import Sequence
from statistics import fmean, median

from gman_search.report.diagnostics.search import PASS, UNKNOWN, WARN, Check
from gman_search.report.figures import cold_start_control
from gman_search.report.figures import growth as growth_figure
from gman_search.report.figures.cold_start_control import ColdStartControl
from gman_search.report.formats import error, plural, signed, signed_percent
from gman_search.report.view import StudyView, improvement
from gman_search.wording import decimals

__all__ = ["generalises", "warm_start_helped"]

WORSE_PERCENT = 0.5
"""Grown models that are worse than their cold-start controls by more than this did not profit."""
JUMP_PERCENT = 2.0
"""A grown model that starts this far above the smaller one did not keep its function."""
TRAIN_GAP_PERCENT = 25.0
"""Validation MAE this far above training MAE at the winner's best epoch needs attention."""


def warm_start_helped(view: StudyView) -> Check:
    """Was it worth growing the weights? Only cold-start controls measure that."""
    question = "Did the warm starts help?"
    if view.spec.halving.warm_start == "none":
        return Check(question, UNKNOWN, "This study trained every stage from random weights.")
    controls, growth = view.of(cold_start_control.compute), view.of(growth_figure.compute)
    if controls:
        return _against_controls(question, controls)
    if growth is None:
        return Check(question, UNKNOWN, "No grown model is complete.")
    text = "Not measured, because no config was trained from random weights as well: use --control-runs 1."
    jump = median(100 * (row.born - row.before) / row.before for row in growth.grown if row.before > 0)
    shown = signed(growth.median_jump, decimals(growth.grown[0].best))
    text += f" Before their first step the grown models were {shown} {growth.unit} from the best "
    text += f"of the smaller ones ({signed_percent(jump)}, median of {len(growth.grown)})."
    return Check(question, WARN if jump > JUMP_PERCENT else UNKNOWN, text)


def _against_controls(question: str, controls: Sequence[ColdStartControl]) -> Check:
    gains = [improvement(control.cold, control.grown) for control in controls]
    better = sum(control.grown < control.cold for control in controls)
    text = (
        f"{better} of {plural(len(gains), 'grown model')} ended below the cold-start control, by "
        f"{signed_percent(-fmean(gains))} on average."
    )
    saved = [control.epochs_saved for control in controls if control.epochs_saved is not None]
    if saved:
        text += f" {len(saved)} reached the control's best, {median(saved):g} epochs earlier (median)."
    if len(gains) < 3:
        text += " So few controls are an example, not a proof."
    return Check(question, PASS if fmean(gains) >= -WORSE_PERCENT else WARN, text)


def generalises(view: StudyView) -> Check:
    """Does the winner overfit the training days?"""
    question, best = "Is the winner's validation error close to its training error?", view.winner
    curve = () if best is None else view.curve(best)
    known = [point for point in curve if point.train_mae is not None and math.isfinite(point.val_mae)]
    if not known:
        return Check(question, UNKNOWN, "The winner has no learning curve with a training error.")
    point = min(known, key=lambda point: point.val_mae)
    gap = -improvement(float(point.train_mae or 0.0), point.val_mae)
    text = (
        f"At its best trained epoch ({point.epoch}) validation {error(point.val_mae)} against training "
        f"{error(point.train_mae)} {view.unit} ({signed_percent(gap)})."
    )
    if gap > TRAIN_GAP_PERCENT:
        text += " It may overfit the training days, or the validation days are harder."
    return Check(question, WARN if gap > TRAIN_GAP_PERCENT else PASS, text)
