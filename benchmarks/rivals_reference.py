"""The reference config trained alone for all of the time, in `rivals.py`.

It is the three-stage guide's: the original GMAN without shortcuts at quick scale, on the guide's schedule, with its
early stopping and with all cores. Where it ends before the time is up, it grows into medium and then into full, as in
the guide. What is under way when the time is up is ended; the weights of its best epoch, on disk by then, count.
"""

import json
import math
import statistics
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rivals_networks import Network
from rivals_product import COMMAND, SHOWN, Part, environment, row, told

from gman_search.halving.promotion import TIE
from gman_search.io.arrays import read_arrays
from gman_search.stages import PRESETS

__all__ = ["NAME", "forecast_ms", "reference"]

NAME = "reference trained alone"
SETTINGS = ("--set", "budget=guide", "--set", "model.shortcuts=false")
LEAST_SECONDS = 5.0
"""A stage that would have less is not begun."""
END_SECONDS = 10.0
CALLS = 20


def reference(network: Network, minutes: float, seed: int, folder: Path) -> Part:
    """Train stage after stage until the time is up; the stage of the least validation error is scored.

    Its validation error is that of the training, on the same windows as in a search; the test part is scored by
    `gman-search evaluate`. `train_seconds` has the stages that it grew from in it.
    """
    (folder / "reference.toml").write_text(network.study("reference", seed), encoding="utf-8")
    began = time.monotonic()
    best, best_val, best_seconds, before = None, math.inf, 0.0, None
    notes = []
    for stage in PRESETS:
        left = 60 * minutes - (time.monotonic() - began)
        if left < LEAST_SECONDS:
            break
        ended = _trained(folder, stage, before, left)
        run = folder / "studies" / "reference" / "runs" / stage
        seconds = time.monotonic() - began
        if not (run / "weights.npz").is_file():
            notes.append(f"{stage}: no epoch within the time" if ended is None else f"{stage}: {ended['reason']}")
            break
        val, epochs = _best_so_far(run) if ended is None else (ended["val_mae"], ended["epochs"])
        how = "cut by the time" if ended is None else ended["reason"] or "all epochs"
        notes.append(f"{stage}: {epochs} epochs, validation MAE {val:.3f}, {seconds / 60:.1f} min in all, {how}")
        if val < best_val * (1 - TIE):
            best, best_val, best_seconds = stage, val, seconds
        if ended is None:
            break
        before = stage
    seconds = time.monotonic() - began
    if best is None:
        return Part([], seconds, notes)
    if seconds < 60 * minutes - LEAST_SECONDS:
        notes.append(f"it ended after {seconds / 60:.1f} of {minutes:g} minutes and cannot use more")
    notes.append(f"scored: {best}")
    scores = told(folder, "evaluate", f"reference/{best}", "--split", "test", "--json")
    test = {at: scores["steps"][at]["mae"] for at in SHOWN} | {"mean": scores["mean"]["mae"]}
    took = forecast_ms(folder / "studies" / "reference" / "runs" / best)
    return Part([row(NAME, "reference", best_val, test, best_seconds, took)], seconds, notes)


def _trained(folder: Path, stage: str, before: str | None, seconds: float) -> dict[str, Any] | None:
    """What `gman-search train` prints; None where the time was up first."""
    words = ["train", "--spec", "reference.toml", "--stage", stage, *SETTINGS, "--json"]
    words += [] if before is None else ["--init-from", before]
    files = [folder / f"{stage}.{name}" for name in ("json", "log")]
    with files[0].open("wb") as out, files[1].open("wb") as log:
        process = subprocess.Popen([*COMMAND, *words], cwd=folder, env=environment(), stdout=out, stderr=log)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(timeout=END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return None
        except BaseException:
            process.kill()  # whoever stops the benchmark leaves no training behind
            process.wait()
            raise
    if process.returncode:
        last = files[1].read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SystemExit(f"gman-search {' '.join(words)} ended with {process.returncode}:\n{last}")
    document: dict[str, Any] = json.loads(files[0].read_text(encoding="utf-8"))
    return document


def _best_so_far(run: Path) -> tuple[float, str]:
    """The validation error of the weights of a training that was ended, and at least how many epochs it had."""
    _, description = read_arrays(run / "weights.npz")
    if "best_val" not in description:  # the training was over, and its weights were just completed
        return float(description["val_mae"]), "all"
    log = run.parents[3] / f"{run.name}.log"
    epochs = sum(line.startswith("epoch ") for line in log.read_text(encoding="utf-8", errors="replace").splitlines())
    return float(description["best_val"]), str(epochs or len(description["epochs"]))


def forecast_ms(run: Path) -> float:
    """Milliseconds of one warm forecast of all sensors and steps, in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_forecast_ms, run).result()


def _forecast_ms(run: Path) -> float:
    from gman_search.cli.run_locator import find_run
    from gman_search.tf_logging import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.forecasting.forecaster import Forecaster

    found = find_run(str(run), run.parents[2])
    task, model = found.task(), Forecaster(found.model())
    series, took = model.known(task.series), []
    for _ in range(CALLS + 1):
        began = time.perf_counter()
        model.windows(series, task.starts["test"][-1:])
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took[1:])  # the first call traces
