"""What a missing reading is: 0, NaN or infinity. The one place of the package that decides it (pure).

Traced TensorFlow code follows the same rule in tensor operations: the loss in `training.step` and the exported graph's
`forecasting.graph.filled`.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["is_observed"]


def is_observed(readings: NDArray[np.floating]) -> NDArray[np.bool_]:
    """True where `readings`, of any shape, has a measurement: a finite number other than 0."""
    return np.asarray(np.isfinite(readings) & (readings != 0))
