"""Parts of `gpu.py` that train: two workers on one GPU, and one quick evaluation of the real week."""

import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gpu_device import number, peak_memory, say, start
from gpu_steps import timed
from step_cases import week

__all__ = ["evaluate", "two_workers"]

MEETING_SECONDS = 120
_meeting: Any = None  # of the workers of one pool, in each of their processes


def two_workers(settings: dict[str, Any]) -> None:
    """Say what a step costs one worker alone, and two at a time, and what memory each has taken.

    Each is a process of its own, prepared as the product's workers are, with half of the CPU threads.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    threads = max(1, (os.cpu_count() or 1) // 2)
    with ProcessPoolExecutor(2, context, initializer=_meet, initargs=(barrier,)) as pool:
        workers = [pool.submit(_work, index, settings, threads) for index in range(2)]
        both = [worker.result() for worker in workers]
    alone = both[0]["alone"]["ms_in_a_row"]
    together = statistics.fmean(worker["together"]["ms_in_a_row"] for worker in both)
    say(
        alone_ms=alone,
        together_ms=number(together, 4),
        ms_per_step_of_either=number(together / 2, 4),
        gain=number(alone / (together / 2)),
        grows=[worker["grows"] for worker in both],
        peak_gb=[worker["peak_gb"] for worker in both],
        host_gb=[worker["host_gb"] for worker in both],
    )


def _meet(barrier: Any) -> None:
    global _meeting  # noqa: PLW0603 - what a pool hands its processes when they start
    _meeting = barrier


def _work(index: int, settings: dict[str, Any], threads: int) -> dict[str, Any]:
    from gman_search.tuning.process import prepare_environment

    prepare_environment(threads)
    start(settings["device"], worker=index)
    import numpy as np
    import tensorflow as tf

    from gman_search.training.step import CompiledModel, StepValues

    task, random = week(None, settings["sensors"]), np.random.default_rng(index)
    model = CompiledModel(task, tuple(settings["shape"]), shortcuts=True)
    model.state.load_weights(model.fresh_weights(index))

    def step(number: int) -> Any:
        starts = random.choice(task.starts["train"], settings["batch"])
        return model.train_step(starts, StepValues(1e-3, 0.0, 0.0, 0.1, 0.9, True, number, 1))[0]

    float(step(0))
    told: dict[str, Any] = {}
    for turn in ("alone", "together"):
        _meeting.wait(MEETING_SECONDS)
        if turn == "together" or index == 0:
            told[turn] = timed(step, settings["steps"])
    gpus = tf.config.get_visible_devices("GPU")
    return {
        **told,
        "grows": [tf.config.experimental.get_memory_growth(gpu) for gpu in gpus],
        **peak_memory(settings["device"]),
    }


def evaluate(settings: dict[str, Any]) -> None:
    """Train the reference config at the quick stage for `train_seconds` at most; say its errors and an epoch's seconds.

    On the METR-LA week where `data` names a folder with it, else on the bundled demo network.
    """
    start(settings["device"])
    from gman_search.baselines.naive import persistence
    from gman_search.config import at_stage
    from gman_search.io.arrays import read_arrays
    from gman_search.space import SearchSpace
    from gman_search.stages import PRESETS
    from gman_search.training.job import Job, StopTraining
    from gman_search.training.loop import GmanTrainer

    data, until = settings["data"], time.monotonic() + settings["train_seconds"]
    task = _demo() if data is None else week(Path(data), settings["sensors"])
    stage = PRESETS["quick"].model_copy(update=settings["stage"])
    hyperparameters = at_stage(SearchSpace().preset(), stage, shortcuts=True)
    trainer, epochs = GmanTrainer(task, stages={"quick": stage}), []

    def on_epoch(epoch: Any) -> None:
        epochs.append(epoch)
        say(
            epochs=epoch.epoch, val_mae=number(min(one.val_mae for one in epochs), 4), **peak_memory(settings["device"])
        )
        if time.monotonic() > until:
            raise StopTraining

    say(network="demo" if data is None else "METR-LA week", sensors=len(task.series.sensors), unit=task.unit)
    with TemporaryDirectory() as folder:
        try:
            reason = trainer.train(Job(0, "quick", hyperparameters, 0, Path(folder)), on_epoch).reason
        except StopTraining:
            reason = "its time was over"
        weights, _ = read_arrays(Path(folder) / "weights.npz")
    model = trainer.compiled(hyperparameters.shape, "quick", shortcuts=True)
    model.state.load_weights(weights)
    forecast = model.forecast(task.starts["test"], causal=hyperparameters.causal)
    say(
        stopped=reason or "all epochs are trained",
        first_epoch_s=round(epochs[0].seconds, 2),
        epoch_s=round(statistics.median(epoch.seconds for epoch in epochs[1:] or epochs), 2),
        test_mae=_errors(task, forecast),
        persistence=_errors(task, persistence(task.windows("test"))),
        **peak_memory(settings["device"]),
    )


def _demo() -> Any:
    from gman_search.data.task import load_task
    from gman_search.data_spec import DataSpec

    return load_task(DataSpec(validation_stride=1), Path())


def _errors(task: Any, forecast: Any) -> dict[str, float | None]:
    """Test MAE after 3, 6 and 12 steps, and of all steps."""
    from gman_search.metrics import mean_of_steps, scores_by_step

    steps = scores_by_step(task.windows("test").targets, forecast)
    shown = {str(step): steps[step].mae for step in (3, 6, 12) if step in steps}
    return {key: number(value, 4) for key, value in {**shown, "mean": mean_of_steps(steps).mae}.items()}
