"""Whether a list of distances has all pairs within reach, or neighbours alone (pure)."""

import numpy as np

__all__ = ["lists_all_pairs"]

CLOSED = 0.75
"""Of the pairs that two links join within reach, the least share that a list of all pairs has itself: PEMS-BAY's list
has 80 %, the demo's all, PEMS08's 28 %, triangulations about half, chains none."""
EVIDENCE = 0.25
"""So many such pairs a listed link are needed to tell."""
LOOKED_AT = 256
"""Sensors from which pairs are looked for, spread evenly: a matrix of a thousand has a billion paths of two links."""


def lists_all_pairs(sources: np.ndarray, targets: np.ndarray, distances: np.ndarray, size: int) -> bool:
    """Whether the links (L,) with `distances` (L,) among `size` sensors are all pairs within some reach.

    The reach of a sensor is its farthest listed link. Where links a to b and b to c are together no longer than that,
    c is within reach of a: a list of all pairs has the link a to c, a list of neighbours has not.
    """
    length = np.full((size, size), np.inf)
    np.minimum.at(length, (sources, targets), distances)
    np.fill_diagonal(length, np.inf)
    listed = np.isfinite(length)
    ends = np.flatnonzero(listed.any(axis=0) | listed.any(axis=1))
    pairs = len(ends) * (len(ends) - 1)
    if listed.sum() == pairs or (listed | listed.T).sum() == pairs == 2 * listed.sum():
        return True  # every pair, in both directions or in one
    starts = np.flatnonzero(listed.any(axis=1))
    looked_at = starts[np.unique(np.linspace(0, len(starts) - 1, min(len(starts), LOOKED_AT)).astype(int))]
    within = closed = links = 0
    for start in looked_at:
        over = np.flatnonzero(listed[start])
        by_two = (length[start, over, None] + length[over]).min(axis=0)
        by_two[start] = np.inf
        near = by_two <= length[start, over].max()
        within += int(near.sum())
        closed += int((near & listed[start]).sum())
        links += len(over)
    return within >= EVIDENCE * links and closed >= CLOSED * within
