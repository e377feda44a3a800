"""Forecast errors by weekday and hour of the moment forecast (pure)."""

import math

import numpy as np
from numpy.typing import NDArray

from gman_search.metrics import masked_scores

__all__ = ["mae_by_hour"]


def mae_by_hour(
    truth: NDArray[np.floating],
    forecast: NDArray[np.floating],
    weekday: NDArray[np.integer],
    hour: NDArray[np.integer],
) -> tuple[tuple[float | None, ...], ...]:
    """Masked MAE (7, 24) of forecasts (W, Q, N), Monday and midnight first; `weekday` and `hour` are (W, Q).

    None where nothing was observed.
    """
    rows = []
    for day in range(7):
        row = []
        for h in range(24):
            chosen = (weekday == day) & (hour == h)
            mae = masked_scores(truth[chosen], forecast[chosen]).mae
            row.append(mae if math.isfinite(mae) else None)
        rows.append(tuple(row))
    return tuple(rows)
