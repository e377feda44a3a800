"""What every baseline can do."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from gman_search.baselines.vector_autoregression import Autoregression, HeldOut, fit_autoregression
from gman_search.data.window_set import WindowSet
from gman_search.errors import DataError
from gman_search.metrics import joined_scores, scores_by_step
from gman_search.missing import is_observed
from gman_search.record import Scores

if TYPE_CHECKING:
    from gman_search.data.task import ForecastDataset

__all__ = ["Baseline", "Regression", "baseline_scores", "check_windows", "shared_regression"]

Regression = Callable[[], tuple[Autoregression, HeldOut]]
"""Fits the regression that several baselines build on, when it is first called."""

TARGETS_AT_ONCE = 2**25
"""More than that are scored in parts: forecasts of all windows of a large network are several times its readings."""


class Baseline(ABC):
    """A forecaster that is fitted to the training part of a task and then forecasts windows of the same sensors."""

    name: ClassVar[str]
    library: ClassVar[str | None] = None
    """Module that fitting needs and that may be missing."""
    builds_on: ClassVar[str | None] = None
    """Name of the baseline that has the same regression."""

    @abstractmethod
    def fit(
        self, task: "ForecastDataset", *, threads: int = 1, seed: int = 0, regression: Regression | None = None
    ) -> None:
        """Fit to the training part, and to nothing else of `task`. Equal arguments give equal forecasts.

        `regression` has that of the same task, which several baselines share; None: it is fitted here.
        """

    @abstractmethod
    def forecast(self, windows: WindowSet) -> NDArray[np.float32]:
        """Forecasts (W, Q, N) in the data's unit, finite, made of each window's inputs, calendar and usual values.

        Raises:
            DataError: the windows have other sensors or other P or Q than those it was fitted to.
        """

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write what `load` needs into `folder`, which is made if there is none.

        Raises:
            DiskFull: there is no room.
        """

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> "Baseline":
        """The baseline that was saved in `folder`; no file in it is ever run.

        Raises:
            DataError: there is none of this kind, or it is damaged.
        """


def shared_regression(task: "ForecastDataset") -> Regression:
    """For fitting several baselines to the training part of one task."""
    return cache(partial(fit_autoregression, task.windows("train")))


def check_windows(windows: WindowSet, fitted: tuple[int, int, int], name: str) -> None:
    """Whether windows have the sizes (P, Q, N) that a baseline was fitted to.

    Raises:
        DataError: they do not.
    """
    received = (windows.P, windows.Q, windows.readings.shape[1])
    if received != fitted:
        wanted, given = (f"P = {P}, Q = {Q} and {N} sensors" for P, Q, N in (fitted, received))
        raise DataError(f"{name}: expected windows of {wanted}, as in training; received {given}")


def baseline_scores(baseline: Baseline, windows: WindowSet) -> dict[int, Scores]:
    """Scores of a fitted baseline at each step, from 1, over the observed targets; see `metrics.mean_of_steps`."""
    size = max(1, TARGETS_AT_ONCE // (windows.Q * windows.readings.shape[1]))
    if len(windows) <= size:
        return scores_by_step(windows.targets, baseline.forecast(windows))
    parts: dict[int, list[tuple[Scores, int]]] = {step + 1: [] for step in range(windows.Q)}
    for first in range(0, len(windows), size):
        some = windows.take(slice(first, first + size))
        targets = some.targets
        for step, scores in scores_by_step(targets, baseline.forecast(some)).items():
            parts[step].append((scores, int(is_observed(targets[:, step - 1]).sum())))
    return {step: joined_scores(found) for step, found in parts.items()}
