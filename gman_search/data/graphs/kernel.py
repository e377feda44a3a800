"""From distances to weights."""

import numpy as np

__all__ = ["gaussian_kernel"]

KERNEL_THRESHOLD = 0.1


def gaussian_kernel(distances: np.ndarray) -> np.ndarray:
    """DCRNN's weights of listed distances: exp(-(d/sigma)^2), sigma their standard deviation; below 0.1 becomes 0.

    Where all distances are equal sigma is that distance: with a fixed one the unit would decide whether edges survive.
    """
    sigma = float(distances.std()) or float(distances.mean()) or 1.0
    weights = np.exp(-np.square(distances / sigma))
    return np.where(weights < KERNEL_THRESHOLD, 0.0, weights)
