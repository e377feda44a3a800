"""Which evaluations may join an ensemble."""

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.members import ensemble_evaluations

SCHEDULE = HalvingSchedule(("quick", "full"), (4,), 30)


def row(config, value, stage="quick", **more):
    return Evaluation(config, stage, state=State.COMPLETE, val_mae=value, **more)


def keys(rows, most=12):
    return [found.key for found in ensemble_evaluations(rows, SCHEDULE, most)]


def test_the_best_and_in_any_case_winner_reference_and_finals():
    rows = [row(i, 3.0 + i / 100) for i in range(20)]
    rows += [row(40, 9.0, control="reference"), row(2, 8.0, "full", control="final"), row(3, 1.0, control="cold")]
    assert keys(rows, 5) == ["quick/0", "quick/1", "quick/2", "full/2 final", "quick/40 reference"]
    assert len(keys(rows)) == 12 and keys([]) == []


def test_a_model_that_learned_nothing_since_it_was_grown_is_not_counted_twice():
    rows = [row(1, 3.0), row(1, 3.00001, "full"), row(2, 3.00001), row(2, 2.5, "full")]
    assert keys(rows) == ["full/2", "quick/1", "quick/2"]


def test_what_failed_or_has_no_error_is_not_among_them():
    rows = [row(1, 3.0), row(2, float("nan")), Evaluation(3, "quick", state=State.FAILED), row(4, None)]
    assert keys(rows) == ["quick/1"]
