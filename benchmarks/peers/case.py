"""A case: the windows and settings that every port is given, in one file that needs NumPy alone to be read.

Arrays: `trainX` (W, P, N) normalised readings, `trainTE` (W, P+Q, 2) day of week and time of day, `trainY` (W, Q, N)
raw readings with 0 for missing, the same for `val` and `test`, and the spatial embedding `SE` (N, E). Numbers: `mean`,
`std`, `L`, `K`, `d`, `batch_size`, `learning_rate`, `decay_epoch`, `P`, `Q`, `T` (times of a day) and `seed`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gman_search.data.task import ForecastDataset

__all__ = ["PARTS", "Case", "write_case"]

PARTS = ("train", "val", "test")


def write_case(
    path: Path,
    task: "ForecastDataset",
    shape: tuple[int, int, int],
    batch_size: int,
    learning_rate: float,
    decay_epoch: int,
    seed: int,
    *,
    windows: int | None = None,
) -> None:
    """Write the windows of `task` and the settings of a model of `shape` (L, K, d) to `path`.

    `windows` keeps at most so many windows of each part, spread evenly over it: enough for timing.
    """
    arrays: dict[str, np.ndarray] = {"SE": task.embedding.astype(np.float32)}
    calendar = np.stack([task.day_of_week, task.time_of_day], axis=-1).astype(np.int32)
    history, both = np.arange(task.P), np.arange(task.P + task.Q)
    for part in PARTS:
        starts = task.starts[part]
        if windows is not None and len(starts) > windows:
            starts = starts[np.linspace(0, len(starts) - 1, windows).round().astype(int)]
        first = starts[:, None]
        arrays[f"{part}X"] = task.inputs[first + history]
        arrays[f"{part}TE"] = calendar[first + both]
        arrays[f"{part}Y"] = task.targets[first + both[task.P :]]
    layers, heads, width = shape
    np.savez(
        path, **arrays, mean=task.mean, std=task.std, L=layers, K=heads, d=width, batch_size=batch_size,
        learning_rate=learning_rate, decay_epoch=decay_epoch, P=task.P, Q=task.Q, T=task.T, seed=seed,
    )  # fmt: skip


class Case:
    """A case file; windows are read when they are asked for, so that timing does not pay for the test part."""

    def __init__(self, path: Path) -> None:
        self._file = np.load(path)
        self.embedding: np.ndarray = self._file["SE"]
        self.mean, self.std, self.learning_rate = (float(self._file[key]) for key in ("mean", "std", "learning_rate"))
        self.L, self.K, self.d = (int(self._file[key]) for key in ("L", "K", "d"))
        self.P, self.Q, self.T = (int(self._file[key]) for key in ("P", "Q", "T"))
        self.batch_size, self.decay_epoch, self.seed = (
            int(self._file[key]) for key in ("batch_size", "decay_epoch", "seed")
        )
        self._windows: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def windows(self, part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs X, calendar TE and raw targets Y of train, val or test."""
        if part not in self._windows:
            self._windows[part] = (self._file[f"{part}X"], self._file[f"{part}TE"], self._file[f"{part}Y"])
        return self._windows[part]
