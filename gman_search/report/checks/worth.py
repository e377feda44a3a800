"""Diagnostics of the deliverable: does the ensemble pay, and was searching worth it (pure)."""

import math

from gman_search.record import StudyRecord
from gman_search.report.checks.search import CLEAR_PERCENT, PASS, UNKNOWN, WARN, Check
from gman_search.report.summaries.cost import cost
from gman_search.report.summaries.headline import improvement, winner, winner_test
from gman_search.report.summaries.outside import reference_evaluation
from gman_search.report.summaries.rivals import reference_row
from gman_search.report.text.formats import duration, error, signed_percent

__all__ = ["ensemble_pays", "search_was_worth_it"]


def ensemble_pays(record: StudyRecord) -> Check:
    """Is the ensemble better than its best member on validation windows that its weights were not chosen on?"""
    question, test = "Does the ensemble pay?", record.test
    if test is None or test.ensemble is None:
        return Check(question, UNKNOWN, "There is no ensemble.")
    check = test.ensemble.check
    if not (math.isfinite(check.ensemble) and math.isfinite(check.single)):
        return Check(question, UNKNOWN, "The ensemble was not checked: its check has no errors.")
    text = (
        "On validation windows that its weights were not chosen on: "
        f"{error(check.ensemble)} {record.unit} against {error(check.single)} of the best single forecaster "
        f"({check.single_name}), {signed_percent(-improvement(check.single, check.ensemble))}."
    )
    if not check.used:
        text += " It did not pay, so the best single forecaster is delivered alone."
    if math.isfinite(test.mean.mae) and math.isfinite(test.ensemble.mean.mae):
        text += f" On the test part: {error(test.ensemble.mean.mae)} against {error(test.mean.mae)} of the winner."
    pays = check.used and check.ensemble < check.single and not test.ensemble.mean.mae > test.mean.mae
    return Check(question, PASS if pays else WARN, text)


def search_was_worth_it(record: StudyRecord) -> Check:
    """Is the winner better than the reference config, trained as the three-stage guide has it?"""
    question, best, reference = "Was searching worth it?", winner(record), reference_evaluation(record)
    if best is None or reference is None or reference.val_mae is None or best.val_mae is None:
        return Check(question, UNKNOWN, "There is no finished training of the reference to compare with.")
    spent = cost(record)
    if best.control == "reference":
        return Check(question, WARN, "The reference itself won: the search found nothing better.")
    gain = improvement(reference.val_mae, best.val_mae)
    text = (
        f"Validation MAE of the winner {error(best.val_mae)} {record.unit}, of the reference "
        f"{error(reference.val_mae)} ({signed_percent(-gain)})."
    )
    test, row = winner_test(record), None if record.test is None else reference_row(record.test)
    if test is not None and row is not None and math.isfinite(row.mean.mae) and math.isfinite(test.mean.mae):
        gain = improvement(row.mean.mae, test.mean.mae)
        text += f" Test MAE {error(test.mean.mae)} against {error(row.mean.mae)} ({signed_percent(-gain)})."
    text += (
        f" Training the reference took {duration(spent.reference_seconds)} of the {duration(spent.seconds)} of "
        "training in all."
    )
    if 0 < gain < CLEAR_PERCENT:
        text += f" A difference under {CLEAR_PERCENT:g} % may be chance, as another seed changes more: try several."
    return Check(question, PASS if gain >= CLEAR_PERCENT else WARN, text)
