"""What `step.py` measures, in a process of its own: one training step of a case, or many side by side."""

import os
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from gman_search.tuning.process import THREAD_VARIABLES

# Sensors, (L, K, d), batch size.
CASES = {
    "N20-quick": (20, (2, 4, 4), 32),
    "N20-medium": (20, (3, 6, 6), 24),
    "N20-full": (20, (5, 8, 8), 12),
    "N207-quick": (207, (2, 4, 4), 32),
    "N207-full": (207, (5, 8, 8), 12),
}
# One thread each, two at once: a case's time is that of a step of one trial divided by two.
PAIRED = {"N20-quick-2-workers": "N20-quick"}


def week(data: Path | None, sensors: int, groups: Any = 0) -> Any:
    """The METR-LA week in `data`, its first `sensors`; random readings without it or for more sensors."""
    import numpy as np

    from gman_search.data.series import TrafficSeries
    from gman_search.data.task import load_task, make_task
    from gman_search.data_spec import DataSpec

    if data is not None and sensors <= 207:
        files = {"readings": "los_speed.csv", "adjacency": "los_adj.csv", "embedding": "SE(METR).txt"}
        return load_task(
            DataSpec(**files, start="2012-03-01T00:00", step="5min", sensors=sensors), data / "metr-la-week"
        )
    random = np.random.default_rng(0)
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(2016) * 5
    values = random.uniform(20, 65, (len(times), sensors)).astype(np.float32)
    series = TrafficSeries(values, times, tuple(map(str, range(sensors))), 5)
    return make_task(DataSpec(spatial_groups=groups), series, random.normal(size=(sensors, 64)))


def time_steps(
    data: Path | None,
    sensors: int,
    shape: tuple[int, int, int],
    batch: int,
    steps: int,
    precision: str,
    xla: bool,
    groups: Any = 0,
) -> dict[str, float]:
    """Time, memory and start-up of training steps of one model in this process."""
    import numpy as np

    from gman_search.training.step import CompiledModel, StepValues

    task = week(data, sensors, groups)
    random = np.random.default_rng(0)

    def one_step(model: CompiledModel, step: int) -> float:
        starts = random.choice(task.starts["train"], batch)
        began = time.perf_counter()
        error, _ = model.train_step(starts, StepValues(1e-3, 0.0, 0.0, 0.1, 0.9, True, step, 1))
        float(error)
        return time.perf_counter() - began

    began = time.perf_counter()
    model = CompiledModel(task, shape, precision=precision, xla=xla)
    model.state.load_weights(model.fresh_weights(0))
    one_step(model, 0)
    first = time.perf_counter() - began
    durations = [one_step(model, step) for step in range(1, steps + 1)]
    began = time.perf_counter()
    model.state.load_weights(model.fresh_weights(1))
    one_step(model, 0)
    later = time.perf_counter() - began
    return {
        "ms": round(statistics.median(durations) * 1000, 1),
        "min_ms": round(min(durations) * 1000, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "first_step_s": round(first, 2),
        "later_trial_first_step_s": round(later, 3),
    }


def _paired_worker(arguments: tuple[Any, ...], barrier: Any, results: Any) -> None:
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    barrier.wait()
    results.put(time_steps(*arguments))


def time_two_workers(*arguments: Any) -> dict[str, float]:
    """Two processes of one thread each, as `run --workers 2` starts them; `ms` is wall time per trial-step."""
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_paired_worker, args=(arguments, barrier, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    both = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    means = {key: statistics.mean(one[key] for one in both) for key in both[0]}
    halved = {key: round(means[key] / 2, 1) for key in ("ms", "min_ms")}
    return {**{key: round(value, 3) for key, value in means.items()}, **halved}


def measure(case: str, data: Path | None, steps: int, precision: str, xla: bool) -> dict[str, Any]:
    """One row of the table; called in a process of its own, so that its peak memory is its own."""
    sensors, shape, batch = CASES[PAIRED.get(case, case)]
    function = time_two_workers if case in PAIRED else time_steps
    return {"case": case, **function(data, sensors, shape, batch, steps, precision, xla)}


def write_port_case(path: Path, case: str, data: Path | None) -> None:
    """The same windows for the ports, which are timed in processes and interpreters of their own."""
    sys.path.insert(0, str(Path(__file__).parent))
    from peers.case import write_case

    sensors, shape, batch = CASES[PAIRED.get(case, case)]
    write_case(path, week(data, sensors), shape, batch, 1e-3, 10, 0, windows=4 * batch)
