"""Parts of `gpu.py`: one training step of ours, in each way it can be compiled, and of a public port."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from gpu_device import peak_memory, say, start
from step_cases import week

__all__ = ["VARIANTS", "Variant", "measure_port", "measure_step", "timed"]

GPU_CHUNK = 2**28
"""Weights that attention in chunks holds at once: 1 GB in float32."""
CPU_CHUNK = 700_000
LARGE = 500
"""From so many sensors on a CPU has no room for all of one block's weights."""
LEAST_STEPS, MOST_STEPS, TIMING_SECONDS = 3, 30, 6.0


class Variant(NamedTuple):
    """One way to compile and compute a step."""

    precision: str = "float32"
    xla: bool = False
    repeatable: bool = True
    chunks: bool = False


VARIANTS = {
    "float32": Variant(),
    "float32, XLA": Variant(xla=True),
    "bfloat16": Variant("bfloat16"),
    "bfloat16, XLA": Variant("bfloat16", xla=True),
    "float32, attention in chunks": Variant(chunks=True),
    "float32, not repeatable": Variant(repeatable=False),
}


def measure_step(settings: dict[str, Any]) -> None:
    """Say what a step costs: `sensors`, `shape`, `batch` and `variant` of the settings; TF32 as TensorFlow has it.

    `ms` waits for each step, `ms_in_a_row` for the last one only, as training does. `other_batch_s` is the first step
    of another batch size, which the last batch of an epoch has: XLA compiles again for it.
    """
    variant, device = VARIANTS[settings["variant"]], settings["device"]
    on_cpu = CPU_CHUNK if device == "cpu" and settings["sensors"] >= LARGE else None
    start(device, repeatable=variant.repeatable, chunk_elements=GPU_CHUNK if variant.chunks else on_cpu)
    import numpy as np

    from gman_search.training.step import CompiledModel, StepValues

    task = week(None, settings["sensors"])
    random = np.random.default_rng(0)
    began = time.perf_counter()
    model = CompiledModel(task, tuple(settings["shape"]), shortcuts=True, xla=variant.xla, precision=variant.precision)
    model.state.load_weights(model.fresh_weights(0))

    def step(number: int, batch: int = settings["batch"]) -> Any:
        starts = random.choice(task.starts["train"], batch)
        return model.train_step(starts, StepValues(1e-3, 0.0, 0.0, 0.1, 0.9, True, number, 1))[0]

    loss = float(step(0))
    say(first_step_s=round(time.perf_counter() - began, 2), **peak_memory(device))
    if not np.isfinite(loss):
        raise FloatingPointError(f"the first step's error is {loss}")
    say(**timed(step, settings["steps"]), **peak_memory(device))
    began = time.perf_counter()
    float(step(1, settings["batch"] - 1))
    say(other_batch_s=round(time.perf_counter() - began, 2), finite=bool(np.isfinite(model.state.parameters).all()))


def timed(step: Callable[[int], Any], most: int = MOST_STEPS, seconds: float = TIMING_SECONDS) -> dict[str, float]:
    """Median of up to `most` steps that are each waited for, and of as many in a row, of which only the last is."""
    durations: list[float] = []
    while len(durations) < min(LEAST_STEPS, most) or (len(durations) < most and sum(durations) < seconds):
        began = time.perf_counter()
        float(step(1 + len(durations)))
        durations.append(time.perf_counter() - began)
    began = time.perf_counter()
    for number in range(len(durations)):
        last = step(1 + len(durations) + number)
    float(last)
    in_a_row = (time.perf_counter() - began) / len(durations)
    return {
        "ms": round(1000 * statistics.median(durations), 2),
        "min_ms": round(1000 * min(durations), 2),
        "ms_in_a_row": round(1000 * in_a_row, 2),
        "steps": len(durations),
    }


def measure_port(settings: dict[str, Any]) -> None:
    """Say what a step of the public port `port` in the folder `directory` costs, on the same windows."""
    from peers.case import write_case
    from peers.registry import run_port

    with TemporaryDirectory() as folder:
        case = Path(folder) / "case.npz"
        batch = settings["batch"]
        task = week(None, settings["sensors"])
        write_case(case, task, tuple(settings["shape"]), batch, 1e-3, 10, 0, windows=4 * batch)
        arguments = ("time", str(case), "--steps", str(settings["steps"]), "--device", settings["device"])
        row = run_port(settings["port"], Path(settings["directory"]), *arguments, install=False)[-1]
    say(**row)
