"""Trained evaluations on the held-out part of the data: errors, coverage, and forecasts to look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gman_search.baselines.naive import historical_average, persistence
from gman_search.data.task import ForecastDataset
from gman_search.data_spec import DataSpec
from gman_search.forecasting.intervals import coverage
from gman_search.forecasting.model_io import SavedModel
from gman_search.forecasting.tensorflow_network import loaded_network
from gman_search.metrics import masked_scores, mean_of_steps, scores_by_step
from gman_search.missing import is_observed
from gman_search.model.attention_map import sensor_attention
from gman_search.record import Coverage, ForecastSample, Scores, TestResult
from gman_search.training.errors_by_hour import mae_by_hour
from gman_search.training.finalize import complete_model, with_intervals
from gman_search.training.step import CompiledModel

__all__ = ["TestEvaluator", "test_forecast", "test_winner"]

DAYS_SHOWN = 7
PERCENTS_TESTED = (50, 80, 90, 95)
ATTENTION_WINDOWS = 12
NEIGHBOURS_SHOWN = 5
MOST_KEPT = 2**29
"""Bytes of forecasts of the test part that are kept."""


class TestEvaluator:
    """Evaluations of a study on its test part; models of one shape are built and traced once."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    def __init__(self, task: ForecastDataset, data: DataSpec) -> None:
        self.task, self.data = task, data
        self._models: dict[tuple[tuple[int, int, int], bool], CompiledModel] = {}
        self._tested: dict[Path, np.ndarray] = {}

    def winner(self, source: Path, *, config_id: int, stage: str, control: str = "") -> tuple[SavedModel, TestResult]:
        """The evaluation in `source` as a saved model with intervals, and all that its test tells."""
        saved = complete_model(self.task, source, self.data)
        model = self._model(saved)
        saved = with_intervals(saved, self.task, model)
        forecast = test_forecast(self.task, model, saved)
        self._keep(source, forecast)
        return saved, test_winner(self.task, forecast, saved, config_id=config_id, stage=stage, control=control)

    def scores(self, source: Path) -> tuple[dict[int, Scores], Scores]:
        """Scores at each step and their mean, of the evaluation in `source`."""
        _, forecast = self.opened(source)
        of_test = forecast(self.task.starts["test"])
        self._keep(source, of_test)
        steps = scores_by_step(self.task.windows("test").targets, of_test)
        return steps, mean_of_steps(steps)

    def opened(self, source: Path) -> tuple[SavedModel, Callable[[NDArray[Any]], np.ndarray]]:
        """The evaluation in `source`, and forecasts (W, Q, N) of the windows that begin at given rows (W,).

        Models of one shape share their memory: only what was opened last may forecast.
        """
        saved = complete_model(self.task, source, self.data)
        model = self._model(saved)
        model.state.load_weights(saved.weights)

        def forecast(starts: NDArray[Any]) -> np.ndarray:
            if source in self._tested and np.array_equal(starts, self.task.starts["test"]):
                return self._tested[source]
            return model.forecast(starts, causal=saved.config.hyperparameters.causal)

        return saved, forecast

    def _keep(self, source: Path, forecast: np.ndarray) -> None:
        """What is tested alone is wanted again for the ensemble: minutes on data of months."""
        if sum(each.nbytes for each in self._tested.values()) + forecast.nbytes <= MOST_KEPT:
            self._tested[source] = forecast

    def _model(self, saved: SavedModel) -> CompiledModel:
        shape, shortcuts = key = saved.config.shape, saved.config.hyperparameters.shortcuts
        if key not in self._models:
            self._models[key] = CompiledModel(self.task, shape, shortcuts=shortcuts)
        return self._models[key]


def test_forecast(task: ForecastDataset, model: CompiledModel, saved: SavedModel) -> np.ndarray:
    """Forecasts (W, Q, N) of the test part by the weights of `saved`."""
    model.state.load_weights(saved.weights)
    return model.forecast(task.starts["test"], causal=saved.config.hyperparameters.causal)


def test_winner(
    task: ForecastDataset, forecast: np.ndarray, saved: SavedModel, *, config_id: int, stage: str, control: str = ""
) -> TestResult:
    """Score the forecasts (W, Q, N) of `saved` on the test part, beside persistence and the historical average."""
    windows = task.windows("test")
    observed = windows.targets
    steps = scores_by_step(observed, forecast)
    baselines = {}
    for name, rule in (("persistence", persistence), ("historical average", historical_average)):
        scores = scores_by_step(observed, rule(windows))
        baselines[name] = {"steps": scores, "mean": mean_of_steps(scores)}
    by_sensor = {
        sensor: masked_scores(observed[:, :, index], forecast[:, :, index]).mae
        for index, sensor in enumerate(task.series.sensors)
    }
    samples = _samples(task, observed, forecast, by_sensor)
    return TestResult(
        config_id=config_id,
        stage=stage,
        steps=steps,
        mean=mean_of_steps(steps),
        baselines=baselines,
        windows=len(task.starts["test"]),
        masked_share=float(np.mean(~is_observed(observed))),
        sensor_mae=by_sensor,
        samples=samples,
        attention=_attention(task, saved, tuple(sample.sensor for sample in samples)),
        coverage=_coverages(saved, observed, forecast),
        calendar=mae_by_hour(observed, forecast, *_moments(task)),
        coordinates=task.coordinates,
        control=control,
    )


def _coverages(saved: SavedModel, observed: np.ndarray, forecast: np.ndarray) -> dict[int, Coverage]:
    intervals = saved.intervals
    if intervals is None:
        return {}
    return {
        percent: coverage(observed, forecast, intervals, percent)
        for percent in PERCENTS_TESTED
        if intervals.has(percent)
    }


def _attention(
    task: ForecastDataset, saved: SavedModel, sensors: tuple[str, ...]
) -> dict[str, tuple[tuple[str, float], ...]]:
    """How much each of `sensors` attends to itself and to whom most else, over windows spread over the test part.

    None for group attention, where a sensor meets the sensors of other groups only as a group, and for several
    channels, which saved models do not have yet.
    """
    if saved.config.groups or saved.config.C != 1:
        return {}
    starts = task.starts["test"]
    chosen = starts[np.unique(np.linspace(0, len(starts) - 1, min(ATTENTION_WINDOWS, len(starts))).astype(int))]
    rows = chosen[:, np.newaxis] + np.arange(task.P + task.Q)
    readings, day, time = task.inputs[rows[:, : task.P]], task.day_of_week[rows], task.time_of_day[rows]
    usual = (task.usual_rows[rows[:, task.P - 1 :]] - task.mean) / task.std
    causal = saved.config.hyperparameters.causal
    weights = sensor_attention(loaded_network(saved), readings, day, time, usual.astype(np.float32), causal=causal)
    names = task.series.sensors
    found = {}
    for sensor in sensors:
        own = names.index(sensor)
        row = weights[own]
        most = [index for index in np.argsort(-row, kind="stable") if index != own][:NEIGHBOURS_SHOWN]
        found[sensor] = tuple((names[index], float(row[index])) for index in (own, *most))
    return found


def _moments(task: ForecastDataset) -> tuple[np.ndarray, np.ndarray]:
    """Weekday and hour (W, Q) of the moments that the forecasts of the test part speak of."""
    rows = task.starts["test"][:, None] + task.P + np.arange(task.Q)
    return task.day_of_week[rows], task.time_of_day[rows] * 24 // task.T


def _samples(
    task: ForecastDataset, observed: np.ndarray, forecast: np.ndarray, by_sensor: dict[str, float]
) -> tuple[ForecastSample, ...]:
    """Best, median and worst sensor over up to a week of the test part."""
    order = sorted((mae, name) for name, mae in by_sensor.items() if np.isfinite(mae))
    if not order:
        return ()
    chosen = {"best": order[0], "median": order[len(order) // 2], "worst": order[-1]}
    shown = min(len(forecast), DAYS_SHOWN * task.T)
    horizons = sorted({min(step, task.Q) for step in (3, 6, 12)})
    # Truth at the time of the first target step; a forecast q steps ahead is shifted to the moment it speaks of.
    first = int(task.starts["test"][0]) + task.P
    times = task.series.times[first : first + shown]
    samples = []
    for rank, (mae, sensor) in chosen.items():
        index = task.series.sensors.index(sensor)
        readings = observed[:shown, 0, index]
        lines = {}
        for step in horizons:
            line: list[float | None] = [None] * shown
            for window in range(shown - step + 1):
                line[window + step - 1] = round(float(forecast[window, step - 1, index]), 2)
            lines[step] = tuple(line)
        samples.append(
            ForecastSample(
                sensor=sensor,
                rank=rank,
                mae=float(mae),
                times=tuple(str(time) for time in times),
                truth=tuple(
                    round(float(value), 2) if seen else None
                    for value, seen in zip(readings, is_observed(readings), strict=True)
                ),
                forecast=lines,
            )
        )
    return tuple(samples)
