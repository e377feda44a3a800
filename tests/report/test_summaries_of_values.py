"""Curves, slices, agreement and forecasts, against numbers worked out on paper."""

import math
from dataclasses import replace

import pytest

from gman_search.halving.evaluations import Evaluation, State
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.record import Scores, StudyRecord
from gman_search.report.axis_range import AxisRange, axis_range, downsample
from gman_search.report.figures import error_by_sensor, error_by_step, learning_curves, rank_correlation
from gman_search.report.figures.error_by_step import BaselineGain, StepScores
from gman_search.report.figures.forecast import ForecastLine, sample_data
from gman_search.report.figures.rank_correlation import Correlation, kendall, spearman
from gman_search.report.figures.slice import SliceData, SlicePoint, bound_touched, slices
from gman_search.report.formats import moment, signed, signed_percent
from gman_search.report.lineages import CurveChain, CurveSegment, is_still_falling
from gman_search.report.view import Dimension, StudyView, improvement
from gman_search.space import Choice, FloatRange, IntRange


def test_a_chain_counts_epochs_over_its_stages(small: StudyRecord) -> None:
    summary = learning_curves.compute(StudyView(small))
    assert [(chain.config_id, chain.final_state) for chain in summary.chains] == [
        (1, "full"),
        (2, "winner"),
        (5, "pruned"),
    ]
    assert summary.chains[1] == CurveChain(
        2,
        "winner",
        (
            CurveSegment("quick", (1, 2, 3), (6.0, 4.0, 3.5), False, train_fell=pytest.approx(2.5 / 6)),
            CurveSegment("full", (10, 11, 12), (3.6, 3.0, 2.5), False, pytest.approx(1.1), pytest.approx(1 / 3.5)),
        ),
    )
    assert summary.chains[2].segments[0].val_mae == (6.0, None)


def test_growth_jump_is_the_first_reading_minus_the_parents_best(small: StudyRecord) -> None:
    summary = learning_curves.compute(StudyView(small))
    assert summary.growth_jumps == (0.0, pytest.approx(0.1))
    assert summary.median_jump == pytest.approx(0.05)


def test_border_is_drawn_only_where_all_chains_share_it(small: StudyRecord) -> None:
    assert learning_curves.compute(StudyView(small)).borders == (("full", 3),)
    shorter = {**small.curves, "quick/1": small.curves["quick/1"][:2]}
    assert learning_curves.compute(StudyView(replace(small, curves=shorter))).borders == ()


@pytest.mark.parametrize(
    ("curve", "falling"),
    [([5, 4, 3, 2.9], True), ([5, 4, 3, 2.99], False), ([5, 3, 4, 4], False), ([5, 4, 3], False)],
)
def test_still_falling_needs_one_percent_in_the_last_quarter(curve: list[float], falling: bool) -> None:
    assert is_still_falling(curve) is falling


def test_slices_show_complete_quick_evaluations_best_first(small: StudyRecord) -> None:
    view = StudyView(small)
    assert view.fixed["dropout"] == 0.1 and "learning_rate" not in view.fixed
    assert slices(view) == (
        SliceData(
            unit="mph",
            stage="quick",
            name="learning_rate",
            dimension=FloatRange(low=0.01, high=1.0, log=True, default=0.1),
            points=(
                SlicePoint(1, 0.02, 3.0, True),
                SlicePoint(2, 0.03, 3.5, True),
                SlicePoint(0, 0.01, 4.0, False),
                SlicePoint(4, 0.05, 4.5, False),
                SlicePoint(3, 0.04, 5.0, False),
            ),
            winner_value=0.03,
            winner_id=2,
            at_bound=None,
            shown=axis_range([3.0, 3.5, 4.0, 4.5, 5.0]),
        ),
    )


@pytest.mark.parametrize(
    ("value", "dimension", "expected"),
    [
        (0.0105, FloatRange(low=0.01, high=1.0, log=True, default=0.1), "low"),
        (0.1, FloatRange(low=0.01, high=1.0, log=True, default=0.1), None),
        (0.99, FloatRange(low=0.0, high=1.0, default=0.1), "high"),
        (3, IntRange(low=3, high=20, default=10), "low"),
        (True, Choice(choices=(True, False), default=True), None),
        (None, FloatRange(low=0.0, high=1.0, default=0.1), None),
    ],
)
def test_bound_is_touched_within_three_percent_of_the_range(
    value: object, dimension: Dimension, expected: str | None
) -> None:
    assert bound_touched(value, dimension) == expected


def test_rank_correlations_of_five_configs() -> None:
    # Ranks 1 2 3 4 5 against 2 1 4 3 5: sum d^2 = 4, rho = 1 - 24/120; 8 concordant and 2 discordant pairs.
    below, above = [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0]
    rho, tau = spearman(below, above), kendall(below, above)
    assert (rho.value, tau.value) == (pytest.approx(0.8), pytest.approx(0.6))
    assert rho.high == pytest.approx(math.tanh(math.atanh(0.8) + 1.959964 * math.sqrt((1 + 0.32) / 2)))
    assert tau.low == pytest.approx(math.tanh(math.atanh(0.6) - 1.959964 * math.sqrt(0.437)))
    assert spearman(below, below) == Correlation(1, None, None)


def test_correlation_is_silent_below_five_configs(small: StudyRecord) -> None:
    (pair,) = rank_correlation.compute(StudyView(small))
    assert (pair.n, pair.spearman, pair.kendall) == (2, None, None)
    assert pair.reason == "2 of the 5 configs needed completed both stages"
    assert pair.first_pick_rank == 2


def test_correlation_also_compares_the_first_stage_with_the_last(small: StudyRecord) -> None:
    stages = ("quick", "medium", "full")
    rows = tuple(
        Evaluation(config, stage, state=State.COMPLETE, val_mae=value)
        for stage, values in zip(stages, ([1, 2, 3, 4, 5], [2, 2, 2, 2, 2], [2, 1, 4, 3, 5]), strict=True)
        for config, value in enumerate(values)
    )
    pairs = rank_correlation.compute(
        StudyView(replace(small, schedule=HalvingSchedule(stages, (1, 1), 5), evaluations=rows))
    )
    assert [(pair.lower, pair.upper) for pair in pairs] == [("quick", "medium"), ("medium", "full"), ("quick", "full")]
    assert pairs[0].reason == "all configs have the same validation MAE at one of the stages"
    assert pairs[2].spearman is not None and pairs[2].spearman.value == pytest.approx(0.8)


def test_test_table_marks_the_usual_steps_and_names_its_mean(small: StudyRecord) -> None:
    board = error_by_step.compute(StudyView(small))
    assert board is not None
    assert board.forecasters == ("GMAN, config 2", "last value")
    assert [row.step for row in board.rows if row.marked] == [3, 6, 12]
    assert board.rows[0] == StepScores(1, 5, False, (Scores(2.1, 4.0, 5.0), Scores(4.0, 8.0, 10.0)))
    assert board.mean_label == "mean of steps 1..12"
    sensors = error_by_sensor.compute(StudyView(small))
    assert sensors is not None and (sensors.sensors, sensors.silent) == ((("a", 2.0), ("b", 3.0)), ())
    approx = tuple((step, pytest.approx(gain)) for step, gain in ((3, 42.5), (6, 35.0), (12, 20.0)))
    assert board.gains == (BaselineGain("last value", approx, pytest.approx(33.75)),)


def test_sensors_without_readings_are_named_not_ranked(small: StudyRecord) -> None:
    assert small.test is not None
    test = replace(small.test, sensor_mae={"dead": math.nan, "b": 3.0, "a": 2.0})
    board = error_by_sensor.compute(StudyView(replace(small, test=test)))
    assert board is not None
    assert (board.sensors, board.silent) == ((("a", 2.0), ("b", 3.0)), ("dead",))
    assert error_by_sensor.caption(board).endswith("Without a reading in the test part: dead.")


def test_horizon_caption_owns_up_to_steps_where_a_baseline_is_better(small: StudyRecord) -> None:
    assert small.test is not None
    plain = small.test.baselines["last value"]
    steps = {**plain["steps"], 1: Scores(2.0, 4.0, 5.0)}
    board = error_by_step.compute(
        StudyView(replace(small, test=replace(small.test, baselines={"last value": {**plain, "steps": steps}})))
    )
    assert board is not None
    assert "A baseline is better than the winner 5 minutes ahead." in error_by_step.caption(board)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (signed(-0.0002), "0.000"),
        (signed(-0.02), "−0.020"),
        (moment("2026-11-23T20:25:05+00:00"), "2026-11-23 20:25 UTC"),
        (moment("yesterday"), "yesterday"),
        (signed_percent(improvement(0.0, 1.0)), "–\N{NO-BREAK SPACE}%"),
    ],
)
def test_numbers_are_set_with_care(text: str, shown: str) -> None:
    assert text == shown


def test_sample_keeps_gaps(small: StudyRecord) -> None:
    assert small.test is not None
    sample = sample_data(StudyView(small), small.test.samples[0])
    assert (sample.truth, sample.missing, sample.stride, sample.in_view) == ((60.0, None, 62.0), 1, 1, 3)
    assert sample.lines == (ForecastLine(12, 60, (59.0, 60.0, 61.0)),)


def test_axis_range_leaves_out_few_far_values_and_counts_them() -> None:
    assert axis_range([1.0, 2.0, None, math.nan]) == AxisRange(pytest.approx(0.94), pytest.approx(2.06), 0)
    found = axis_range([*(1 + 0.01 * i for i in range(39)), 50.0])
    assert found is not None and found.high < 2 and found.beyond == 1
    assert axis_range([]) is None


def test_downsampling_keeps_the_last() -> None:
    assert downsample(range(10), 4) == ((0, 3, 6, 9), 3)
    assert downsample(range(9), 4) == ((0, 3, 6, 8), 3)
    assert downsample((1, 2), 4) == ((1, 2), 1)
