"""The time axis of a series and the choice of sensors."""

import numpy as np
import pytest

from gman_search.data.series import TrafficSeries
from gman_search.errors import DataError


def series(steps=4, step=5, start="2025-03-03T00:00", sensors=("773869", "767541", "767542")):
    times = np.datetime64(start, "m") + np.arange(steps) * step
    values = np.arange(steps * len(sensors), dtype=np.float32).reshape(steps, len(sensors))
    return TrafficSeries(values, times, sensors, step)


@pytest.mark.parametrize("step, per_day", [(1, 1440), (5, 288), (15, 96), (60, 24), (1440, 1)])
def test_steps_of_a_day(step, per_day):
    assert series(step=step).steps_per_day == per_day


@pytest.mark.parametrize("step", [0, -5, 7, 1441])
def test_a_step_that_does_not_divide_a_day_is_refused(step):
    with pytest.raises(DataError, match=f"divides a day.*received {step} minutes"):
        series(step=step)


def test_calendar_around_midnight_on_sunday():
    late = series(steps=3, start="2025-03-02T23:55")
    assert late.time_of_day.tolist() == [287, 0, 1]
    assert late.day_of_week.tolist() == [6, 0, 0]
    assert late.time_of_day.dtype == late.day_of_week.dtype == np.int32


def test_calendar_before_1970():
    assert series(steps=1, start="1969-12-29T10:00").day_of_week.tolist() == [0]
    assert series(steps=1, start="1969-12-29T10:00").time_of_day.tolist() == [120]


def test_missing_share_counts_zeros_of_each_sensor():
    readings = TrafficSeries(np.float32([[0, 1], [0, 2], [3, 0], [0, 4]]), series().times, ("a", "b"), 5)
    assert readings.missing_share.tolist() == [0.75, 0.25]


def test_named_sensors_come_in_the_order_given():
    chosen = series().take(("767542", "773869"))
    assert chosen.sensors == ("767542", "773869")
    np.testing.assert_array_equal(chosen.values[0], [2, 0])
    assert series().take(None).sensors == series().sensors


def test_unknown_names_are_told_with_close_matches():
    with pytest.raises(DataError, match="received 773868, 99; near it: 773869"):
        series().take(("773868", "767541", "99"))
    with pytest.raises(DataError, match="the first ones are 773869"):
        series().take(("north",))


@pytest.mark.parametrize("count", [0, -1, 4])
def test_a_number_of_sensors_that_are_not_there(count):
    with pytest.raises(DataError, match=f"from 1 to 3; received {count}"):
        series().take(count)
