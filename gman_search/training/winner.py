"""A trained evaluation made fit for forecasting, and the winner's one test on the held-out part."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gman_search.data.baselines import historical_average, persistence, truth
from gman_search.data.task import ForecastTask
from gman_search.forecasting.forecaster import evaluation_partings
from gman_search.forecasting.intervals import calibrated, coverage, usual_readings
from gman_search.forecasting.saved import About, SavedModel, write_saved_model
from gman_search.model.gman import ModelShape
from gman_search.record import Coverage, ForecastSample, TestResult
from gman_search.training.calendar_errors import calendar_mae
from gman_search.training.checkpoints import read_arrays
from gman_search.training.metrics import masked_scores, mean_of_steps, scores_by_step
from gman_search.training.step import CompiledModel

__all__ = ["complete_model", "complete_run", "test_winner", "with_intervals"]

DAYS_SHOWN = 7
PERCENTS_TESTED = (50, 80, 90, 95)


def complete_model(task: ForecastTask, source: Path, *, missing_inputs: str) -> SavedModel:
    """The weights of the evaluation in `source` with all else that forecasting needs; no interval widths yet."""
    weights, description = read_arrays(source / "weights.npz")
    about = About(
        shape=description["shape"],
        hyperparameters=description["hyperparameters"],
        P=task.P,
        Q=task.Q,
        T=task.T,
        mean=float(task.mean),
        std=float(task.std),
        unit=task.unit,
        step_minutes=task.series.step_minutes,
        sensors=task.series.sensors,
        missing_inputs=missing_inputs,  # type: ignore[arg-type]
        C=task.inputs.shape[2] if task.inputs.ndim == 3 else 1,
        groups=task.groups,
        val_mae=description["best_val"],
        seed=description["seed"],
    )
    L, K, d = about.shape
    shape = ModelShape(L, K, d, groups=task.groups)
    seen = np.concatenate([task.seen_days, task.seen_times])
    return SavedModel(about, weights, task.embedding, seen, evaluation_partings(shape, len(about.sensors)))


def complete_run(task: ForecastTask, run: Path, model: CompiledModel, missing_inputs: str) -> None:
    """Turn the weights that training left in `run` into a saved model, intervals included."""
    write_saved_model(with_intervals(complete_model(task, run, missing_inputs=missing_inputs), task, model), run)


def with_intervals(saved: SavedModel, task: ForecastTask, model: CompiledModel) -> SavedModel:
    """`saved` with the interval widths that its errors on the whole validation part give."""
    model.state.load_weights(saved.weights)
    forecast = model.forecast(task.starts["val"], causal=saved.about.hyperparameters.causal)
    first, end = task.train_rows
    return replace(saved, intervals=calibrated(truth(task, "val"), forecast, usual_readings(task.targets[first:end])))


def test_winner(
    task: ForecastTask, model: CompiledModel, saved: SavedModel, *, config_id: int, stage: str
) -> TestResult:
    """Score `saved` on the test part, beside persistence and the historical average."""
    model.state.load_weights(saved.weights)
    forecast = model.forecast(task.starts["test"], causal=saved.about.hyperparameters.causal)
    observed = truth(task, "test")
    steps = scores_by_step(observed, forecast)
    baselines = {}
    for name, rule in (("persistence", persistence), ("historical average", historical_average)):
        scores = scores_by_step(observed, rule(task, "test"))
        baselines[name] = {"steps": scores, "mean": mean_of_steps(scores)}
    by_sensor = {
        sensor: masked_scores(observed[:, :, index], forecast[:, :, index]).mae
        for index, sensor in enumerate(task.series.sensors)
    }
    return TestResult(
        config_id=config_id,
        stage=stage,
        steps=steps,
        mean=mean_of_steps(steps),
        baselines=baselines,
        windows=len(task.starts["test"]),
        masked_share=float(np.mean(observed == 0)),
        sensor_mae=by_sensor,
        samples=_samples(task, observed, forecast, by_sensor),
        coverage=_coverages(saved, observed, forecast),
        calendar=calendar_mae(observed, forecast, *_moments(task)),
        coordinates=task.coordinates,
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


def _moments(task: ForecastTask) -> tuple[np.ndarray, np.ndarray]:
    """Weekday and hour (W, Q) of the moments that the forecasts of the test part speak of."""
    rows = task.starts["test"][:, None] + task.P + np.arange(task.Q)
    return task.day_of_week[rows], task.time_of_day[rows] * 24 // task.T


def _samples(
    task: ForecastTask, observed: np.ndarray, forecast: np.ndarray, by_sensor: dict[str, float]
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
                truth=tuple(None if value == 0 else round(float(value), 2) for value in readings),
                forecast=lines,
            )
        )
    return tuple(samples)
