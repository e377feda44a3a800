"""Periods of a backtest: months of the calendar, or some days."""

import numpy as np

from gman_search.data.series import TrafficSeries
from gman_search.tuning.refit_backtest import months_of, periods_of

ROWS = 24 * 120
SERIES = TrafficSeries(np.ones((ROWS, 1)), np.datetime64("2025-01-10T00:00", "m") + np.arange(ROWS) * 60, ("a",), 60)


def test_months_are_the_calendars_the_first_and_the_last_cut():
    found = [(period.name, period.first // 24, period.end // 24) for period in months_of(SERIES, 24 * 30)]
    # Day 30 is the 9th of February; day 120 would be the 10th of May.
    assert found == [("2025-02", 30, 50), ("2025-03", 50, 81), ("2025-04", 81, 111), ("2025-05", 111, 120)]


def test_periods_of_days_leave_out_what_is_left_at_the_end():
    found = [(period.name, period.first // 24, period.end // 24) for period in periods_of(SERIES, 24 * 100, 7)]
    assert found == [("2025-04-20", 100, 107), ("2025-04-27", 107, 114)]
