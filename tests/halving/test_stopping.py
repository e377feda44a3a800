"""Stopping inside a stage, as a pure function of curves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gman_search.halving.stopping import FEWEST, Curve, stop_decision

MAES = st.floats(0.5, 9)
CURVES = st.lists(MAES, min_size=1, max_size=10)
BETTER = [Curve([5.0, 4.0, 3.0, 2.0])] * FEWEST


def test_above_the_median_of_the_others_at_that_epoch_is_hopeless():
    verdict = stop_decision(Curve([6.0, 5.0, 3.5]), BETTER, epochs=10)
    assert (verdict.epoch, verdict.best, verdict.limit, verdict.others) == (3, 3.5, 3.0, FEWEST)
    assert str(verdict) == "stopped after epoch 3: 3.500, above the median 3.000 of 8 others by then"
    assert stop_decision(Curve([6.0, 5.0, 2.9]), BETTER, epochs=10) is None


def test_the_best_so_far_counts_not_the_last_value():
    assert stop_decision(Curve([6.0, 2.5, 8.0]), BETTER, epochs=10) is None


def test_what_a_grown_model_starts_with_counts_on_both_sides():
    assert stop_decision(Curve([6.0, 5.0, 3.5], start=2.9), BETTER, epochs=10) is None
    others = [Curve([5.0, 4.0, 3.0], start=2.0)] * FEWEST
    assert stop_decision(Curve([6.0, 5.0, 2.9], start=2.5), others, epochs=10).limit == 2.0


@pytest.mark.parametrize("epochs, epoch", [(10, 2), (20, 5), (7, 2), (3, 3)])
def test_nobody_stops_before_three_tenths_of_the_budget_or_at_its_end(epochs, epoch):
    others = [Curve([1.0] * epochs)] * 20
    assert stop_decision(Curve([9.0] * epoch), others, epochs) is None
    if epoch + 1 < epochs:
        assert stop_decision(Curve([9.0] * (epoch + 1)), others, epochs) is not None


def test_seven_others_are_too_few():
    assert stop_decision(Curve([9.0] * 3), BETTER[1:], epochs=10) is None


def test_who_stopped_early_says_nothing_of_later_epochs_but_who_came_to_the_end_does():
    short = [5.0, 4.0, 3.0]
    assert stop_decision(Curve([9.0] * 5), [Curve(short, whole=False)] * 20, epochs=10) is None
    assert stop_decision(Curve([9.0] * 5), [Curve(short, whole=True)] * 20, epochs=10).limit == 3.0
    assert stop_decision(Curve([9.0] * 3), [Curve(short, whole=False)] * 20, epochs=10).limit == 3.0
    assert stop_decision(Curve([9.0] * 3), [Curve([])] * 20, epochs=10) is None


@given(CURVES, st.lists(st.builds(Curve, CURVES, st.booleans()), max_size=20), st.integers(1, 12))
def test_whoever_leads_goes_on_and_half_of_all_at_least(values, others, epochs):
    verdict = stop_decision(Curve(values), others, epochs)
    if verdict is not None:
        by_then = sorted(best for curve in others if (best := curve.best_at(len(values))) == best)
        assert verdict.best > by_then[(len(by_then) - 1) // 2]
        assert stop_decision(Curve([*values[:-1], by_then[0]]), others, epochs) is None


@given(CURVES, st.lists(st.builds(Curve, CURVES, st.booleans()), max_size=20), st.floats(0.1, 0.5))
def test_a_smaller_share_stops_whoever_a_larger_one_stops(values, others, share):
    if stop_decision(Curve(values), others, 10) is not None:
        assert stop_decision(Curve(values), others, 10, share=share) is not None
