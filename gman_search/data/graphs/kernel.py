"""From distances to weights: DCRNN's scale for lists of all pairs, a longer one for lists of neighbours."""

import math
from dataclasses import dataclass

import numpy as np

from gman_search.data.graphs.reach import lists_all_pairs

__all__ = ["KERNEL_THRESHOLD", "LinkWeights", "gaussian_kernel", "link_weights", "neighbour_kernel"]

KERNEL_THRESHOLD = 0.1
FARTHEST = math.sqrt(-math.log(KERNEL_THRESHOLD))
"""Distance, in units of sigma, at which the kernel is at its threshold."""


@dataclass(frozen=True)
class LinkWeights:
    """Weights (L,) of listed links; whether the kernel took them for all pairs, and whether it had to be widened."""

    weights: np.ndarray
    all_pairs: bool
    widened: bool


def gaussian_kernel(distances: np.ndarray) -> np.ndarray:
    """DCRNN's weights of listed distances: exp(-(d/sigma)^2), sigma their standard deviation; below 0.1 becomes 0.

    Where all distances are equal sigma is that distance: with a fixed one the unit would decide whether edges survive.
    """
    weights = np.exp(-np.square(distances / _sigma(distances)))
    return np.where(weights < KERNEL_THRESHOLD, 0.0, weights)


def neighbour_kernel(distances: np.ndarray) -> np.ndarray:
    """The same curve, of which no listed link falls below the threshold.

    sigma is the least that gives the farthest link a weight of 0.1; equal distances have DCRNN's weights.
    """
    sigma = max(_sigma(distances), float(distances.max(initial=0.0)) / FARTHEST)
    return np.maximum(np.exp(-np.square(distances / sigma)), KERNEL_THRESHOLD)


def link_weights(
    sources: np.ndarray, targets: np.ndarray, distances: np.ndarray, size: int, *, neighbours: bool | None = None
) -> LinkWeights:
    """Weights of listed links (L,) between sensors number `sources` (L,) and `targets` (L,), of `size` sensors.

    A list of all pairs within reach has DCRNN's weights, of which far pairs' are 0. In a list of neighbours every link
    keeps a weight. Which of them it is `neighbours` says, or the list itself (decision 17).
    """
    weights = gaussian_kernel(distances)
    lost = (weights == 0) & (sources != targets)
    if not lost.any():
        return LinkWeights(weights, all_pairs=neighbours is not True, widened=False)
    if neighbours is None:
        # A kernel that leaves no link at all has not the scale of these distances.
        survives = bool((weights[sources != targets] > 0).any())
        neighbours = not (survives and lists_all_pairs(sources, targets, distances, size))
    if neighbours:
        return LinkWeights(neighbour_kernel(distances), all_pairs=False, widened=True)
    return LinkWeights(weights, all_pairs=True, widened=False)


def _sigma(distances: np.ndarray) -> float:
    return float(distances.std()) or float(distances.mean()) or 1.0
