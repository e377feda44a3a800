"""Masked errors: global sums over raw readings, divided once (pure).

A reading of 0 (or NaN) is missing and counts nowhere. The forecasts of all windows are gathered first, whatever batches
they came in, and divided once: never a mean of batch means, and no last partial batch is lost.
"""

from collections.abc import Iterable, Mapping
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gman_search.missing import is_observed
from gman_search.record import Scores

__all__ = ["joined_scores", "masked_scores", "mean_of_steps", "scores_by_step"]

Array = NDArray[np.floating]


def masked_scores(truth: Array, forecast: Array) -> Scores:
    """MAE and RMSE in the data's unit and MAPE in percent over all observed entries; NaN where nothing is observed.

    Raises:
        ValueError: the shapes differ.
    """
    if truth.shape != forecast.shape:
        raise ValueError(f"expected truth and forecast of one shape; received {truth.shape} and {forecast.shape}")
    observed = is_observed(truth)
    count = int(observed.sum())
    if count == 0:
        return Scores(float("nan"), float("nan"), float("nan"))
    actual = truth[observed].astype(np.float64)
    error = np.abs(forecast[observed].astype(np.float64) - actual)
    return Scores(
        mae=float(error.sum() / count),
        rmse=float(np.sqrt(np.square(error).sum() / count)),
        mape=float((error / np.abs(actual)).sum() / count * 100.0),
    )


def scores_by_step(truth: Array, forecast: Array) -> dict[int, Scores]:
    """Scores "at step q" alone, q from 1, for (W, Q, N) arrays."""
    return {step + 1: masked_scores(truth[:, step], forecast[:, step]) for step in range(truth.shape[1])}


def joined_scores(parts: Iterable[tuple[Scores, int]]) -> Scores:
    """The scores of all parts together, each with how many entries were observed in it."""
    observed = [(scores, count) for scores, count in parts if count]
    total = sum(count for _, count in observed)
    if not total:
        return Scores(float("nan"), float("nan"), float("nan"))
    return Scores(
        mae=sum(scores.mae * count for scores, count in observed) / total,
        rmse=(sum(scores.rmse**2 * count for scores, count in observed) / total) ** 0.5,
        mape=sum(scores.mape * count for scores, count in observed) / total,
    )


def mean_of_steps(steps: Mapping[int, Scores]) -> Scores:
    """Mean of the steps' scores over 1..Q, as the original prints its average. Not a score at any step."""
    return Scores(
        mae=fmean(score.mae for score in steps.values()),
        rmse=fmean(score.rmse for score in steps.values()),
        mape=fmean(score.mape for score in steps.values()),
    )
