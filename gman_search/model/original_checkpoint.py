"""Reading a checkpoint that the original's train.py has saved."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from gman_search.errors import DataError
from gman_search.model.original import model_variables

__all__ = ["read_original_checkpoint"]


def read_original_checkpoint(prefix: str | Path) -> dict[str, np.ndarray]:
    """The model's variables in a TensorFlow 1 checkpoint, without optimizer slots, counters and scopes.

    Args:
        prefix: the name that was given to the Saver: the files' common part, in front of `.index` and `.data-...`.

    Raises:
        DataError: there is no such checkpoint, it is damaged, or it holds no GMAN of the original code.
    """
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        names = model_variables(reader.get_variable_to_shape_map())
        return {bare: reader.get_tensor(full) for bare, full in names.items()}
    except (tf.errors.OpError, OSError, ValueError, RuntimeError, LookupError) as error:
        cause = " ".join(str(error).split())[:200]
        raise DataError(
            f"expected a TensorFlow checkpoint at {prefix}; received none that can be read ({cause}): give the path "
            "without .index, .meta or .data-..., with those files in one folder"
        ) from None
