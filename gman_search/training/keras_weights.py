"""Weights that Keras saved (`model.save_weights("small.weights.h5")`) of a GMAN with our layout, by tensor name."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

import numpy as np

from gman_search.data.task import ForecastDataset
from gman_search.errors import DataError
from gman_search.io.arrays import write_arrays
from gman_search.model.gman import GMAN
from gman_search.training.step import model_shape

__all__ = ["keras_parent", "read_keras_weights"]

Shape = tuple[int, int, int]


def read_keras_weights(
    path: Path, task: ForecastDataset, shapes: Iterable[Shape]
) -> tuple[dict[str, np.ndarray], Shape]:
    """Weights by name, and which of `shapes`, (L, K, d), they have.

    A file knows L and K*d only: of shapes that both fit, the first is taken. It may be of a model with shortcuts.

    Raises:
        DataError: the file cannot be read, or is none of the shapes on this task (width of the embedding, steps a day).
    """
    if not path.is_file():
        raise DataError(f"expected a Keras weight file at {path}; there is no such file")
    tried = list(dict.fromkeys(shapes))
    # With shortcuts first: without them a file that has some would fit, too.
    for shape, shortcuts in product(tried, (True, False)):
        model = GMAN(model_shape(task, shape, shortcuts=shortcuts), task.embedding)
        try:
            model.load_weights(path)
        except (ValueError, OSError, KeyError):  # another shape, or no weight file at all
            continue
        return {variable.path: variable.numpy() for variable in model.variables}, shape
    raise DataError(
        f"expected {path} to hold weights of a GMAN with (L, K, d) = {' or '.join(map(str, tried))}, an embedding of "
        f"{task.embedding.shape[1]} channels and {task.T} steps a day, saved by Keras 3 as .weights.h5; it does not"
    )


def keras_parent(path: Path, task: ForecastDataset, shapes: Iterable[Shape], folder: Path) -> Path:
    """Rewrite the file as weights that a job can name as its parent; returns their `folder`. Raises as above."""
    weights, shape = read_keras_weights(path, task, shapes)
    write_arrays(folder / "weights.npz", weights, {"shape": list(shape), "source": path.name})
    return folder
