"""Masked errors: global sums over raw readings, divided once (pure).

A reading of 0 (or NaN) is missing and counts nowhere. Sums and counts are added up over everything before the one
division, so batches of any size, partial ones too, give the number that one big batch would give.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gman_search.record import Scores

__all__ = ["ErrorSums", "masked_scores", "mean_of_steps", "scores_by_step"]

Array = NDArray[np.floating]


@dataclass(frozen=True)
class ErrorSums:
    """Error sums of each forecast step (Q,), so that any batches add up to the scores of all windows at once.

    A step where nothing was observed scores NaN, as does a step whose forecast was NaN where something was observed.
    """

    count: NDArray[np.int64]
    absolute: NDArray[np.float64]
    squared: NDArray[np.float64]
    relative: NDArray[np.float64]

    @classmethod
    def empty(cls, steps: int) -> "ErrorSums":
        """Sums over no windows yet, for `steps` = Q forecast steps."""
        return cls(np.zeros(steps, np.int64), np.zeros(steps), np.zeros(steps), np.zeros(steps))

    def add(self, truth: Array, forecast: Array) -> "ErrorSums":
        """These sums and those of a batch of windows (W, Q, N).

        Raises:
            ValueError: the shapes differ from each other or from Q.
        """
        if truth.shape != forecast.shape or truth.ndim != 3 or truth.shape[1] != len(self.count):
            raise ValueError(
                f"expected truth and forecast (W, {len(self.count)}, N); received {truth.shape} and {forecast.shape}"
            )
        observed = np.isfinite(truth) & (truth != 0)
        actual = np.where(observed, truth, 1.0).astype(np.float64)
        error = np.where(observed, np.abs(forecast.astype(np.float64) - actual), 0.0)
        over = (0, 2)
        batch = ErrorSums(
            observed.sum(axis=over), error.sum(axis=over), np.square(error).sum(axis=over),
            (error / np.abs(actual)).sum(axis=over),
        )  # fmt: skip
        return self.merge(batch)

    def merge(self, other: "ErrorSums") -> "ErrorSums":
        """The sums of both."""
        return ErrorSums(
            self.count + other.count,
            self.absolute + other.absolute,
            self.squared + other.squared,
            self.relative + other.relative,
        )

    def scores(self, step: int) -> Scores:
        """Scores at forecast step `step` alone, from 1."""
        if not 1 <= step <= len(self.count):
            raise ValueError(f"expected a step from 1 to {len(self.count)}; received {step}")
        count = int(self.count[step - 1])
        if count == 0:
            return Scores(float("nan"), float("nan"), float("nan"))
        absolute, squared, relative = (float(s[step - 1]) for s in (self.absolute, self.squared, self.relative))
        return Scores(mae=absolute / count, rmse=float((squared / count) ** 0.5), mape=relative / count * 100.0)


def masked_scores(truth: Array, forecast: Array) -> Scores:
    """MAE and RMSE in the data's unit and MAPE in percent over all observed entries; NaN where nothing is observed.

    Raises:
        ValueError: the shapes differ.
    """
    if truth.shape != forecast.shape:
        raise ValueError(f"expected truth and forecast of one shape; received {truth.shape} and {forecast.shape}")
    observed = np.isfinite(truth) & (truth != 0)
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


def mean_of_steps(steps: Mapping[int, Scores]) -> Scores:
    """Mean of the steps' scores over 1..Q, as the original prints its average. Not a score at any step."""
    return Scores(
        mae=fmean(score.mae for score in steps.values()),
        rmse=fmean(score.rmse for score in steps.values()),
        mape=fmean(score.mape for score in steps.values()),
    )
