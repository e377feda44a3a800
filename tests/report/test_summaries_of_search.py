"""Reference config, growth, time, ranks, history and importances, compared with numbers worked out on paper."""

from dataclasses import replace

import pytest

from gman_search.halving.evaluations import Evaluation, State
from gman_search.record import StudyRecord
from gman_search.report.diagnostics.search import larger_stages_paid, late_epoch_std
from gman_search.report.diagnostics.training import generalises, warm_start_helped
from gman_search.report.figures import (
    cold_start_control,
    error_calendar,
    error_map,
    growth,
    learning_curves,
    parallel_coordinate,
    param_importances,
    rank_flow,
    timeline,
)
from gman_search.report.figures.growth import GrownEvaluation
from gman_search.report.figures.optimization_history import HistoryPoint, history
from gman_search.report.figures.parallel_coordinate import Axis
from gman_search.report.figures.rank_flow import RankStep
from gman_search.report.published import published_results, published_table
from gman_search.report.reference_config import reference_standing
from gman_search.report.view import StudyView

from .conftest import curve, evaluation
from .study_record import study_record


def test_the_reference_config_is_compared_at_the_highest_common_stage(small: StudyRecord) -> None:
    found = reference_standing(StudyView(small))
    assert found is not None
    assert (found.stage, found.val_mae, found.rank, found.of) == ("quick", 4.0, 3, 5)
    assert (found.winner_id, found.winner_val_mae, found.gain) == (2, 3.5, pytest.approx(12.5))
    promoted = replace(small, evaluations=(*small.evaluations, evaluation(0, "full", 2.55)))
    at_full = reference_standing(StudyView(promoted))
    assert at_full is not None
    assert (at_full.stage, at_full.rank, at_full.of, at_full.winner_val_mae) == ("full", 2, 3, 2.5)
    assert reference_standing(StudyView(replace(small, evaluations=()))) is None


def with_control(record: StudyRecord) -> StudyRecord:
    """A cold control of config 2 at full: best 2.7 at its third epoch; the grown one had 2.5 at its second."""
    cold = evaluation(2, "full", 2.7, control="cold")
    curves = {**record.curves, cold.key: curve(5.0, 3.0, 2.7)}
    return replace(record, evaluations=(*record.evaluations, cold), curves=curves)


def test_grown_models_have_four_moments(small: StudyRecord) -> None:
    found = growth.compute(StudyView(small))
    assert found.grown == (
        GrownEvaluation(1, "full", None, before=3.0, born=3.0, first=2.8, best=2.6),
        GrownEvaluation(2, "full", None, before=3.5, born=3.6, first=3.0, best=2.5),
    )
    assert cold_start_control.compute(StudyView(small)) == ()
    assert found.median_jump == pytest.approx(0.05)
    assert "differed by +0.050 mph" in growth.caption(found)


def test_a_cold_start_control_measures_growth(small: StudyRecord) -> None:
    view = StudyView(with_control(small))
    (found,) = cold_start_control.compute(view)
    assert (found.grown, found.cold, found.cold_epoch, found.matched, found.epochs_saved) == (2.5, 2.7, 3, 2, 1)
    text = cold_start_control.caption(found)
    assert "needed 2 epochs to be as good as the cold one at its best, after 3" in text
    check = warm_start_helped(view)
    assert check.status == "pass"
    assert check.answer.startswith("1 of 1 grown model ended below the cold-start control, by −7.4")
    assert "never was as good" in cold_start_control.caption(replace(found, matched=None))


def test_growth_worse_than_a_cold_start_needs_attention(small: StudyRecord) -> None:
    record = with_control(small)
    rows = tuple(replace(row, val_mae=2.8) if row.key == "full/2" else row for row in record.evaluations)
    assert warm_start_helped(StudyView(replace(record, evaluations=rows))).status == "warn"


def test_without_a_control_growth_is_only_checked_for_what_it_kept(small: StudyRecord) -> None:
    check = warm_start_helped(StudyView(small))
    assert check.status == "unknown" and "--control-runs 1" in check.answer
    disturbed = {key: (replace(points[0], val_mae=5.0), *points[1:]) for key, points in small.curves.items()}
    assert warm_start_helped(StudyView(replace(small, curves=disturbed))).status == "warn"
    cold = replace(small, spec={**small.spec, "halving": {"warm_start": "none"}})
    assert "random weights" in warm_start_helped(StudyView(cold)).answer


def test_a_random_control_is_grown_and_no_cold_start_control(small: StudyRecord) -> None:
    control = evaluation(3, "full", 2.9, control="random", parent="quick/3")
    record = replace(
        small,
        evaluations=(*small.evaluations, control),
        curves={**small.curves, control.key: curve(5.0, 3.0, 2.9, first=0)},
    )
    found = growth.compute(StudyView(record))
    assert [row.config_id for row in found.grown] == [1, 2, 3]
    assert cold_start_control.compute(StudyView(record)) == ()


def test_the_winner_may_overfit(small: StudyRecord) -> None:
    assert generalises(StudyView(small)).status == "pass"
    points = tuple(replace(point, train_mae=1.0) for point in small.curves["full/2"])
    check = generalises(StudyView(replace(small, curves={**small.curves, "full/2": points})))
    assert check.status == "warn" and "(epoch" not in check.answer and "validation 2.500 against training 1.000" in check.answer  # fmt: skip
    assert generalises(StudyView(replace(small, curves={}))).status == "unknown"


def test_a_gain_within_the_noise_of_late_epochs_is_no_gain(small: StudyRecord) -> None:
    assert late_epoch_std(StudyView(small), "full") is None
    restless = curve(3.0, 2.6, 3.0, 2.6, 3.0, 2.6, 3.0, 2.6)
    record = replace(small, curves={**small.curves, "full/1": restless, "full/2": restless})
    assert late_epoch_std(StudyView(record), "full") == pytest.approx(0.4 / 0.954)
    check = larger_stages_paid(StudyView(record))
    assert check.status == "warn" and "the quick model may be as good" in check.answer


def timed(config_id: int, worker: str, began: float, seconds: float, **more: object) -> Evaluation:
    facts = {"worker": worker, "began": began, "ended": began + seconds}
    return evaluation(config_id, "quick", 3.0 + config_id, seconds=seconds, facts=facts, **more)


def test_the_timeline_cuts_out_nights_and_gives_lines_on(small: StudyRecord) -> None:
    rows = (
        timed(0, "a", 1000.0, 100.0),
        timed(1, "b", 1010.0, 100.0),
        timed(2, "c", 30000.0, 100.0),  # the next morning, another process
        evaluation(3, "quick", None, state=State.WAITING),
    )
    found = timeline.compute(StudyView(replace(small, evaluations=rows)))
    assert found is not None
    assert [(span.worker, span.start, span.end) for span in found.spans] == [(0, 0, 100), (1, 10, 110), (0, 110, 210)]
    assert [(pause.at, pause.seconds) for pause in found.pauses] == [(110.0, 28890.0)]
    assert (found.workers, found.seconds) == (2, 210.0)
    assert found.busy == pytest.approx(300 / 420)
    assert "1 pause of 8\N{NO-BREAK SPACE}h" in timeline.caption(found)
    assert timeline.compute(StudyView(small)) is None


def test_ranks_mark_controls_and_need_five_configs(small: StudyRecord) -> None:
    assert rank_flow.compute(StudyView(small)).reason == "2 of the 5 configs needed completed two stages"
    assert rank_flow.caption(rank_flow.compute(StudyView(small))).startswith("Not drawn: 2 of the 5")
    quick = [evaluation(i, "quick", 3.0 + i) for i in range(8)]
    full = [evaluation(i, "full", 2.0 - 0.1 * i) for i in range(4)]
    control = evaluation(7, "full", 1.85, control="random", parent="quick/7")
    found = rank_flow.compute(StudyView(replace(small, evaluations=(*quick, *full, control), test=None)))
    by_config = {path.config_id: path for path in found.paths}
    assert by_config[3].is_winner
    assert by_config[3].steps == (RankStep("quick", 4, 8, False), RankStep("full", 1, 4, False))
    assert by_config[7].steps == (RankStep("quick", 8, 8, False), RankStep("full", 3, 5, True))
    assert "they would rank 3 of 5 at full" in rank_flow.caption(found)


def test_progress_counts_all_training_time_and_keeps_the_stages_apart(small: StudyRecord) -> None:
    found = history(StudyView(small))
    quick, full = found.lines
    assert [(point.seconds, point.val_mae, point.config_id) for point in quick.points] == [(60, 4.0, 0), (120, 3.0, 1)]
    assert full.points == (HistoryPoint(525.0, 2.6, 1), HistoryPoint(725.0, 2.5, 2))
    assert (found.seconds, found.found_after) == (725.0, 725.0)


def test_parallel_lines_lie_between_zero_and_one(small: StudyRecord) -> None:
    assert parallel_coordinate.compute(StudyView(small)) is None  # one searched parameter
    found = parallel_coordinate.compute(StudyView(study_record()))
    assert found is not None
    assert found.axes[0] == Axis("learning_rate", True, ((0.0, 0.0005), (1.0, 0.02)))
    assert found.axes[3] == Axis("batch_size", False, ((0.0, 16), (0.5, 32), (1.0, 64)))
    assert all(0 <= place <= 1 for line in found.lines for place in line.places)
    assert [line.group for line in found.lines].count("winner") == 1
    assert found.lines[-1].group == "winner"


def test_importances_find_the_parameter_that_decides() -> None:
    found = param_importances.compute(StudyView(study_record()))
    assert (found.items[0].name, found.stage, found.reason) == ("learning_rate", "quick", "")
    assert sum(item.share for item in found.items) == pytest.approx(1)
    assert all(0 <= item.low <= item.high <= 1 for item in found.items)
    assert found == param_importances.compute(StudyView(study_record()))


def test_importances_of_few_configs_are_withheld(small: StudyRecord) -> None:
    assert param_importances.compute(StudyView(study_record(trials=12))).reason.endswith(
        "of the 20 complete configs needed"
    )
    assert "1 searched hyperparameter" in param_importances.compute(StudyView(small)).reason


def test_an_interrupted_attempt_is_marked_where_the_next_went_on() -> None:
    chain = next(chain for chain in learning_curves.compute(StudyView(study_record())).chains if chain.config_id == 2)
    assert chain.segments[0].resumed == (4,)


def test_calendar_names_its_worst_hour_and_the_map_its_places(small: StudyRecord) -> None:
    assert small.test is not None
    assert (error_calendar.compute(StudyView(small)), error_map.compute(StudyView(small))) == (None, None)
    cells = [[1.0] * 24 for _ in range(7)]
    cells[4][17], cells[6][3] = 5.0, 0.5
    cells[0][0] = None
    places = {"a": (34.0, -118.0), "b": (34.1, -118.1), "c": (34.2, -118.2)}
    test = replace(small.test, calendar=tuple(map(tuple, cells)), coordinates=places, sensor_mae={"a": 2.0, "d": 1.0})
    calendar, where = (
        error_calendar.compute(StudyView(replace(small, test=test))),
        error_map.compute(StudyView(replace(small, test=test))),
    )
    assert calendar is not None and where is not None
    assert (calendar.worst, calendar.best, calendar.days) == ((4, 17, 5.0), (6, 3, 0.5), 7)
    assert [sensor.mae for sensor in where.sensors] == [2.0, None, None]
    assert (where.missing, round(where.stretch, 2)) == (1, 1.21)


def test_published_results_are_shown_for_their_data_sets_only(small: StudyRecord) -> None:
    assert published_results(StudyView(small)) is None
    week = replace(
        small,
        spec={"data": {"readings": "/data/METR_LA.csv"}},
        provenance={"sensors": 20, "windows": {"train": 1388, "val": 179, "test": 380}},
    )
    table = published_results(StudyView(week))
    assert table is not None
    assert table.caveat.startswith("Not comparable: this study has 20 of the 207 sensors; its windows are 1947")
    full = published_results(StudyView(replace(week, name="pems-bay", spec={}, provenance={"sensors": 325})))
    assert full is not None and full.dataset == "PEMS-BAY" and "seeds" in full.caveat
    cells = published_table(full, None).rows[0]
    assert cells[:4] == ("GMAN", "1.34", "2.82", "2.81")
