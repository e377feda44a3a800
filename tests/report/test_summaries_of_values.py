"""Curves, slices, agreement and forecasts, against numbers worked out on paper."""

import math
from dataclasses import replace

import pytest

from gman_search.halving.ladder import Ladder
from gman_search.halving.table import Evaluation, State
from gman_search.record import Scores, StudyRecord
from gman_search.report.summaries.agreement import Correlation, agreements, kendall, spearman
from gman_search.report.summaries.curves import CurveChain, CurveSegment, curve_summary, is_still_falling
from gman_search.report.summaries.forecast import BaselineGain, ForecastLine, HorizonRow, sample_summary, scoreboard
from gman_search.report.summaries.frame import Frame, frame, thin
from gman_search.report.summaries.headline import improvement
from gman_search.report.summaries.slices import SlicePanel, SlicePoint, bound_touched, slice_summary
from gman_search.report.text.forecast_captions import horizon_caption, sensor_caption
from gman_search.report.text.formats import moment, signed, signed_percent


def test_a_chain_counts_epochs_over_its_stages(small: StudyRecord) -> None:
    summary = curve_summary(small)
    assert [(chain.config_id, chain.fate) for chain in summary.chains] == [(1, "full"), (2, "winner"), (5, "pruned")]
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
    summary = curve_summary(small)
    assert summary.growth_jumps == (0.0, pytest.approx(0.1))
    assert summary.median_jump == pytest.approx(0.05)


def test_border_is_drawn_only_where_all_chains_share_it(small: StudyRecord) -> None:
    assert curve_summary(small).borders == (("full", 3),)
    shorter = {**small.curves, "quick/1": small.curves["quick/1"][:2]}
    assert curve_summary(replace(small, curves=shorter)).borders == ()


@pytest.mark.parametrize(
    ("curve", "falling"),
    [([5, 4, 3, 2.9], True), ([5, 4, 3, 2.99], False), ([5, 3, 4, 4], False), ([5, 4, 3], False)],
)
def test_still_falling_needs_one_percent_in_the_last_quarter(curve: list[float], falling: bool) -> None:
    assert is_still_falling(curve) is falling


def test_slices_show_complete_quick_evaluations_best_first(small: StudyRecord) -> None:
    summary = slice_summary(small)
    assert summary.fixed == (("dropout", 0.1),)
    assert summary.panels == (
        SlicePanel(
            name="learning_rate",
            log=True,
            low=0.01,
            high=1.0,
            choices=(),
            default=0.1,
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
        ),
    )


@pytest.mark.parametrize(
    ("value", "dimension", "expected"),
    [
        (0.0105, {"low": 0.01, "high": 1.0, "log": True}, "low"),
        (0.1, {"low": 0.01, "high": 1.0, "log": True}, None),
        (0.99, {"low": 0.0, "high": 1.0}, "high"),
        (3, {"low": 3, "high": 20}, "low"),
        (True, {"choices": (True, False)}, None),
        (None, {"low": 0.0, "high": 1.0}, None),
    ],
)
def test_bound_is_touched_within_three_percent_of_the_range(
    value: object, dimension: dict, expected: str | None
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


def test_agreement_is_silent_below_five_configs(small: StudyRecord) -> None:
    (pair,) = agreements(small)
    assert (pair.n, pair.spearman, pair.kendall) == (2, None, None)
    assert pair.reason == "2 of the 5 configs needed completed both stages"
    assert pair.first_pick_rank == 2


def test_agreement_also_compares_the_first_stage_with_the_last(small: StudyRecord) -> None:
    stages = ("quick", "medium", "full")
    rows = tuple(
        Evaluation(config, stage, state=State.COMPLETE, val_mae=value)
        for stage, values in zip(stages, ([1, 2, 3, 4, 5], [2, 2, 2, 2, 2], [2, 1, 4, 3, 5]), strict=True)
        for config, value in enumerate(values)
    )
    pairs = agreements(replace(small, ladder=Ladder(stages, (1, 1), 5), evaluations=rows))
    assert [(pair.lower, pair.upper) for pair in pairs] == [("quick", "medium"), ("medium", "full"), ("quick", "full")]
    assert pairs[0].reason == "all configs have the same validation MAE at one of the stages"
    assert pairs[2].spearman is not None and pairs[2].spearman.value == pytest.approx(0.8)


def test_test_table_marks_the_usual_steps_and_names_its_mean(small: StudyRecord) -> None:
    board = scoreboard(small)
    assert board is not None
    assert board.forecasters == ("GMAN, config 2", "last value")
    assert [row.step for row in board.rows if row.marked] == [3, 6, 12]
    assert board.rows[0] == HorizonRow(1, 5, False, (Scores(2.1, 4.0, 5.0), Scores(4.0, 8.0, 10.0)))
    assert board.mean_label == "mean of steps 1..12"
    assert board.sensors == (("a", 2.0), ("b", 3.0))
    assert board.silent_sensors == ()
    approx = tuple((step, pytest.approx(gain)) for step, gain in ((3, 42.5), (6, 35.0), (12, 20.0)))
    assert board.gains == (BaselineGain("last value", approx, pytest.approx(33.75)),)


def test_sensors_without_readings_are_named_not_ranked(small: StudyRecord) -> None:
    assert small.test is not None
    test = replace(small.test, sensor_mae={"dead": math.nan, "b": 3.0, "a": 2.0})
    board = scoreboard(replace(small, test=test))
    assert board is not None
    assert (board.sensors, board.silent_sensors) == ((("a", 2.0), ("b", 3.0)), ("dead",))
    assert sensor_caption(board).endswith("Without a reading in the test part: dead.")


def test_horizon_caption_owns_up_to_steps_where_a_baseline_is_better(small: StudyRecord) -> None:
    assert small.test is not None
    plain = small.test.baselines["last value"]
    steps = {**plain["steps"], 1: Scores(2.0, 4.0, 5.0)}
    board = scoreboard(replace(small, test=replace(small.test, baselines={"last value": {**plain, "steps": steps}})))
    assert board is not None
    assert "A baseline is better than the winner 5 minutes ahead." in horizon_caption(board)


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
    sample = sample_summary(small, small.test.samples[0])
    assert (sample.truth, sample.missing, sample.stride, sample.in_view) == ((60.0, None, 62.0), 1, 1, 3)
    assert sample.lines == (ForecastLine(12, 60, (59.0, 60.0, 61.0)),)


def test_frame_leaves_out_few_far_values_and_counts_them() -> None:
    assert frame([1.0, 2.0, None, math.nan]) == Frame(pytest.approx(0.94), pytest.approx(2.06), 0)
    found = frame([*(1 + 0.01 * i for i in range(39)), 50.0])
    assert found is not None and found.high < 2 and found.beyond == 1
    assert frame([]) is None


def test_thin_keeps_the_last() -> None:
    assert thin(range(10), 4) == ((0, 3, 6, 9), 3)
    assert thin(range(9), 4) == ((0, 3, 6, 8), 3)
    assert thin((1, 2), 4) == ((1, 2), 1)
