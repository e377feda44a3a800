"""Graphs from where sensors are: great-circle distances to the nearest ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from gman_search.data.formats.long_csv import SENSOR_NAMES
from gman_search.data.graphs.great_circle import great_circle
from gman_search.data.graphs.kernel import gaussian_kernel
from gman_search.data.graphs.text import GraphText
from gman_search.errors import DataError

__all__ = ["coordinate_columns", "nearness", "read_coordinates"]

NEAREST = 8
"""Neighbours kept of each sensor: distances of all pairs would join a whole city to one clump."""
LATITUDES, LONGITUDES = {"latitude", "lat"}, {"longitude", "lon", "lng", "long"}
NAMES = SENSOR_NAMES | {"id", "name"}


class CoordinateColumns(NamedTuple):
    """Positions of the columns that matter."""

    sensor: int
    latitude: int
    longitude: int


def coordinate_columns(header: Sequence[str]) -> CoordinateColumns | None:
    """Where name, latitude and longitude are, or None where the header is another file's."""
    known = [name.strip().strip('"').lower() for name in header]
    found = [[index for index, name in enumerate(known) if name in names] for names in (NAMES, LATITUDES, LONGITUDES)]
    return CoordinateColumns(*(columns[0] for columns in found)) if all(found) else None


def read_coordinates(text: GraphText) -> dict[str, tuple[float, float]]:
    """(latitude, longitude) in degrees of every sensor in the file.

    Raises:
        DataError: with the line of a sensor that comes twice, or of what is no place on Earth.
    """
    table = text.cells(header=True)
    columns = coordinate_columns(text.first_line.split(","))
    if columns is None:
        raise DataError(f"{text.path}: expected columns of sensor, latitude and longitude; received others")
    names = table.iloc[:, columns.sensor].str.strip()
    latitudes, longitudes = (
        pd.to_numeric(table.iloc[:, column], errors="coerce").to_numpy(dtype=float) for column in columns[1:]
    )
    wrong = np.flatnonzero(~((np.abs(latitudes) <= 90) & (np.abs(longitudes) <= 180)))
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"{text.path}, line {table.index[row]}: expected degrees, latitude -90 to 90 and longitude -180 to 180; "
            f"received {table.iloc[row, columns.latitude]!r}, {table.iloc[row, columns.longitude]!r}"
        )
    again = np.flatnonzero(names.duplicated() | (names == ""))
    if len(again):
        raise DataError(
            f"{text.path}, line {table.index[again[0]]}: expected every sensor once; received {names.iloc[again[0]]!r}"
        )
    return dict(zip(names, zip(latitudes.tolist(), longitudes.tolist(), strict=True), strict=True))


def nearness(path: Path, places: Mapping[str, tuple[float, float]], all_sensors: tuple[str, ...]) -> np.ndarray:
    """Adjacency (M, M) float32: the Gaussian kernel of distances to each sensor's nearest ones, symmetric.

    Raises:
        DataError: a sensor of the speed file has no place.
    """
    if not any(name in places for name in all_sensors):  # a file by index, for readings without names
        places = dict(zip(map(str, range(len(places))), places.values(), strict=True))
    lost = [name for name in all_sensors if name not in places]
    if lost:
        raise DataError(
            f"{path}: expected the place of every sensor of the speed file; {len(lost)} have none, such as {lost[0]}"
        )
    distances = great_circle(np.array([places[name] for name in all_sensors]))
    size = len(all_sensors)
    kept = np.zeros((size, size), dtype=bool)
    order = np.argsort(distances + np.where(np.eye(size, dtype=bool), np.inf, 0.0), axis=1, kind="stable")
    kept[np.arange(size)[:, None], order[:, : min(NEAREST, size - 1)]] = True
    kept |= kept.T
    matrix = np.eye(size, dtype=np.float32)
    if kept.any():
        matrix[kept] = gaussian_kernel(distances[kept])
    return matrix
