"""The winner: tested once on the held-out part, and saved with all that forecasting needs."""

import json
from pathlib import Path

import numpy as np

from gman_search.data.baselines import historical_average, persistence, truth
from gman_search.data.task import ForecastTask
from gman_search.record import ForecastSample, TestResult
from gman_search.training.calendar_errors import calendar_mae
from gman_search.training.checkpoints import read_arrays, write_arrays
from gman_search.training.metrics import masked_scores, mean_of_steps, scores_by_step
from gman_search.training.step import CompiledModel

__all__ = ["save_winner", "test_winner"]

DAYS_SHOWN = 7


def test_winner(task: ForecastTask, model: CompiledModel, folder: Path, *, config_id: int, stage: str) -> TestResult:
    """Score the weights in `folder` on the test part, beside persistence and the historical average."""
    weights, description = read_arrays(folder / "weights.npz")
    model.state.load_weights(weights)
    forecast = model.forecast(task.starts["test"], causal=description["hyperparameters"]["causal"])
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
        calendar=calendar_mae(observed, forecast, *_moments(task)),
        coordinates=task.coordinates,
    )


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


def save_winner(task: ForecastTask, source: Path, target: Path, *, missing_inputs: str) -> None:
    """Write `target`/weights.npz and `target`/model.json: everything `gman-search predict` needs, and nothing else."""
    weights, description = read_arrays(source / "weights.npz")
    constants = {"embedding": task.embedding, "seen": np.concatenate([task.seen_days, task.seen_times])}
    model = {
        "schema": "gman-search/model/1",
        "shape": description["shape"],
        "hyperparameters": description["hyperparameters"],
        "val_mae": description["best_val"],
        "P": task.P,
        "Q": task.Q,
        "T": task.T,
        "C": task.inputs.shape[2] if task.inputs.ndim == 3 else 1,
        "groups": task.groups,
        "mean": float(task.mean),
        "std": float(task.std),
        "unit": task.unit,
        "step_minutes": task.series.step_minutes,
        "sensors": list(task.series.sensors),
        "missing_inputs": missing_inputs,
    }
    write_arrays(target / "weights.npz", {**weights, **{f"constant/{k}": v for k, v in constants.items()}}, model)
    (target / "model.json").write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
