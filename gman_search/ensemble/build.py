"""From candidates to the ensemble that a search delivers: chosen on the validation part, then tested.

The forecasts of one candidate at a time are made; those of the validation windows are all kept until the weights are
chosen, those of the test part only as their weighted sum.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gman_search.data.task import ForecastDataset
from gman_search.ensemble.candidate import Candidate, Opened, exportable_weights, is_exportable
from gman_search.ensemble.check import Choice, choose, mean_error, weighted
from gman_search.ensemble.select import READINGS
from gman_search.errors import GmanSearchError
from gman_search.forecasting.intervals import Intervals, calibrated, free_flow_readings
from gman_search.metrics import mean_of_steps, scores_by_step
from gman_search.record import EnsembleMember, LeaderboardRow

__all__ = ["Chosen", "Tested", "choose_members", "forecast_milliseconds", "test_members", "validation_starts"]

MOST_WINDOWS = 1000
FEWEST_WINDOWS = 500
TIMED = 5

Array = NDArray[np.floating]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Chosen:
    """Candidates that could forecast, the weights (Q, M) of each, and their MAE on the validation windows alone.

    `intervals` are those of the ensemble, from its errors on the same windows, `exported_intervals` those of its
    members that can be exported, if these are some.
    """

    candidates: tuple[Candidate, ...]
    choice: Choice
    alone: tuple[float, ...]
    intervals: Intervals
    exported_intervals: Intervals | None

    @property
    def exported(self) -> Array | None:
        """Weights (Q, M) of the exportable members; see `exportable_weights`."""
        return exportable_weights(
            self.choice.weights, [is_exportable(each.kind, each.name) for each in self.candidates]
        )

    def described(self) -> tuple[EnsembleMember, ...]:
        """The candidates with weight and their weights at each step, the largest first."""
        found = []
        for index in self.members:
            candidate = self.candidates[index]
            weights = tuple(float(weight) for weight in self.choice.weights[:, index])
            found.append(EnsembleMember(candidate.name, candidate.kind, candidate.key, weights))
        return tuple(found)

    @property
    def members(self) -> list[int]:
        """Numbers of the candidates with weight, the largest first."""
        mean = self.choice.weights.mean(axis=0)
        return [int(index) for index in np.argsort(-mean, kind="stable") if mean[index] > 0]


@dataclass(frozen=True)
class Tested:
    """The ensemble's forecasts (W, Q, N) of the test part, its part that can be exported, and all that were scored.

    `exportable` is None where no member can be exported, or all can.
    """

    forecast: Array
    exportable: Array | None
    rows: tuple[LeaderboardRow, ...]
    forecast_ms: float


def validation_starts(task: ForecastDataset) -> NDArray[np.integer]:
    """First rows of the validation windows that weights are chosen on: all, or some thousand, evenly spread."""
    starts = task.starts["val"]
    most = min(MOST_WINDOWS, max(FEWEST_WINDOWS, READINGS // len(task.series.sensors)))
    chosen: NDArray[np.integer] = starts[np.unique(np.linspace(0, len(starts) - 1, most).astype(int))]
    return chosen


def choose_members(task: ForecastDataset, candidates: Sequence[Candidate], on_warning: Warn) -> Chosen | None:
    """Weights for `candidates`; None where none of them can forecast. Who cannot is left out, with a warning."""
    starts = validation_starts(task)
    truth = task.targets[starts[:, np.newaxis] + task.P + np.arange(task.Q)]
    able: list[Candidate] = []
    forecasts: list[Array] = []
    failures: list[str] = []
    for candidate in candidates:
        try:
            forecast = candidate.opened().forecast(starts)
        except GmanSearchError as error:
            failures.append(f"{candidate.name}: {error}")
            continue
        if not np.isfinite(forecast).all():
            failures.append(f"{candidate.name}: its forecasts are no finite numbers")
            continue
        able.append(candidate)
        forecasts.append(forecast.astype(np.float32))
    if failures:
        on_warning(f"{len(failures)} of {len(candidates)} cannot join the ensemble; the first: {failures[0]}")
    if not able:
        return None
    stack = np.stack(forecasts)
    choice = choose([candidate.name for candidate in able], truth, stack, starts, task.P + task.Q)
    first, end = task.train_rows
    free = free_flow_readings(task.targets[first:end])
    exported = exportable_weights(choice.weights, [is_exportable(each.kind, each.name) for each in able])
    return Chosen(
        candidates=tuple(able),
        choice=choice,
        alone=tuple(mean_error(truth, forecast) for forecast in stack),
        intervals=calibrated(truth, weighted(stack, choice.weights), free),
        exported_intervals=None if exported is None else calibrated(truth, weighted(stack, exported), free),
    )


def test_members(
    task: ForecastDataset, chosen: Chosen, shown: Sequence[str], on_opened: Callable[[Candidate, Opened], None]
) -> Tested:
    """Forecast the test part with every member and with the candidates of the names `shown`, as they are delivered.

    `on_opened` is called with each member while it is open, in the order of `chosen.members`.
    """
    starts = task.starts["test"]
    truth = task.targets[starts[:, np.newaxis] + task.P + np.arange(task.Q)]
    weights, exported = chosen.choice.weights, chosen.exported
    total, without = np.zeros(truth.shape), None if exported is None else np.zeros(truth.shape)
    milliseconds, rows = 0.0, []
    others = [i for i, each in enumerate(chosen.candidates) if each.name in shown and i not in chosen.members]
    for index in [*chosen.members, *others]:
        candidate = chosen.candidates[index]
        opened = candidate.delivered()
        forecast, cost = opened.forecast(starts), forecast_milliseconds(opened, starts)
        if index in chosen.members:
            on_opened(candidate, opened)
            milliseconds += cost
            total += weights[:, index, np.newaxis] * forecast
            if without is not None and exported is not None:
                without += exported[:, index, np.newaxis] * forecast
        if candidate.name in shown:
            rows.append(_row(candidate, chosen.alone[index], truth, forecast, cost))
    return Tested(
        total.astype(np.float32), None if without is None else without.astype(np.float32), tuple(rows), milliseconds
    )


def forecast_milliseconds(opened: Opened, starts: NDArray[Any]) -> float:
    """Of one forecast, after the first one; the median of some."""
    times = []
    for _ in range(TIMED + 1):
        began = time.perf_counter()
        opened.forecast(starts[:1])
        times.append(time.perf_counter() - began)
    return 1000.0 * median(times[1:])


def _row(candidate: Candidate, val_mae: float, truth: Array, forecast: Array, milliseconds: float) -> LeaderboardRow:
    steps = scores_by_step(truth, forecast)
    return LeaderboardRow(
        name=candidate.name,
        kind=candidate.role,
        key=candidate.key,
        val_mae=val_mae,
        steps=steps,
        mean=mean_of_steps(steps),
        train_seconds=candidate.train_seconds,
        forecast_ms=milliseconds,
    )
