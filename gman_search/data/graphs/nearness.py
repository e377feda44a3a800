"""From the places of sensors to a graph: great-circle distances to the nearest ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gman_search.data.graphs.coordinates import Places
from gman_search.data.graphs.great_circle import great_circle
from gman_search.data.graphs.kernel import link_weights
from gman_search.data.graphs.result import Graph
from gman_search.errors import DataError

__all__ = ["nearest", "nearness"]

NEAREST = 8
"""Neighbours kept of each sensor: distances of all pairs would join a whole city to one clump."""


def nearest(path: Path, places: Places, sensors: tuple[str, ...]) -> Graph:
    """The graph of places: each sensor and its nearest ones; without links those whose place is unknown.

    Raises:
        DataError: a sensor of the readings has no place.
    """
    notes = places.notes
    if len(places.by_sensor) > 1 and len(set(places.by_sensor.values())) == 1:
        notes += (f"all sensors in {path.name} are at one place: such coordinates say nothing about who is near",)
    matrix = nearness(path, places.by_sensor, sensors, unplaced=places.unplaced)
    links = int((matrix > 0).sum()) - len(sensors)
    return Graph(matrix, notes, links, places=places.by_sensor)


def nearness(
    path: Path,
    places: Mapping[str, tuple[float, float]],
    all_sensors: tuple[str, ...],
    *,
    unplaced: Sequence[str] = (),
) -> np.ndarray:
    """Adjacency (M, M) float32: weights of the distances to each sensor's nearest ones, symmetric.

    Every such link keeps a weight, as in any list of neighbours (decision 17). `unplaced` are sensors without links.

    Raises:
        DataError: a sensor of the readings has no place and is not among `unplaced`.
    """
    lost = [name for name in all_sensors if name not in places and name not in unplaced]
    if lost:
        raise DataError(
            f"{path}: expected the place of every sensor of the readings; {len(lost)} have none, such as {lost[0]}"
        )
    matrix = np.eye(len(all_sensors), dtype=np.float32)
    placed = np.array([index for index, name in enumerate(all_sensors) if name in places], dtype=int)
    if len(placed) < 2:
        return matrix
    distances = great_circle(np.array([places[all_sensors[index]] for index in placed]))
    size = len(placed)
    kept = np.zeros((size, size), dtype=bool)
    order = np.argsort(distances + np.where(np.eye(size, dtype=bool), np.inf, 0.0), axis=1, kind="stable")
    kept[np.arange(size)[:, None], order[:, : min(NEAREST, size - 1)]] = True
    sources, targets = np.nonzero(kept | kept.T)
    found = link_weights(sources, targets, distances[sources, targets], size, neighbours=True)
    matrix[placed[sources], placed[targets]] = found.weights
    return matrix
