"""Time or train gmantf22, the Keras 3 port (github.com/szw0407/GMAN-METR-LA-tf2ed).

As in the port's `train.py`: its `train_step` and three metrics, Adam with global clipping at 5, a rate that falls to
0.7 of itself every `decay_epoch` epochs in steps, masked MAE, BN on every layer, a shuffle buffer of two batches, the
last partial training batch dropped, the embedding standardised. Its dropout on the forecast itself is left as it is.

Deviations:
- Windows, normalisation, missing-value filling and embedding come from the case file, and learning rate, batch size
  and `decay_epoch` too.
- float32, the port's own setting `use_mixed_precision=False`: with float16 its `train_step` does not scale the loss
  though the optimizer divides by the scale, and float16 is slow on processors.
- XLA as Keras decides: off on a machine without a GPU.
- No TensorBoard, debug dumps and curves, which only take time, and no early stop (epochs are equal for all). The best
  epoch is chosen by masked MAE over all validation windows.
- Validation and test forecasts cover all windows; the port drops the last partial batch and then fails on the shapes.
- `--no-bn` leaves BN out, as the port's `train_quick.py` does.
"""

import argparse
import importlib
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from case import Case
from driver import THREADS, run

MINUTES_PER_DAY = 1440
DECAY_RATE = 0.7
CLIP_NORM = 5.0


class KerasPort:
    """The port's model, compiled as the port compiles it."""

    def __init__(self, directory: Path, case: Case, chosen: argparse.Namespace) -> None:
        if chosen.device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        keras.utils.set_random_seed(case.seed)
        tf.config.threading.set_intra_op_parallelism_threads(THREADS)
        sys.path.insert(0, str(directory / "gmantf22"))
        code = importlib.import_module("model")
        settings = SimpleNamespace(
            L=case.L, K=case.K, d=case.d, P=case.P, Q=case.Q, time_slot=MINUTES_PER_DAY // case.T
        )  # fmt: skip
        embedding = (case.embedding - case.embedding.mean()) / max(float(case.embedding.std()), 1e-5)
        self.case = case
        self.train_data = self._dataset("train") if chosen.mode == "train" else None
        steps = 1 if self.train_data is None else max(len(self.train_data), 1)
        rate = keras.optimizers.schedules.ExponentialDecay(
            case.learning_rate, decay_steps=case.decay_epoch * steps, decay_rate=DECAY_RATE, staircase=True
        )
        self.model: keras.Model = code.GMAN(settings, embedding, case.mean, case.std, bn=not chosen.no_bn)
        self.model.compile(
            optimizer=keras.optimizers.Adam(rate, global_clipnorm=CLIP_NORM),
            loss=code.MaskedMAELoss(),
            metrics=[code.MaskedMAE(), code.MaskedRMSE(), code.MaskedMAPE()],
        )

    def train_steps(self, batches: list[np.ndarray]) -> list[float]:
        """An optimizer step on each batch, in Keras' own loop; the clock after each."""
        clock = _Clock()
        self.model.fit(self._dataset("train", np.concatenate(batches)), epochs=1, verbose=0, callbacks=[clock])
        return clock.ends

    def train_epoch(self) -> None:
        """The training windows in the order that the port's small shuffle buffer gives."""
        self.model.fit(self.train_data, epochs=1, verbose=0)

    def forecast(self, part: str) -> np.ndarray:
        """Forecasts with moving BN statistics; the port de-normalises them itself."""
        count = len(self.case.windows(part)[0])
        return self.model.predict(self._dataset(part), verbose=0)[:count]

    def weights(self) -> list[np.ndarray]:
        """A copy of the weights and moving statistics."""
        return self.model.get_weights()

    def restore(self, weights: list[np.ndarray]) -> None:
        """Put such a copy back."""
        self.model.set_weights(weights)

    def gpu_gb(self) -> float:
        """By TensorFlow's allocator."""
        return round(tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e9, 3)

    def _dataset(self, part: str, rows: np.ndarray | None = None) -> tf.data.Dataset:
        """Whole batches, for one trace: `rows` as they come, or all windows, shuffled for training, else filled up."""
        inputs, calendar, truth = self.case.windows(part)
        size = self.case.batch_size
        shuffled = part == "train" and rows is None
        if rows is None:
            count = len(inputs)
            rows = np.arange(count) if shuffled else np.resize(np.arange(count), -(-count // size) * size)
        data = tf.data.Dataset.from_tensor_slices(((inputs[rows], calendar[rows]), truth[rows]))
        if shuffled:
            data = data.shuffle(min(2 * size, len(rows)))
        return data.batch(size, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


class _Clock(keras.callbacks.Callback):
    """The time at which each training step was done."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Wait for the step's metrics, then read the clock."""
        for value in (logs or {}).values():
            float(value)
        self.ends.append(time.perf_counter())


if __name__ == "__main__":
    run(__doc__, KerasPort, no_bn={"action": "store_true"})
