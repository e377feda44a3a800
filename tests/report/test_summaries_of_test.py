"""Prediction intervals and attention, compared with numbers worked out on paper."""

from dataclasses import replace

import pytest

from gman_search.record import Coverage, StudyRecord
from gman_search.report.diagnostics.forecast import intervals_hold
from gman_search.report.figures import attention, error_map, interval_coverage
from gman_search.report.view import StudyView

NBSP = "\N{NO-BREAK SPACE}"
PLACES = {"a": (0.0, 0.0), "b": (1.0, 0.0), "c": (0.0, 2.0)}


def with_test(record: StudyRecord, **fields: object) -> StudyRecord:
    assert record.test is not None
    return replace(record, test=replace(record.test, **fields))


def covered(record: StudyRecord, held: float = 88.0, slow: float = 85.0) -> StudyRecord:
    by_step = (90.0, *([88.0] * 10), 86.5)
    narrow = Coverage(50.5, 3.0, (50.5,) * 12, lowest_sensor=40.0, slow=float("nan"))
    return with_test(record, coverage={90: Coverage(held, 9.25, by_step, lowest_sensor=70.0, slow=slow), 50: narrow})


def attended(record: StudyRecord) -> StudyRecord:
    shares = {"a": (("b", 0.4), ("a", 0.2), ("c", 0.1))}
    return with_test(record, attention=shares, coordinates=PLACES, sensor_mae={"a": 1.0, "b": 2.0, "c": 3.0})


def test_coverage_at_every_step_compared_with_the_promise(small: StudyRecord) -> None:
    found = interval_coverage.compute(StudyView(covered(small)))
    assert found is not None
    assert [(row.percent, row.held) for row in found.rows] == [(50, 50.5), (90, 88.0)]
    assert found.rows[1].short == 2.0 and found.minutes == tuple(range(5, 65, 5))
    table = interval_coverage.table(found)
    assert table.columns[1:] == ("promise 50 %", "promise 90 %")
    assert table.rows[0] == ("1 (5 min)", "50.5", "90.0") and table.rows[11] == ("12 (60 min)", "50.5", "86.5")
    assert [row[2] for row in table.rows[12:]] == ["88.0", "85.0", "70.0", "9.25"] and table.rows[13][1] == "–"


def test_the_caption_reports_the_lowest_coverage(small: StudyRecord) -> None:
    found = interval_coverage.compute(StudyView(covered(small)))
    assert found is not None
    assert interval_coverage.caption(found) == (
        f"The intervals are made from the errors on the validation part and measured on the test part. Those of 90{NBSP}% "
        f"held 88.0{NBSP}% of the readings, at a mean width of 9.25 mph, and 85.0{NBSP}% where the forecast was slow. "
        f"Coverage is lowest 60 minutes ahead (86.5{NBSP}%). Below the dotted line, they held less often than promised."
    )
    drawn = {trace.name: list(trace.y) for trace in interval_coverage.plot(found).data if trace.name}
    assert drawn["90 %"][0] == 0.0 and drawn["90 %"][-1] == -3.5


@pytest.mark.parametrize(("held", "slow", "status"), [(88.0, 85.0, "pass"), (86.9, 85.0, "warn"), (88.0, 79.0, "warn")])
def test_intervals_that_fall_short_are_worth_a_look(small: StudyRecord, held: float, slow: float, status: str) -> None:
    check = intervals_hold(StudyView(covered(small, held, slow)))
    assert check.status == status and f"held {held}{NBSP}% of the readings" in check.answer


def test_without_intervals_there_is_no_verdict(small: StudyRecord) -> None:
    assert (
        interval_coverage.compute(StudyView(small)) is None
        and interval_coverage.compute(StudyView(replace(small, test=None))) is None
    )
    assert intervals_hold(StudyView(small)).status == "unknown"


def test_attention_by_share_and_distance(small: StudyRecord) -> None:
    found = attention.compute(StudyView(attended(small)))
    assert found is not None
    (focus,) = found.focuses  # of the sensors shown, only `a` has its attention kept
    assert (focus.rank, focus.sensor, focus.own) == ("best", "a", 20.0)
    assert [(other.name, other.percent) for other in focus.others] == [("b", 40.0), ("c", 10.0)]
    assert focus.others[0].kilometres == pytest.approx(111.19, abs=0.01)  # one degree of latitude
    assert found.even == pytest.approx(100 / 3)
    assert attention.table(found).rows[0] == ("a", "best", "b", "40.00", "111.2")
    text = attention.caption(found)
    assert "attends most to b, 111.2 km away: 40.0" in text and "1.2 times the even share of 33.3" in text
    assert f"To itself: 20.0{NBSP}%" in text
    assert [list(trace.x) for trace in attention.plot(found).data] == [[40.0, 10.0]]


def test_the_map_draws_lines_to_the_sensors_that_one_attends_to(small: StudyRecord) -> None:
    record = attended(small)
    where = error_map.compute(StudyView(record))
    assert where is not None and where.attention is not None
    lines = [trace for trace in error_map.plot(where).data if trace.mode == "lines"]
    assert [(list(line.x), list(line.y)) for line in lines] == [([0.0, 0.0], [0.0, 1.0]), ([0.0, 2.0], [0.0, 0.0])]
    assert lines[0].line.width > lines[1].line.width
    assert all(trace.mode != "lines" for trace in error_map.plot(replace(where, attention=None)).data)


def test_no_attention_no_figure(small: StudyRecord) -> None:
    assert (
        attention.compute(StudyView(small)) is None and attention.compute(StudyView(replace(small, test=None))) is None
    )
    alone = with_test(small, attention={"a": (("a", 1.0),)})
    assert attention.compute(StudyView(alone)) is None
