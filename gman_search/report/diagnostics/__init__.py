"""Diagnostics: questions a careful reviewer asks of any search, answered from its record (pure)."""

from gman_search.report.diagnostics import forecast, search, training
from gman_search.report.diagnostics.search import Check
from gman_search.report.view import StudyView

__all__ = ["Check", "diagnostics"]


def diagnostics(view: StudyView) -> tuple[Check, ...]:
    """All answers, in the order of the page."""
    judged = ["winner"] if view.test is None or view.test.ensemble is None else ["ensemble", "winner"]
    return (
        *(forecast.beats_baselines(view, role) for role in judged),
        forecast.ensemble_pays(view),
        forecast.search_was_worth_it(view),
        search.beats_reference_config(view),
        search.larger_stages_paid(view),
        search.stages_agree(view),
        training.warm_start_helped(view),
        search.within_bounds(view),
        search.curves_ended(view),
        search.curves_healthy(view),
        search.failures(view),
        training.generalises(view),
        forecast.data_is_sound(view),
        forecast.holds_on_test(view),
        forecast.intervals_hold(view),
    )
