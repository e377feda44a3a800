"""Whether the GPU computes what the CPU computes: forecasts, gradients, BN statistics, growth; parts of `gpu.py`.

The reference is the product on the CPU, in a process of its own that sees no GPU. Both sides have the same weights and
windows. Compared by relative L2 error, with float32 in full (TF32 off), with TF32, compiled by XLA, and in bfloat16.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from gpu_device import number, say, start
from step_cases import week

if TYPE_CHECKING:
    import numpy as np

    from gman_search.training.step import CompiledModel

__all__ = ["MODES", "Mode", "compare", "difference", "errors_of", "quantities", "reference"]

Quantities = dict[str, "np.ndarray"]
Models = dict[tuple[Any, ...], "CompiledModel"]
DROPOUT, STEPS, RATE = 0.1, 5, 1e-3
AFTER_STEPS = f"forecast after {STEPS} steps"
FORECASTS = ("forecast", "grown forecast")
NO_GPU = {"CUDA_VISIBLE_DEVICES": "-1"}
GROWTH = 1e-6
"""Growth keeps forecasts up to this at best: grown weights are float32."""


class Mode(NamedTuple):
    """One way to compute on the device: its reference's dtype, and the errors allowed in forecasts and in the rest.

    Where they are `promised`, a larger error is a failure; else it is reported.
    """

    dtype: str
    forecast: float
    gradient: float
    tf32: bool = False
    xla: bool = False
    precision: str = "float32"
    grows: bool = False
    promised: bool = True


MODES = {
    "float64": Mode("float64", 1e-9, 1e-7, grows=True),
    "float32": Mode("float32", 1e-4, 2e-3, grows=True),
    "float32 with TF32": Mode("float32", 1e-2, 0.2, tf32=True, promised=False),
    "float32, XLA": Mode("float32", 1e-4, 2e-3, xla=True),
    "bfloat16": Mode("float32", 1e-4, 0.6, precision="bfloat16", promised=False),
}
"""Forecasts are in full precision in all of them. At many layers float32 moves activations over the kink of ReLU."""


def compare(settings: dict[str, Any]) -> None:
    """Say each mode's errors; the reference is computed at the same time, by another process.

    Settings: `sensors`, `windows`, `shape`, `grown` (L, K, d) and `modes`, names of MODES.
    """
    modes = {name: MODES[name] for name in settings["modes"]}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "reference.npz"
        as_reference = json.dumps({**settings, "kind": "reference", "file": str(file)})
        command = [sys.executable, str(Path(__file__).with_name("gpu.py")), "--part", as_reference]
        process = subprocess.Popen(command, env={**os.environ, **NO_GPU}, stdout=subprocess.DEVNULL)
        try:
            start(settings["device"])
            found, failures = _in_every_mode(settings, modes)
            if process.wait():
                raise RuntimeError("the reference on the CPU failed")
            expected = _read(file)
        finally:
            process.kill()
    for name, quantities in found.items():
        errors = errors_of(quantities, expected[modes[name].dtype], modes[name])
        say(**{name: errors})
        if modes[name].promised:
            failures += [
                f"{name}: {key} differs by {row['error']}" for key, row in errors.items() if row["within"] is False
            ]
    if failures:
        raise ArithmeticError("; ".join(failures))


def _in_every_mode(settings: dict[str, Any], modes: Mapping[str, "Mode"]) -> tuple[dict[str, Quantities], list[str]]:
    """What the device computes in each mode, and why a mode failed: one that does costs no other."""
    found: dict[str, Quantities] = {}
    failures: list[str] = []
    models: Models = {}
    for name, mode in modes.items():
        try:
            found[name] = quantities(settings, mode, models)
        except Exception as error:  # TensorFlow has many
            failures.append(f"{name}: {type(error).__name__}: {str(error).partition(chr(10))[0][:150]}")
    return found, failures


def errors_of(found: Quantities, expected: Quantities, mode: Mode) -> dict[str, Any]:
    """By quantity: relative `error`, its `tolerance` and whether it is `within`.

    Of the steps with dropout nothing is expected: XLA draws other random numbers, and Adam, which divides by the
    gradient's size, makes much of rounding.
    """
    rows = {}
    for key, value in found.items():
        allowed = mode.forecast if key in FORECASTS else None if key == AFTER_STEPS else mode.gradient
        rows[key] = _row(difference(value, expected[key]), allowed)
    if mode.grows:
        kept = difference(found["grown forecast"], found["forecast"])
        rows["growth keeps the forecast"] = _row(kept, max(mode.forecast, GROWTH))
    return rows


def _row(error: float, allowed: float | None) -> dict[str, Any]:
    return {"error": number(error), "tolerance": allowed, "within": None if allowed is None else error <= allowed}


def difference(one: "np.ndarray", other: "np.ndarray") -> float:
    """Relative L2 error of `one`; infinite where anything is not finite."""
    import numpy as np

    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return float("inf")
    return float(np.linalg.norm(one.astype(np.float64) - other) / max(float(np.linalg.norm(other)), 1e-30))


def reference(settings: dict[str, Any]) -> None:
    """Write what the product computes on the CPU, in every dtype that a mode is compared with."""
    import numpy as np

    from gman_search.training.device import prepare_device

    prepare_device(0)
    arrays, models = {}, {}
    for dtype in sorted({MODES[name].dtype for name in settings["modes"]}):
        grows = any(MODES[name].grows for name in settings["modes"])
        mode = Mode(dtype, 0, 0, grows=grows)
        arrays |= {f"{dtype}/{key}": value for key, value in quantities(settings, mode, models).items()}
    np.savez(settings["file"], **arrays)


def _read(file: Path) -> Mapping[str, Quantities]:
    import numpy as np

    found: dict[str, Quantities] = {}
    with np.load(file) as stored:
        for name in stored.files:
            dtype, _, key = name.partition("/")
            found.setdefault(dtype, {})[key] = stored[name]
    return found


def quantities(settings: dict[str, Any], mode: Mode, models: "Models") -> Quantities:
    """Forecast; gradient, BN statistics and error of one step at rate 0; a forecast after some steps with dropout.

    What is built is put into `models`: with TF32 and without it is one traced model.
    """
    import numpy as np
    import tensorflow as tf

    from gman_search.model.growth import GrowthRules, grow
    from gman_search.training.step import CompiledModel, StepValues

    tf.config.experimental.enable_tensor_float_32_execution(mode.tf32)
    task, old, new = week(None, settings["sensors"]), tuple(settings["shape"]), tuple(settings["grown"])
    starts = task.starts["train"][: settings["windows"]]

    def build(shape: tuple[int, ...]) -> "CompiledModel":
        compiled = {"xla": mode.xla, "precision": mode.precision, "dtype": mode.dtype}
        key = (shape, *compiled.values())
        if key not in models:
            models[key] = CompiledModel(task, shape, shortcuts=True, **compiled)
        return models[key]

    def forecast(model: "CompiledModel") -> "np.ndarray":
        return model.forecast(starts, causal=True, batch_size=len(starts))

    model = build(old)
    weights = _generic(model.fresh_weights(0))
    model.state.load_weights(weights)
    found = {"forecast": forecast(model)}
    error, _ = model.train_step(starts, StepValues(0.0, 0.0, 0.0, 0.0, 0.9, True, 0, 0))
    found["gradient"] = model.state.first_moment.numpy()
    found["BN statistics"] = model.state.statistics.numpy()
    found["training error"] = np.array([float(error)])
    model.state.load_weights(weights)
    for step in range(STEPS):
        model.train_step(starts, StepValues(RATE, 0.0, 0.0, DROPOUT, 0.9, True, step, 0))
    found[AFTER_STEPS] = forecast(model)
    if mode.grows:
        larger = build(new)
        larger.state.load_weights(grow(weights, larger.fresh_weights(1), old, new, GrowthRules()).weights)
        found["grown forecast"] = forecast(larger)
    return found


def _generic(weights: Quantities) -> Quantities:
    """Weights that hide nothing: no zeros, gammas of both sizes, BN statistics away from 0 and 1."""
    import numpy as np

    random = np.random.default_rng(1)
    drawn = {}
    for name, value in weights.items():
        if name.endswith(("gamma", "moving_variance")):
            drawn[name] = random.uniform(0.5, 1.5, value.shape)
        else:
            drawn[name] = value + 0.1 * random.normal(size=value.shape)
    return drawn
