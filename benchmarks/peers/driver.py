"""What the drivers share: the command line, the clock, the validation error and the choice of the best epoch.

    python run_X.py PORT_DIR time CASE.npz [--steps 5] [--device gpu]
    python run_X.py PORT_DIR train CASE.npz --epochs E --out PRED.npz

Standard output has JSON lines only. A driver imports its framework before it calls `run`, as `benchmarks/step.py` does,
so that `first_step_s` is: import of the port's model, building it, and its first step.
"""

import argparse
import itertools
import json
import math
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from case import Case

__all__ = ["THREADS", "Port", "batches", "run"]

THREADS = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


class Port(Protocol):
    """A port with a model of the case's shape, ready to be trained."""

    def train_steps(self, batches: list[np.ndarray]) -> list[float]:
        """An optimizer step on each of these batches of training windows; `time.perf_counter()` after each step."""

    def train_epoch(self) -> None:
        """One pass over the training windows, shuffled and batched as the port does."""

    def forecast(self, part: str) -> np.ndarray:
        """Forecasts (W, Q, N) of all windows of `part` in the data's unit."""

    def weights(self) -> Any:
        """A copy of everything a forecast depends on."""

    def restore(self, weights: Any) -> None:
        """Put such a copy back."""

    def gpu_gb(self) -> float:
        """Peak memory on the GPU, where `--device gpu` was chosen."""


def batches(count: int, size: int) -> list[slice]:
    """Slices of at most `size` that cover `count` windows, the last partial one too."""
    return [slice(first, min(first + size, count)) for first in range(0, count, size)]


def run(description: str, build: Callable[[Path, Case, argparse.Namespace], Port], **options: dict[str, Any]) -> None:
    """Read the command line and time or train what `build` makes; `options` are arguments of that port alone."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="checkout of the port")
    modes = parser.add_subparsers(dest="mode", required=True)
    timing, training = modes.add_parser("time"), modes.add_parser("train")
    for mode in (timing, training):
        mode.add_argument("case", type=Path)
        mode.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
        for name, settings in options.items():
            mode.add_argument(f"--{name.replace('_', '-')}", **settings)
    timing.add_argument("--steps", type=int, default=5)
    training.add_argument("--epochs", type=int, required=True)
    training.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    case = Case(chosen.case)
    if chosen.mode == "time":
        _time(lambda: build(chosen.directory.resolve(), case, chosen), case, chosen.steps, chosen.device)
    else:
        _train(lambda: build(chosen.directory.resolve(), case, chosen), case, chosen.epochs, chosen.out)


def _time(build: Callable[[], Port], case: Case, steps: int, device: str) -> None:
    random = np.random.default_rng(case.seed)
    count = len(case.windows("train")[0])
    chosen = [random.choice(count, case.batch_size, replace=count < case.batch_size) for _ in range(steps + 1)]
    began = time.perf_counter()
    port = build()
    ends = port.train_steps(chosen)
    durations = [end - start for start, end in itertools.pairwise(ends)]
    _tell(
        ms=round(statistics.median(durations) * 1000, 1),
        min_ms=round(min(durations) * 1000, 1),
        **{"peak_gb": _peak_gb()} if device == "cpu" else {"peak_gb": port.gpu_gb(), "host_gb": _peak_gb()},
        first_step_s=round(ends[0] - began, 2),
    )


def _train(build: Callable[[], Port], case: Case, epochs: int, out: Path) -> None:
    started = time.perf_counter()
    port = build()
    best_epoch, best_error, best_weights = 0, math.inf, None
    for epoch in range(1, epochs + 1):
        began = time.perf_counter()
        port.train_epoch()
        trained = time.perf_counter()
        error = _masked_mae(case.windows("val")[2], port.forecast("val"))
        now = time.perf_counter()
        rank = error if math.isfinite(error) else math.inf
        if best_epoch == 0 or rank < best_error:
            best_epoch, best_error, best_weights = epoch, rank, port.weights()
        _tell(
            epoch=epoch,
            val_mae=_number(error),
            seconds=round(now - began, 2),
            train_seconds=round(trained - began, 2),
            elapsed_s=round(now - started, 2),
        )
    port.restore(best_weights)
    np.savez(out, forecast=port.forecast("test").astype(np.float32), best_epoch=best_epoch, val_mae=best_error)
    _tell(best_epoch=best_epoch, val_mae=_number(best_error), peak_gb=_peak_gb())


def _masked_mae(truth: np.ndarray, forecast: np.ndarray) -> float:
    """Sum of the errors over the number of observed readings, of all windows at once; a reading of 0 is missing."""
    if truth.shape != forecast.shape:
        raise ValueError(f"expected forecasts {truth.shape}; received {forecast.shape}")
    observed = truth != 0
    return float(np.abs(forecast.astype(np.float64) - truth)[observed].sum() / max(int(observed.sum()), 1))


def _number(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None


def _peak_gb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)


def _tell(**values: float | None) -> None:
    print(json.dumps(values), flush=True)
