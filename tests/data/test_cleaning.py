"""Readings that no road has: what each rule finds, that it looks at the past only, and that all who read leave it out."""

import json
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.baselines.naive import persistence
from gman_search.cli.data_notes import left_out_of_forecast, left_out_of_scores
from gman_search.data.checks.gather import load_checked
from gman_search.data.cleaning.clean import cleaned, left_out_in, left_out_text, to_leave_out
from gman_search.data.cleaning.limits import limits_of
from gman_search.data.cleaning.rules import memory_steps
from gman_search.data.read import read_series
from gman_search.data.series import TrafficSeries
from gman_search.data.task import load_task
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError
from gman_search.forecasting.model_io import DataConfig, data_facts
from gman_search.forecasting.readings import read_readings
from gman_search.forecasting.series_forecaster import SeriesForecaster
from gman_search.reading_options import ReadingOptions
from gman_search.spec import StudySpec


def noise(rows, sensors=1, seed=0):
    return np.random.default_rng(seed).normal(50, 4, (rows, sensors)).astype(np.float32)


def series(values, step=5, start="2025-03-03T00:00"):
    values = np.asarray(values, np.float32)
    times = np.datetime64(start, "m") + np.arange(len(values)) * step
    return TrafficSeries(values, times, tuple(f"s{i}" for i in range(values.shape[1])), step)


def rows_out(found, unit="mph"):
    """{rule: rows} of the first sensor."""
    cleaned_values = cleaned(found, unit).values[:, 0]
    rules = {}
    for period in to_leave_out(found, unit):
        first = int(np.flatnonzero(found.times == period.first)[0])
        assert not cleaned_values[first : first + period.readings].any()
        assert found.times[first + period.readings - 1] == period.last
        rules.setdefault(period.rule, []).extend(range(first, first + period.readings))
    return rules


def test_a_sensor_is_stuck_from_its_second_hour_by_day():
    values = noise(288)
    values[100:160] = 61.5  # 08:20 to 13:15
    assert rows_out(series(values)) == {"stuck": list(range(100 + 23, 160))}


def test_at_night_free_flow_may_repeat_for_hours():
    values = noise(288)
    values[0:48] = 68.1  # midnight to four, as in Orange County
    assert rows_out(series(values)) == {}
    values[0:80] = 68.1  # to 06:35: six hours in all
    assert rows_out(series(values)) == {"stuck": list(range(71, 80))}


def test_once_stuck_by_day_a_sensor_stays_so_in_the_night():
    values = noise(2 * 288)
    values[12 * 18 : 12 * 23] = 40  # 18:00 to 23:00: less than six hours, two of them by day
    assert rows_out(series(values)) == {"stuck": list(range(12 * 20 - 1, 12 * 23))}


def test_long_steps_need_twelve_equal_readings_and_zeros_are_none():
    values = noise(24 * 4)
    values[30:41] = 55  # eleven hours
    assert rows_out(series(values, step=60)) == {}
    values[30:44] = 55
    assert rows_out(series(values, step=60)) == {"stuck": [41, 42, 43]}
    values[30:44] = 0
    assert rows_out(series(values, step=60)) == {}


def test_what_no_road_has_is_left_out_by_unit():
    values = noise(40)
    values[[10, 20, 21]] = 255
    assert rows_out(series(values), "mph") == {"limit": [10, 20, 21]}  # and what follows a code is no jump
    assert rows_out(series(values), "km/h") == {"limit": [10, 20, 21]}
    assert rows_out(series(values), "vehicles") == rows_out(series(values), "furlongs") == {}
    assert limits_of("KM / H", 5).highest == 240 and limits_of("Vehicles/5 min", 5).highest == 25_000
    assert limits_of("vehicles", 180).highest == 75_000 and limits_of("%", 5).highest == 100
    assert limits_of("share", 5) == limits_of("share", 60)


def test_a_jump_is_left_out_and_what_stays_is_believed():
    values = noise(40)
    values[10] = 149
    values[20:] -= 30
    values[30:] += 90
    found = rows_out(series(values))
    assert found == {"jump": [10, 30]}  # a stop (row 20) is none; what rose at row 30 is believed from row 31
    assert rows_out(series(values), "vehicles") == {}


@pytest.mark.parametrize("digits", [None, 2, 1])
def test_lines_are_filled_in(digits):
    values = noise(100)
    line = np.linspace(20, 64, 31)[:, None]
    values[40:71] = line if digits is None else line.round(digits)
    found = rows_out(series(values))
    assert set(found) == {"line"} and found["line"][0] in (50, 51) and found["line"][-1] == 70
    values[55] = 0  # a gap in it: each half is fifteen long
    again = rows_out(series(values))["line"]
    assert 55 not in again and 54 in again and 70 in again and 60 not in again


def test_a_calm_hour_is_no_line():
    slow = 60 + 0.1 * np.arange(100) + np.random.default_rng(0).normal(0, 0.3, 100)
    assert rows_out(series(slow.round(1)[:, None])) == {}
    assert rows_out(series((np.arange(100) // 3 + 20.0)[:, None])) == {}  # counts that rise by one now and then


runs = st.lists(
    st.tuples(
        st.sampled_from(["noise", "equal", "line", "gap", "code", "spike"]), st.integers(1, 90), st.integers(1, 70)
    ),
    min_size=1,
    max_size=8,
)


def built(parts, seed):
    random, pieces = np.random.default_rng(seed), []
    for kind, length, level in parts:
        pieces.append({
            "noise": random.normal(level, 3, length).round(1), "equal": np.full(length, level), "gap": np.zeros(length),
            "line": np.linspace(level, 90, length).round(random.integers(0, 5)), "code": np.full(length, 999.0),
            "spike": np.where(np.arange(length) % 5 == 4, 149.0, level + random.normal(0, 1, length)),
        }[kind])  # fmt: skip
    return np.abs(np.concatenate(pieces))[:, None]


@settings(max_examples=60)
@given(runs, st.integers(0, 99), st.sampled_from([5, 15, 60]), st.integers(0, 23), st.data())
def test_rules_see_the_past_only_and_no_more_of_it_than_they_say(parts, seed, step, hour, data):
    whole = series(built(parts, seed), step, f"2025-03-03T{hour:02d}:00")
    marked = cleaned(whole, "mph").values != whole.values
    row = data.draw(st.integers(0, len(whole.values) - 1))
    first = max(0, row + 1 - memory_steps(step))
    recent = series(whole.values[first : row + 1], step, str(whole.times[first]))
    assert ((cleaned(recent, "mph").values != recent.values)[-1] == marked[row]).all()


@settings(max_examples=60)
@given(runs, runs, st.integers(0, 99))
def test_cleaning_twice_and_beside_other_sensors_is_the_same(parts, others, seed):
    one, other = built(parts, seed), built(others, seed)
    rows = min(len(one), len(other))
    both = series(np.concatenate([one[:rows], other[:rows]], axis=1))
    once = cleaned(both, "mph")
    assert to_leave_out(once, "mph") == () and cleaned(once, "mph") is once
    np.testing.assert_array_equal(once.values[:, 1:], cleaned(series(other[:rows]), "mph").values)
    assert left_out_in(once, 0, rows) == (once.values != both.values).sum()
    assert left_out_in(once, 3, rows // 2) == (once.values != both.values)[3 : rows // 2].sum()


def test_times_of_what_is_left_out_are_those_of_the_sensors_taken():
    values = noise(288, 3)
    values[100:160, 1] = 61.5
    found = cleaned(series(values), "mph")
    assert found.take(("s0", "s2")).left_out == () and found.take(("s1",)).left_out == found.left_out
    assert left_out_text(found.left_out) == "37 readings of 1 sensor (37 stuck)"
    assert left_out_in(found, 123, 125) == 2 and left_out_in(found, 0, 123) == 0


@pytest.fixture
def stuck_file(tmp_path):
    """(file, values) of three weeks of 15 minutes; b is stuck on the first and on the last day."""
    values = noise(96 * 21, 3).astype(float).round(1)
    values[40:60, 1] = values[-30:, 1] = 61.5
    table = pd.DataFrame(
        values, index=pd.date_range("2025-03-03", periods=len(values), freq="15min"), columns=list("abc")
    )
    table.to_csv(tmp_path / "speed.csv", index_label="time")
    return tmp_path / "speed.csv", table


def test_whoever_reads_leaves_out_the_same(stuck_file):
    file, table = stuck_file
    options = ReadingOptions(clean=True)
    expected = table.to_numpy(np.float32).copy()
    expected[51:60, 1] = expected[-19:, 1] = 0
    np.testing.assert_array_equal(read_series(file, options).values, expected)
    assert np.isnan(read_series(file, options, blank=np.nan).values).sum() == 28
    for source in (file, table, read_series(file)):
        np.testing.assert_array_equal(read_readings(source, options).values, expected)
    np.testing.assert_array_equal(read_series(file).values, table.to_numpy(np.float32))
    # The last rows of what a forecast is made from, as a live feed has them.
    recent = table.iloc[-(12 + memory_steps(15) - 1) :]
    np.testing.assert_array_equal(read_readings(recent, options).values[-12:], expected[-12:])


def test_what_is_left_out_of_the_test_part_is_no_target_and_is_counted(stuck_file):
    file, _ = stuck_file
    plain, clean = (load_task(DataSpec(readings="speed.csv", clean=on), file.parent) for on in (False, True))
    windows = [task.windows("test").targets for task in (plain, clean)]
    assert (windows[0] != 0).all() and clean.fingerprint != plain.fingerprint
    assert not windows[1][-1, -12:, 1].any() and windows[1][-1, :, [0, 2]].all()
    spec = StudySpec.model_validate({"data": {"readings": "speed.csv", "clean": True}})
    (found,) = [one for one in load_checked(spec, file.parent).findings if one.code == "left-out"]
    first, end = clean.starts["test"][0] + 12, clean.starts["test"][-1] + 24
    share = 19 / ((end - first) * 3)
    assert f"28 readings of 1 sensor (28 stuck), 19 of them in the test part ({share:.2%} of its" in found.message


class LastReading(SeriesForecaster):
    """Persistence, which shows what a forecast is made from."""

    def values(self, windows, *, of=None):
        return persistence(windows)


def test_a_forecast_sees_what_training_and_evaluation_saw(stuck_file):
    file, table = stuck_file
    spec = DataSpec(readings="speed.csv", clean=True, missing_values=("zero", "nan", "negative"))
    task = load_task(spec, file.parent)
    facts = json.loads(json.dumps(data_facts(task, spec)))
    assert facts["reading"]["clean"] and facts["reading"]["unit"] == "mph"
    model, windows = LastReading(DataConfig.model_validate(facts), None, None), task.windows("test")
    needed = task.P + memory_steps(15) - 1
    for number in (0, len(windows) - 20, len(windows) - 5, len(windows) - 1):  # b is stuck in the last three
        last_row = windows.starts[number] + task.P
        recent = table.iloc[last_row - needed : last_row]
        np.testing.assert_array_equal(model.forecast(recent).values[0, 0], windows.last[number])
    # At the end of the file all of b's last P readings are left out: nothing is known of it but the mean.
    plain = LastReading(DataConfig.model_validate(facts | {"reading": {}}), None, None)
    recent = table.iloc[-needed:]
    assert plain.forecast(recent).values[0, 0, 1] == np.float32(61.5)
    assert model.forecast(recent).values[0, 0, 1] == pytest.approx(task.mean)
    assert model.forecast(table.iloc[-12:]).values[0, 0, 1] == np.float32(61.5)  # too few rows to tell, which is said


def test_commands_say_what_was_left_out_and_when_rows_are_too_few(stuck_file):
    file, _ = stuck_file
    found = read_series(file, ReadingOptions(clean=True))
    assert left_out_of_forecast(found, 12) == [
        "clean leaves out 28 readings of 1 sensor (28 stuck): they count as missing"
    ]
    few = read_readings(pd.read_csv(file).tail(34), ReadingOptions(clean=True))
    assert left_out_of_forecast(few, 12)[-1].endswith(
        "expected 35, so that the last 12 are as in training; received 34"
    )
    assert left_out_of_scores(found, 55, 70) == [
        "clean leaves out 5 of the readings to compare with: these errors do not count them"
    ]
    assert left_out_of_scores(found, 60, 200) == []


def test_another_unit_is_refused_before_everything_is_left_out(stuck_file, refused):
    file, table = stuck_file
    (table * 3.6).round(1).to_csv(file, index_label="time")
    told = refused(lambda: load_task(DataSpec(readings="speed.csv", clean=True), file.parent))
    assert "at most 150 mph" in told and "set data.unit" in told
    assert load_task(DataSpec(readings="speed.csv", clean=True, unit="km/h"), file.parent).series.left_out
    with pytest.raises(DataError):  # what was not left out in training is no reason to refuse a forecast
        load_task(DataSpec(readings="speed.csv", clean=True, unit="m/s"), file.parent)


def test_the_demo_can_be_cleaned_and_has_nothing_to_leave_out():
    assert load_task(DataSpec(clean=True), None).fingerprint == load_task(DataSpec(), None).fingerprint


@pytest.mark.real_data
def test_the_real_week_was_filled_in(metr_la_week):
    found = to_leave_out(
        read_series(metr_la_week / "los_speed.csv", ReadingOptions(start="2012-03-01", step="5min")), "mph"
    )
    longest = max(found, key=lambda period: period.readings)
    assert (longest.sensor, longest.rule) == ("718089", "line")
    assert longest.last.astype(datetime) == datetime(2012, 3, 2, 9, 10)
    assert 7000 < sum(period.readings for period in found if period.rule == "line") < 9000
