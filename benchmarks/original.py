"""The original TensorFlow 1 code and this project's GMAN on the same weights and windows: how far they are apart.

    python benchmarks/original.py DIR [--json] [--keep]

DIR is a checkout of the original repository (with METR/model.py and PeMS/model.py). Its code is imported as it is and
runs under tf.compat.v1, in a process of its own. That process draws random weights and moving statistics and saves
them as train.py does, with Adam's slots; here they are read by `read_original_checkpoint` and `from_original`.
Compared are forecasts in evaluation mode, and of one batch in training mode loss, gradients and moved statistics.
The original's dropout rate is set to 0. It computes in float32 only; for float64 its tf.float32, its initialisers and
its plain numbers are replaced. `mask_flipped` is a control: how far forecasts move when the causal mask is switched the
other way. Relative means: the largest difference as a share of the largest value. Exits with 1 where that is too large.
`--keep` writes the result with date and machine to benchmarks/results/original.json.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import types
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from results_io import described, keep

SHAPE = (2, 2, 3)  # K != d: a wrong layout of heads shows
MASKED = {"METR": True, "PeMS": False}
BOUNDS = {"float32": 1e-4, "float64": 1e-10}
MOMENTUM = 0.875  # one of the original's own values, and exact in float32, in which TensorFlow keeps it


def original(directory: Path, variant: str, number: str, exchange: Path) -> None:
    """Run the original in this process: reads inputs.npz in `exchange`, leaves a checkpoint and outputs.npz there."""
    import tensorflow

    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
    tf.set_random_seed(0)

    class OneDotX(types.ModuleType):
        """What `import tensorflow` gave in 1.x, with floats of `number`."""

        float32 = tf.dtypes.as_dtype(number)

        @property
        def compat(self) -> Any:
            def where(condition: Any, x: Any, y: Any) -> Any:
                # Plain numbers would become float32.
                return tensorflow.where(condition, tf.cast(x, self.float32), tf.cast(y, self.float32))

            return types.SimpleNamespace(v1=tf, v2=types.SimpleNamespace(where=where))

        def __getattr__(self, name: str) -> Any:
            return getattr(tf, name)

        def one_hot(self, *arguments: Any, **keywords: Any) -> Any:
            return tf.one_hot(*arguments, dtype=self.float32, **keywords)

        def zeros_initializer(self) -> Any:
            return partial(tf.zeros_initializer(), dtype=self.float32)

        def ones_initializer(self) -> Any:
            return partial(tf.ones_initializer(), dtype=self.float32)

        def glorot_uniform_initializer(self) -> Any:
            return partial(tf.glorot_uniform_initializer(), dtype=self.float32)

    sys.path.insert(0, str(directory / variant))
    sys.modules["tensorflow"] = OneDotX("tensorflow")
    model = import_module("model")
    sys.modules["tensorflow"] = tensorflow
    if hasattr(model.tf_utils, "dropout"):
        theirs = model.tf_utils.dropout
        model.tf_utils.dropout = lambda x, drop, is_training: theirs(x, drop=0.0, is_training=is_training)

    with np.load(exchange / "inputs.npz") as stored:
        given = {name: stored[name] for name in stored.files}
    (L, K, d), P, Q, T = SHAPE, given["X"].shape[1], given["label"].shape[1], int(given["T"])
    X, TE, label, is_training = model.placeholder(P, Q, given["X"].shape[2])
    normalised = model.GMAN(
        X, TE, given["SE"].astype(number), P, Q, T, L, K, d, bn=True, bn_decay=MOMENTUM, is_training=is_training
    )
    forecast = normalised * float(given["std"]) + float(given["mean"])
    loss = model.mae_loss(forecast, label)
    variables = tf.global_variables()
    adam = tf.train.AdamOptimizer(1e-3)
    gradients, trained = zip(*adam.compute_gradients(loss), strict=True)
    adam.apply_gradients(zip(gradients, trained, strict=True), global_step=tf.Variable(0, trainable=False))

    random = np.random.default_rng(0)
    inputs = {X: given["X"], TE: given["TE"], label: given["label"]}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        drawn = {}
        for variable, value in zip(variables, session.run(variables), strict=True):
            around = 0.2 * random.normal(size=value.shape) + value
            if variable.op.name.startswith("gamma") or "/Squeeze_1/" in variable.op.name:
                around = random.uniform(0.5, 1.5, value.shape)
            drawn[variable.initial_value] = around.astype(number)
        session.run([variable.initializer for variable in variables], drawn)
        tf.train.Saver().save(session, str(exchange / "GMAN"))
        evaluated = session.run(forecast, {**inputs, is_training: False})
        trained_loss, slopes = session.run([loss, gradients], {**inputs, is_training: True})
        after = {variable.op.name: value for variable, value in zip(variables, session.run(variables), strict=True)}
    # Gradients in place of what is trained, beside the statistics that this batch has moved.
    after |= {variable.op.name: slope for variable, slope in zip(trained, slopes, strict=True)}
    names = {f"after:{name}": value for name, value in after.items()}
    np.savez(exchange / "outputs.npz", forecast=evaluated, loss=trained_loss, count=len(variables), **names)


def compare(directory: Path, variant: str, number: str) -> dict[str, float | int | str]:
    """Run the original in a process of its own, then this project's GMAN on its weights."""
    from gman_search.data.series import TrafficSeries
    from gman_search.data.task import make_task
    from gman_search.data_spec import DataSpec
    from gman_search.model.original import from_original
    from gman_search.model.original_checkpoint import read_original_checkpoint
    from gman_search.training.step import ADAM_BETA1, CompiledModel, StepValues

    random = np.random.default_rng(1)
    values = random.uniform(20, 60, (8 * 21, 5)).astype(np.float32)
    values[random.random(values.shape) < 0.05] = 0
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(len(values)) * 180
    series = TrafficSeries(values, times, tuple("abcde"), 180)
    spec = DataSpec(history=4, horizon=4, imputation="zero")
    task = make_task(spec, series, random.normal(size=(5, 7)))
    starts = np.array([3, 40, 77])
    rows = starts[:, np.newaxis] + np.arange(8)
    model = CompiledModel(task, SHAPE, dtype=number)

    with tempfile.TemporaryDirectory() as folder:
        exchange = Path(folder)
        np.savez(
            exchange / "inputs.npz",
            X=task.inputs[rows[:, :4]],
            TE=np.stack([task.day_of_week[rows], task.time_of_day[rows]], axis=-1),
            label=task.targets[rows[:, 4:]],
            SE=task.embedding,
            **{"mean": task.mean, "std": task.std, "T": task.T},
        )
        command = [sys.executable, __file__, str(directory.resolve()), "--here", variant, number, folder]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": "1"}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise SystemExit(f"the original's {variant} did not run:\n{ended.stderr[-2000:]}")
        variables = read_original_checkpoint(exchange / "GMAN")
        with np.load(exchange / "outputs.npz") as stored:
            theirs = {name: stored[name] for name in stored.files}
    after = {name.removeprefix("after:"): value for name, value in theirs.items() if name.startswith("after:")}
    sizes = {"E": task.embedding.shape[1], "T": task.T}
    expected = from_original(after, *SHAPE, **sizes)

    causal = MASKED[variant]
    model.state.load_weights(from_original(variables, *SHAPE, **sizes))
    forecast = model.forecast(starts, causal=causal)
    flipped = model.forecast(starts, causal=not causal)
    still = dict.fromkeys(("learning_rate", "weight_decay", "clip_norm", "dropout"), 0.0)
    error, count = model.train_step(starts, StepValues(**still, bn_momentum=MOMENTUM, causal=causal, step=0, seed=0))
    # From a fresh start Adam's first moment is the gradient times 1 - beta1.
    gradients = model.state.trained.to_named(model.state.first_moment.numpy() / (1 - ADAM_BETA1))
    statistics = model.state.moving.to_named(model.state.statistics.numpy())
    return {
        "variant": variant,
        "dtype": number,
        "causal": causal,
        "variables_built": int(theirs["count"]),
        "variables_read": len(variables),
        "forecast_largest": float(np.abs(theirs["forecast"]).max()),
        "forecast_difference": float(np.abs(forecast - theirs["forecast"]).max()),
        "forecast_relative": _relative(forecast, theirs["forecast"]),
        "mask_flipped": _relative(flipped, theirs["forecast"]),
        "loss": float(theirs["loss"]),
        "loss_relative": _relative(np.array(float(error) / float(count)), theirs["loss"]),
        "gradient_largest": max(float(np.abs(expected[name]).max()) for name in gradients),
        "gradient_relative": _relative(_joined(gradients), _joined({name: expected[name] for name in gradients})),
        "statistics_relative": _relative(_joined(statistics), _joined({name: expected[name] for name in statistics})),
    }


def _joined(named: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([value.ravel() for value in named.values()])


def _relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference, as a share of the original's largest value."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def main() -> None:
    """Compare both variants in both precisions; ends with 1 where a difference is too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIR", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--here", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        original(chosen.directory, chosen.here[0], chosen.here[1], Path(chosen.here[2]))
        return
    rows = []
    for variant in MASKED:
        for number in BOUNDS:
            rows.append(compare(chosen.directory, variant, number))
            if not chosen.json:
                print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    sources = sorted(file for variant in MASKED for file in (chosen.directory / variant).glob("*.py"))
    document = described(
        "original",
        f"python benchmarks/original.py {chosen.directory.name} --keep",
        shape=dict(zip("LKd", SHAPE, strict=True)),
        original_sha256=hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16],
        cases=rows,
    )
    if chosen.json:
        print(json.dumps(document, indent=2))
    if chosen.keep:
        keep("original", document)
    compared = ("forecast_relative", "loss_relative", "gradient_relative", "statistics_relative")
    if any(row[key] > BOUNDS[row["dtype"]] for row in rows for key in compared):
        raise SystemExit("a difference is larger than rounding explains")


if __name__ == "__main__":
    main()
