"""Would a refit have paid? The tested and the refitted model, scored on readings that neither was trained on."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from gman_search.baselines.naive import persistence
from gman_search.data.all_readings import task_of_all
from gman_search.data.series import TrafficSeries
from gman_search.data.task import ForecastDataset
from gman_search.data.window_set import window_set
from gman_search.data_spec import DataSpec
from gman_search.ensemble.check import mean_error
from gman_search.ensemble.store import is_ensemble
from gman_search.halving.refit import BEST_RULE, RefitRule
from gman_search.tuning.refit import ENSEMBLE, WINNER, Refit, refit_facts

__all__ = ["Period", "PeriodErrors", "months_of", "periods_of", "refit_backtest"]


@dataclass(frozen=True)
class Period:
    """Rows `first` up to, not including, `end` of the series, which are forecast by a refit on all rows before."""

    name: str
    first: int
    end: int


@dataclass(frozen=True)
class PeriodErrors:
    """MAE, mean of the steps, in a period: of persistence, and by part ("ensemble", "winner") tested and refitted.

    `steps` are the training steps of the refit by model, `new_share` that of its windows which were new, `seconds` what
    it took.
    """

    period: str
    windows: int
    persistence: float
    tested: dict[str, float]
    refitted: dict[str, float]
    steps: dict[str, int]
    new_share: float
    seconds: float


def months_of(series: TrafficSeries, after: int) -> list[Period]:
    """The calendar months of the rows from `after` on; the last may be cut."""
    months = series.times[after:].astype("datetime64[M]")
    cuts = [0, *(np.flatnonzero(months[1:] != months[:-1]) + 1), len(months)]
    return [Period(str(months[first]), after + int(first), after + int(end)) for first, end in pairwise(cuts)]


def periods_of(series: TrafficSeries, after: int, days: int) -> list[Period]:
    """Periods of so many days from row `after` on; what is left at the end joins none."""
    size = days * series.steps_per_day
    firsts = range(after, len(series.values) - size + 1, size)
    return [Period(str(series.times[first].astype("datetime64[D]")), first, first + size) for first in firsts]


def refit_backtest(
    source: Path,
    task: ForecastDataset,
    series: TrafficSeries,
    periods: Sequence[Period],
    data: DataSpec,
    folder: Path,
    *,
    rule: RefitRule = BEST_RULE,
    seed: int = 0,
    stride: int = 1,
    say: Callable[[str], None] = lambda text: None,
) -> list[PeriodErrors]:
    """Refit what is in `source` before each period, and score it and what it was on that period.

    Args:
        source: folder with `winner` and, if there is one, `ensemble`, made on `task`.
        task: of the first readings, with their train, validation and test part.
        series: all readings; it begins as those of `task` do.
        periods: after the readings of `task`.
        data: how readings were filled in.
        folder: for the refitted models.
        rule: of the refit.
        seed: of boosted trees.
        stride: every how many-th window of a period is scored.
        say: called with what is being trained.

    Raises:
        DataError: a model is missing, or a period has no reading.
    """
    found = []
    for period in periods:
        starts = np.arange(max(0, period.first - task.P), period.end - task.P - task.Q + 1, stride)
        truth = series.values[starts[:, np.newaxis] + task.P + np.arange(task.Q)]
        before = TrafficSeries(
            series.values[: period.first], series.times[: period.first], series.sensors, series.step_minutes
        )
        whole = task_of_all(task, before, data.imputation, fresh_usual=rule.fresh_usual)
        facts = refit_facts(whole, len(task.starts["train"]))
        began = time.perf_counter()
        facts = Refit(source, whole, facts, seed, say, rule).write(folder / period.name)
        seconds = time.perf_counter() - began
        given = window_set(series, starts, None, P=task.P, Q=task.Q, mean=task.mean)
        found.append(
            PeriodErrors(
                period.name,
                len(starts),
                mean_error(truth, persistence(given)),
                _errors(source, series, starts, truth),
                _errors(folder / period.name, series, starts, truth),
                facts.steps,
                facts.new_windows / facts.windows,
                seconds,
            )
        )
    return found


def _errors(folder: Path, series: TrafficSeries, starts: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    from gman_search.ensemble.forecaster import EnsembleForecaster
    from gman_search.forecasting.forecaster import Forecaster

    errors = {WINNER: mean_error(truth, Forecaster(folder / WINNER).windows(series, starts))}
    if is_ensemble(folder / ENSEMBLE):
        errors[ENSEMBLE] = mean_error(truth, EnsembleForecaster(folder / ENSEMBLE).windows(series, starts))
    return errors
