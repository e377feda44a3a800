"""What the last third of a search brought."""

import pytest

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.late_gain import late_gain


def rows(*ended):
    return [
        Evaluation(number, "quick", state=State.COMPLETE, val_mae=mae, seconds=10.0, facts={"ended": 1000.0 + time})
        for number, (time, mae) in enumerate(ended)
    ]


def test_a_late_improvement_asks_for_more_hours():
    found = late_gain(rows((10, 4.0), (40, 3.5), (70, 3.4), (100, 3.0)))
    assert found.best_after == 1.0 and found.gain == pytest.approx((3.5 - 3.0) / 3.5)
    assert found.sentence().startswith("The best model was found after 100% of the training time; the last third")
    assert found.sentence().endswith("by 14.3%: more hours are likely to help.")


def test_an_early_best_says_that_more_would_bring_little():
    found = late_gain(rows((10, 4.0), (40, 3.0), (70, 3.4), (100, 3.2)))
    assert found.best_after == pytest.approx(0.4) and found.gain == 0.0
    assert "more hours would bring little" in found.sentence()


def test_controls_failures_and_the_order_of_rows_do_not_count():
    some = rows((10, 4.0), (40, 3.5), (70, 3.4), (100, 3.0))
    control = Evaluation(9, "quick", state=State.COMPLETE, val_mae=1.0, control="cold", facts={"ended": 1050.0})
    failed = Evaluation(8, "quick", state=State.FAILED, facts={"ended": 5000.0})
    assert late_gain([control, *reversed(some), failed]) == late_gain(some)


def test_too_few_say_nothing():
    assert late_gain([]) is None and late_gain(rows((10, 4.0), (20, 3.0), (30, 2.0))) is None
