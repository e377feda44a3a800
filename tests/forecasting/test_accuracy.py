"""Scores by step, sensor, hour and weekday are the same errors, cut in other ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gman_search.forecasting.accuracy import accuracy


@given(st.integers(0, 10**6))
def test_every_cut_adds_up_to_the_same_sums(seed):
    random = np.random.default_rng(seed)
    truth = random.uniform(1, 70, (20, 3, 4))
    truth[random.random(truth.shape) < 0.3] = 0
    forecast = random.uniform(1, 70, truth.shape)
    hours = (np.arange(20)[:, None] + np.arange(3)) % 24
    days = (5 + np.arange(20)[:, None] // 8 + np.zeros(3, int)) % 7
    found = accuracy(truth, forecast, hours, days, ("a", "b", "c", "d"))
    total = np.abs(forecast - truth)[truth != 0].sum()
    counts = {
        "steps": {q + 1: (truth[:, q] != 0).sum() for q in range(3)},
        "sensors": {name: (truth[:, :, i] != 0).sum() for i, name in enumerate("abcd")},
        "hours": {hour: (truth[hours == hour] != 0).sum() for hour in np.unique(hours)},
        "days": {day: (truth[days == day] != 0).sum() for day in np.unique(days)},
    }
    for cut, by in counts.items():
        scores = getattr(found, cut)
        assert set(scores) == set(by)
        assert sum(scores[key].mae * count for key, count in by.items() if count) == pytest.approx(total)
    assert found.masked_share == np.mean(truth == 0) and found.windows == 20
    assert found.mean.mae == pytest.approx(np.mean([score.mae for score in found.steps.values()]))
