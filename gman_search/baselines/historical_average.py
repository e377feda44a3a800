"""Historical average: what the sensor usually reads at the target's time (pure)."""

import numpy as np
from numpy.typing import NDArray

from gman_search.data.window_set import WindowSet

__all__ = ["historical_average"]


def historical_average(windows: WindowSet) -> NDArray[np.float32]:
    """The usual value at each step to be forecast (W, Q, N); see `gman_search.data.usual`."""
    return np.asarray(windows.usual[windows.future], dtype=np.float32)
