"""Preset, growth, time, ranks, progress, parallel coordinates and importances, against numbers worked out on paper."""

from dataclasses import replace

import pytest

from gman_search.halving.table import Evaluation, State
from gman_search.record import StudyRecord
from gman_search.report.checks.search import larger_stages_paid, wobble
from gman_search.report.checks.training import generalises, warm_start_helped
from gman_search.report.importance import importances
from gman_search.report.published import published_table
from gman_search.report.summaries.curves import curve_summary
from gman_search.report.summaries.growth import GrownEvaluation, growth_summary
from gman_search.report.summaries.parallel import Axis, parallel_summary
from gman_search.report.summaries.places import calendar_summary, sensor_map
from gman_search.report.summaries.preset import preset_standing
from gman_search.report.summaries.progress import ProgressPoint, progress
from gman_search.report.summaries.ranks import RankStep, rank_paths
from gman_search.report.summaries.slices import slice_summary
from gman_search.report.summaries.timeline import timeline
from gman_search.report.text.forecast_tables import published_text
from gman_search.report.text.search_captions import growth_caption, rank_caption, timeline_caption, twin_caption

from .conftest import curve, evaluation
from .study_record import study_record


def test_the_preset_is_compared_at_the_highest_common_stage(small: StudyRecord) -> None:
    found = preset_standing(small)
    assert found is not None
    assert (found.stage, found.val_mae, found.rank, found.of) == ("quick", 4.0, 3, 5)
    assert (found.winner_id, found.winner_val_mae, found.gain) == (2, 3.5, pytest.approx(12.5))
    promoted = replace(small, evaluations=(*small.evaluations, evaluation(0, "full", 2.55)))
    at_full = preset_standing(promoted)
    assert at_full is not None
    assert (at_full.stage, at_full.rank, at_full.of, at_full.winner_val_mae) == ("full", 2, 3, 2.5)
    assert preset_standing(replace(small, evaluations=())) is None


def with_twin(record: StudyRecord) -> StudyRecord:
    """A cold control of config 2 at full: best 2.7 at its third epoch; the grown one had 2.5 at its second."""
    cold = evaluation(2, "full", 2.7, control="cold")
    curves = {**record.curves, cold.key: curve(5.0, 3.0, 2.7)}
    return replace(record, evaluations=(*record.evaluations, cold), curves=curves)


def test_grown_models_are_told_by_four_moments(small: StudyRecord) -> None:
    found = growth_summary(small)
    assert found.grown == (
        GrownEvaluation(1, "full", None, before=3.0, born=3.0, first=2.8, best=2.6),
        GrownEvaluation(2, "full", None, before=3.5, born=3.6, first=3.0, best=2.5),
    )
    assert found.twins == ()
    assert found.median_jump == pytest.approx(0.05)
    assert growth_caption(found).startswith("2 grown models: before the first step +0.050 mph")


def test_a_cold_twin_tells_what_growth_was_worth(small: StudyRecord) -> None:
    found = growth_summary(with_twin(small))
    (twin,) = found.twins
    assert (twin.grown, twin.cold, twin.cold_epoch, twin.matched, twin.epochs_saved) == (2.5, 2.7, 3, 2, 1)
    assert "as good after 2 epochs as the cold one at its best, after 3" in twin_caption(twin, "mph")
    check = warm_start_helped(found)
    assert check.status == "pass"
    assert check.answer.startswith("1 of 1 grown model ended below the cold twin, by −7.4")
    worse = replace(found, twins=(replace(twin, grown=2.8, matched=None),))
    assert warm_start_helped(worse).status == "warn"
    assert "never was as good" in twin_caption(worse.twins[0], "mph")


def test_without_a_twin_growth_is_only_checked_for_what_it_kept(small: StudyRecord) -> None:
    found = growth_summary(small)
    check = warm_start_helped(found)
    assert check.status == "unknown" and "--controls 1" in check.answer
    broken = replace(found, grown=tuple(replace(row, born=1.5 * row.before) for row in found.grown))
    assert warm_start_helped(broken).status == "warn"
    cold = replace(small, spec={**small.spec, "halving": {"warm_start": "none"}})
    assert "random weights" in warm_start_helped(growth_summary(cold)).answer


def test_a_random_control_is_no_twin_but_grown_all_the_same(small: StudyRecord) -> None:
    control = evaluation(3, "full", 2.9, control="random", parent="quick/3")
    record = replace(
        small,
        evaluations=(*small.evaluations, control),
        curves={**small.curves, control.key: curve(5.0, 3.0, 2.9, first=0)},
    )
    found = growth_summary(record)
    assert [row.config_id for row in found.grown] == [1, 2, 3]
    assert found.twins == ()


def test_the_winner_may_have_learned_its_training_days_by_heart(small: StudyRecord) -> None:
    assert generalises(small).status == "pass"
    points = tuple(replace(point, train_mae=1.0) for point in small.curves["full/2"])
    check = generalises(replace(small, curves={**small.curves, "full/2": points}))
    assert check.status == "warn" and "(epoch" not in check.answer and "validation 2.500 against training 1.000" in check.answer  # fmt: skip
    assert generalises(replace(small, curves={})).status == "unknown"


def test_a_gain_that_drowns_in_the_wobble_of_the_curves_is_no_gain(small: StudyRecord) -> None:
    assert wobble(small, "full") is None
    restless = curve(3.0, 2.6, 3.0, 2.6, 3.0, 2.6, 3.0, 2.6)
    record = replace(small, curves={**small.curves, "full/1": restless, "full/2": restless})
    assert wobble(record, "full") == pytest.approx(0.4)
    check = larger_stages_paid(record)
    assert check.status == "warn" and "the quick model would serve as well" in check.answer


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
    found = timeline(replace(small, evaluations=rows))
    assert found is not None
    assert [(span.worker, span.start, span.end) for span in found.spans] == [(0, 0, 100), (1, 10, 110), (0, 110, 210)]
    assert [(pause.at, pause.seconds) for pause in found.pauses] == [(110.0, 28890.0)]
    assert (found.workers, found.seconds) == (2, 210.0)
    assert found.busy == pytest.approx(300 / 420)
    assert "1 pause of 8\N{NO-BREAK SPACE}h" in timeline_caption(found)
    assert timeline(small) is None


def test_ranks_mark_controls_and_need_five_configs(small: StudyRecord) -> None:
    assert rank_paths(small).reason == "2 of the 5 configs needed were seen at two stages"
    assert rank_caption(rank_paths(small)).startswith("Not drawn: 2 of the 5")
    quick = [evaluation(i, "quick", 3.0 + i) for i in range(8)]
    full = [evaluation(i, "full", 2.0 - 0.1 * i) for i in range(4)]
    control = evaluation(7, "full", 1.85, control="random", parent="quick/7")
    found = rank_paths(replace(small, evaluations=(*quick, *full, control), test=None))
    by_config = {path.config_id: path for path in found.paths}
    assert by_config[3].is_winner
    assert by_config[3].steps == (RankStep("quick", 4, 8, False), RankStep("full", 1, 4, False))
    assert by_config[7].steps == (RankStep("quick", 8, 8, False), RankStep("full", 3, 5, True))
    assert "they would have come 3 of 5 at full" in rank_caption(found)


def test_progress_counts_all_training_time_and_keeps_the_stages_apart(small: StudyRecord) -> None:
    found = progress(small)
    quick, full = found.lines
    assert [(point.seconds, point.val_mae, point.config_id) for point in quick.points] == [(60, 4.0, 0), (120, 3.0, 1)]
    assert full.points == (ProgressPoint(525.0, 2.6, 1), ProgressPoint(725.0, 2.5, 2))
    assert (found.seconds, found.found_after) == (725.0, 725.0)


def test_parallel_lines_lie_between_nought_and_one(small: StudyRecord) -> None:
    assert parallel_summary(slice_summary(small)) is None  # one searched parameter
    found = parallel_summary(slice_summary(study_record()))
    assert found is not None
    assert found.axes[0] == Axis("learning_rate", True, ((0.0, 0.0005), (1.0, 0.02)))
    assert found.axes[3] == Axis("batch_size", False, ((0.0, 16), (0.5, 32), (1.0, 64)))
    assert all(0 <= place <= 1 for line in found.lines for place in line.places)
    assert [line.group for line in found.lines].count("winner") == 1
    assert found.lines[-1].group == "winner"


def test_importances_find_the_parameter_that_decides() -> None:
    found = importances(study_record(), resamples=8)
    assert (found.items[0].name, found.stage, found.reason) == ("learning_rate", "quick", "")
    assert sum(item.share for item in found.items) == pytest.approx(1)
    assert all(0 <= item.low <= item.high <= 1 for item in found.items)
    assert found == importances(study_record(), resamples=8)


def test_importances_of_few_configs_are_withheld(small: StudyRecord) -> None:
    assert importances(study_record(trials=12)).reason.endswith("of the 20 complete configs needed")
    assert "1 searched parameter" in importances(small).reason


def test_an_interrupted_attempt_is_marked_where_the_next_went_on() -> None:
    chain = next(chain for chain in curve_summary(study_record()).chains if chain.config_id == 2)
    assert chain.segments[0].resumed == (4,)


def test_calendar_names_its_worst_hour_and_the_map_its_places(small: StudyRecord) -> None:
    assert small.test is not None
    assert (calendar_summary(small), sensor_map(small)) == (None, None)
    cells = [[1.0] * 24 for _ in range(7)]
    cells[4][17], cells[6][3] = 5.0, 0.5
    cells[0][0] = None
    places = {"a": (34.0, -118.0), "b": (34.1, -118.1), "c": (34.2, -118.2)}
    test = replace(small.test, calendar=tuple(map(tuple, cells)), coordinates=places, sensor_mae={"a": 2.0, "d": 1.0})
    calendar, where = calendar_summary(replace(small, test=test)), sensor_map(replace(small, test=test))
    assert calendar is not None and where is not None
    assert (calendar.worst, calendar.best, calendar.days) == ((4, 17, 5.0), (6, 3, 0.5), 7)
    assert [sensor.mae for sensor in where.sensors] == [2.0, None, None]
    assert (where.missing, round(where.stretch, 2)) == (1, 1.21)


def test_published_results_are_shown_for_their_data_sets_only(small: StudyRecord) -> None:
    assert published_table(small) is None
    week = replace(
        small,
        spec={"data": {"speed": "/data/METR_LA.csv"}},
        provenance={"sensors": 20, "windows": {"train": 1388, "val": 179, "test": 380}},
    )
    table = published_table(week)
    assert table is not None
    assert table.caveat.startswith("Not comparable: this study has 20 of the 207 sensors; its windows are 1947")
    full = published_table(replace(week, name="pems-bay", spec={}, provenance={"sensors": 325}))
    assert full is not None and full.dataset == "PEMS-BAY" and "seeds" in full.caveat
    cells = published_text(full, None).rows[0]
    assert cells[:4] == ("GMAN", "1.34", "2.82", "2.81")
