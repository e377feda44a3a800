"""Timing a few steps of every stage on this machine, by as many processes at once as a search would have."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from gman_search.backends.script import script_hidden
from gman_search.data.estimate import epoch_windows, task_shape
from gman_search.data.task import ForecastDataset
from gman_search.errors import GmanSearchError
from gman_search.halving.cost import epoch_steps, step_seconds
from gman_search.halving.plan import StageCost
from gman_search.record import Epoch
from gman_search.spec import StudySpec
from gman_search.stages import Stage
from gman_search.tuning.process import prepare_environment

__all__ = ["cost_from_timing", "measured_costs", "with_few_steps"]

EPOCH_SECONDS = 2.0
"""What the timed steps of a stage should take, as estimated."""
LEAST_STEPS, MOST_STEPS = 3, 20
SCORED = 40
"""Validation windows that are scored after the timed steps, or up to twice as many."""


def measured_costs(spec: StudySpec, task: ForecastDataset, base: Path) -> list[StageCost]:
    """What an evaluation of each stage takes here: a few steps of it, trained by all workers at the same time.

    Args:
        spec: stages, data, workers and their threads.
        task: of that data.
        base: folder that relative data paths start from.

    Raises:
        GmanSearchError: a process died, as for want of memory, or a step failed.
    """
    workers, threads = spec.search.workers, spec.search.threads_of(os.cpu_count() or 1)
    # Not forked: TensorFlow must find its threads and its GPU untouched.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        arguments = (spec.model_dump_json(), str(base), threads)
        with script_hidden():
            timings = [pool.submit(_time_stages, index, *arguments) for index in range(workers)]
        try:
            by_worker = [timing.result() for timing in timings]
        except BrokenProcessPool:
            raise GmanSearchError(
                f"expected {workers} processes to train a few steps of every stage, and one died: see "
                "what `data check` of the same files says of the memory they need, and try fewer with --workers"
            ) from None
    windows = epoch_windows(task, spec.data.stride_of(len(task.starts["val"])))
    scored = epoch_windows(task, _stride(task))["validation"]
    costs = []
    for stage, epochs in zip(spec.stage_list(), zip(*by_worker, strict=True), strict=True):
        first, second = (fmean(seconds) for seconds in zip(*epochs, strict=True))
        costs.append(cost_from_timing(stage, with_few_steps(stage, task), first, second, windows, scored))
    return costs


def with_few_steps(stage: Stage, task: ForecastDataset) -> Stage:
    """The stage with two epochs of a few steps."""
    steps = round(EPOCH_SECONDS / step_seconds(stage, **task_shape(task)))
    steps = min(MOST_STEPS, max(LEAST_STEPS, steps))
    return stage.model_copy(update={"max_epochs": 2, "patience": 2, "steps_per_epoch": steps})


def cost_from_timing(
    stage: Stage, short: Stage, first: float, second: float, windows: dict[str, int], scored: int
) -> StageCost:
    """The cost of `stage` from the seconds of the first and the second epoch of `short`: one compiles, one does not.

    `windows` are those of an epoch (see `epoch_windows`); `short` scored `scored` of them after each of its own.
    """
    timed = epoch_steps(short, windows=windows["windows"], validation=scored)
    epochs = stage.max_epochs * epoch_steps(stage, **windows) / timed
    return StageCost(seconds=second * epochs, compile_seconds=max(0.0, first - second))


def _stride(task: ForecastDataset) -> int:
    return max(1, len(task.starts["val"]) // SCORED)


def _time_stages(index: int, spec_json: str, base: str, threads: int) -> list[tuple[float, float]]:
    """Seconds of the first and the second epoch of every stage, in a process of its own."""
    prepare_environment(threads)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TensorFlow's native notices
    from gman_search.config import at_stage
    from gman_search.data.task import load_task
    from gman_search.io.memory import machine_gb
    from gman_search.training.device import prepare_device
    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer

    spec = StudySpec.model_validate_json(spec_json)
    task = load_task(spec.data, Path(base))
    prepare_device(spec.seed, worker=index)
    stages = {stage.name: stage for stage in spec.stage_list()}
    room = spec.search.room_gb(machine_gb())
    trainer = GmanTrainer(task, validation_stride=_stride(task), stages=stages, room_gb=room)
    timed = []
    for name, stage in stages.items():
        settings = at_stage(spec.space.preset(), with_few_steps(stage, task), shortcuts=spec.model.shortcuts)
        epochs: list[Epoch] = []
        try:
            with TemporaryDirectory() as folder:
                outcome = trainer.train(Job(0, name, settings, spec.seed, Path(folder)), epochs.append)
        except Exception as error:  # as by a GPU without room; an error of TensorFlow's own cannot leave the process
            reason = str(error).partition("\n")[0][:200]
            raise GmanSearchError(
                f"a few steps of {name} could not be trained: {type(error).__name__}: {reason}"
            ) from None
        if len(epochs) < 2:
            raise GmanSearchError(f"a few steps of {name} could not be timed: {outcome.reason}")
        timed.append((epochs[0].seconds, epochs[1].seconds))
    return timed
