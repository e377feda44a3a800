"""Errors by the day that is forecast, compared with a plain loop."""

import numpy as np
import pytest

from gman_search.data.series import TrafficSeries
from gman_search.data.usual import UsualValues
from gman_search.errors import DataError
from gman_search.forecasting import by_day
from gman_search.forecasting.by_day import daily_errors, joined
from gman_search.forecasting.model_io import DataConfig
from gman_search.forecasting.series_forecaster import SeriesForecaster

P, Q, ROWS = 3, 2, 24 * 4


class Tomorrow(SeriesForecaster):
    """Forecasts the last reading and 1 more a step; holidays as given."""

    def __init__(self, holidays=()):
        config = DataConfig(P=P, Q=Q, T=24, mean=40.0, std=5.0, step_minutes=60, sensors=("a", "b"))
        usual = UsualValues(np.arange(7 * 24 * 2, dtype=float).reshape(7, 24, 2))
        super().__init__(config, None, usual, np.array(holidays, "datetime64[D]"))

    def values(self, windows, *, of=None):
        return windows.last[:, None] + np.arange(1, Q + 1)[None, :, None]


@pytest.fixture
def series():
    random = np.random.default_rng(0)
    values = random.uniform(30, 60, (ROWS, 2)).astype(np.float32)
    values[random.random(values.shape) < 0.1] = 0
    times = np.datetime64("2025-03-06T00:00", "m") + np.arange(ROWS) * 60  # a Thursday
    return TrafficSeries(values, times, ("a", "b"), 60)


@pytest.mark.parametrize("at_once", [7, 4096])
def test_they_are_those_of_a_loop_over_windows_steps_and_sensors(series, monkeypatch, at_once):
    monkeypatch.setattr(by_day, "WINDOWS_AT_ONCE", at_once)
    starts = np.arange(ROWS - P - Q + 1)
    expected = np.zeros((7, 4, 2))
    for start in starts:
        for step in range(Q):
            day = (start + P + step) // 24
            expected[6, day] += 1
            for sensor in range(2):
                truth = float(series.values[start + P + step, sensor])
                past = [value for value in series.values[start : start + P, sensor] if value]
                if truth:
                    last = float(past[-1]) if past else 40.0
                    error = last + step + 1 - truth
                    moment = start + P + step
                    usual = ((3 + moment // 24) * 24 + moment % 24) * 2 + sensor  # Thursday is 3
                    expected[:6, day, sensor] += [abs(error), abs(last - truth), error, truth, usual, 1]
    found = daily_errors(Tomorrow(), series, starts)
    for number, name in enumerate(("model", "persistence", "bias", "reading", "usual", "count")):
        assert np.allclose(getattr(found, name), expected[number], rtol=1e-5), name
    assert found.possible.tolist() == expected[6, :, 0].tolist()
    assert found.days.astype(str).tolist() == ["2025-03-06", "2025-03-07", "2025-03-08", "2025-03-09"]
    assert found.weekend.tolist() == [False, False, True, True]
    assert daily_errors(Tomorrow(["2025-03-07"]), series, starts).weekend.tolist() == [False, True, True, True]


def test_days_that_are_cut_in_two_are_put_together(series):
    starts = np.arange(ROWS - P - Q + 1)
    whole, parts = daily_errors(Tomorrow(), series, starts), np.split(starts, [40])
    both = joined(*(daily_errors(Tomorrow(), series, part) for part in parts))
    assert both.days.tolist() == whole.days.tolist() and both.weekend.tolist() == whole.weekend.tolist()
    for name in ("model", "persistence", "bias", "reading", "usual", "count", "possible"):
        assert np.allclose(getattr(both, name), getattr(whole, name)), name


def test_without_a_reading_to_compare_there_are_none(series):
    series.values[P:] = 0
    with pytest.raises(DataError, match="all of them are missing"):
        daily_errors(Tomorrow(), series, np.arange(10))
