"""Graphs from where sensors are: great-circle distances to the nearest ones."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gman_search.data.graphs.columns import CoordinateColumns, coordinate_columns
from gman_search.data.graphs.great_circle import great_circle
from gman_search.data.graphs.kernel import gaussian_kernel
from gman_search.data.graphs.marks import numbers
from gman_search.data.graphs.names import match_names
from gman_search.data.graphs.result import Graph
from gman_search.data.graphs.table import GraphTable
from gman_search.errors import DataError

__all__ = ["Places", "coordinates_without_header", "nearest", "nearness", "read_coordinates"]

NEAREST = 8
"""Neighbours kept of each sensor: distances of all pairs would join a whole city to one clump."""


@dataclass(frozen=True)
class Places:
    """(latitude, longitude) in degrees by the readings' names of sensors, and what was decided."""

    by_sensor: dict[str, tuple[float, float]]
    notes: tuple[str, ...] = ()


def read_coordinates(
    table: GraphTable, sensors: tuple[str, ...], columns: CoordinateColumns | None = None, *, repeated: bool = False
) -> Places:
    """Places of those of `sensors` that are in the file; what it says of others is not looked at.

    With `columns` there is no header. `repeated` admits a sensor in many rows, as a table of readings has it, if always
    at the same place.

    Raises:
        DataError: with the line of a sensor that comes twice, or of what is no place on Earth; no sensor is known.
    """
    path = table.path
    if columns is None:
        columns, table = coordinate_columns(table.first), table.below_first()
    if columns is None or not table.rows:
        raise DataError(f"{path}: expected columns of sensor, latitude and longitude, and rows; received others")
    table = table.even()
    names = table.column(columns.sensor)
    if repeated:
        table, names = _once(table, columns, names)
    match = match_names(path, [(name,) for name in names if name], sensors)
    if match.by_number and Counter(names).most_common(1)[0][1] > 1:
        raise DataError(f"{path}: expected every sensor once; received {Counter(names).most_common(1)[0][0]!r} again")
    wanted = [row for row, name in enumerate(names) if name in match.position]
    seen: dict[int, int] = {}
    for row in wanted:
        if match.position[names[row]] in seen:
            raise DataError(
                f"{path}, line {table.lines[row]}: expected every sensor once; received {names[row]!r} again"
            )
        seen[match.position[names[row]]] = row
    degrees = _degrees(table, columns, wanted)
    notes = () if match.by_number and names == [str(index) for index in range(len(sensors))] else match.notes
    order = {match.position[names[row]]: tuple(place) for row, place in zip(wanted, degrees.tolist(), strict=True)}
    return Places({sensors[index]: order[index] for index in sorted(order)}, notes)


def coordinates_without_header(table: GraphTable, sensors: tuple[str, ...]) -> CoordinateColumns | None:
    """Where name, latitude and longitude are in a table of numbers alone, or None where it has none.

    Latitude and longitude are told by their size: beyond 90 degrees there is no latitude.

    Raises:
        DataError: both columns may be the latitude.
    """
    width = len(table.first)
    if width not in (3, 4) or any(len(cells) != width for cells in table.rows):
        return None
    pairs = [table.column(index) for index in (width - 2, width - 1)]
    if not all("." in cell or "," in cell for column in pairs for cell in column):
        return None  # indices, names or whole distances
    values = [numbers(table.path, column, table.delimiter, thousands=False)[0] for column in pairs]
    if not all((np.abs(column) <= 180).all() for column in values):  # NaN is not
        return None
    names = table.column(width - 3)
    if len(set(names)) < len(names) or not _named(names, sensors):
        return None
    beyond = [bool((np.abs(column) > 90).any()) for column in values]
    if beyond == [False, False]:
        raise DataError(
            f"{table.path}: expected coordinates with a header, as their latitudes and longitudes could be either; "
            f"received none: write sensor,latitude,longitude above them"
        )
    latitude = width - 1 if beyond[0] else width - 2
    return None if all(beyond) else CoordinateColumns(width - 3, latitude, 2 * width - 3 - latitude)


def nearest(path: Path, places: Places, sensors: tuple[str, ...]) -> Graph:
    """The graph of places: each sensor and its nearest ones.

    Raises:
        DataError: a sensor of the readings has no place.
    """
    notes = places.notes
    if len(sensors) > 1 and len(set(places.by_sensor.values())) == 1:
        notes += (f"all sensors in {path.name} are at one place: such coordinates say nothing about who is near",)
    return Graph(nearness(path, places.by_sensor, sensors), notes, places=places.by_sensor)


def nearness(path: Path, places: Mapping[str, tuple[float, float]], all_sensors: tuple[str, ...]) -> np.ndarray:
    """Adjacency (M, M) float32: the Gaussian kernel of distances to each sensor's nearest ones, symmetric.

    Raises:
        DataError: a sensor of the readings has no place.
    """
    lost = [name for name in all_sensors if name not in places]
    if lost:
        raise DataError(
            f"{path}: expected the place of every sensor of the readings; {len(lost)} have none, such as {lost[0]}"
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


def _named(names: list[str], sensors: tuple[str, ...]) -> bool:
    known = set(sensors)
    return bool(known & set(names)) or sorted(names) == sorted(str(index) for index in range(len(sensors)))


def _once(table: GraphTable, columns: CoordinateColumns, names: list[str]) -> tuple[GraphTable, list[str]]:
    """One row of each sensor.

    Raises:
        DataError: with the line where a sensor is at another place than before.
    """
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        before = first.setdefault(name, row)
        here, there = ([table.rows[at][column] for column in columns[1:]] for at in (row, before))
        if here != there:
            raise DataError(
                f"{table.path}, line {table.lines[row]}: expected sensor {name} at one place; received "
                f"{', '.join(here)} after {', '.join(there)}"
            )
    kept = list(first.values())
    rows, lines = [table.rows[row] for row in kept], [table.lines[row] for row in kept]
    return GraphTable(table.path, rows, lines, table.delimiter), list(first)


def _degrees(table: GraphTable, columns: CoordinateColumns, rows: list[int]) -> np.ndarray:
    """(latitude, longitude) (R, 2) of the rows named.

    Raises:
        DataError: with the line of what is no place on Earth.
    """
    cells = [(table.rows[row][columns.latitude], table.rows[row][columns.longitude]) for row in rows]
    if columns.latitude == columns.longitude:  # LibCity's "[lon, lat]"
        degrees = np.array([_point(cell) for cell, _ in cells]).reshape(-1, 2)
    else:
        sides = [[pair[side] for pair in cells] for side in (0, 1)]
        degrees = np.stack([numbers(table.path, s, table.delimiter, thousands=False)[0] for s in sides], axis=1)
    wrong = np.flatnonzero(~((np.abs(degrees) <= [90, 180]).all(axis=1)))
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"{table.path}, line {table.lines[rows[row]]}: expected degrees, latitude -90 to 90 and longitude -180 to "
            f"180; received {', '.join(map(repr, dict.fromkeys(cells[row])))}"
        )
    return degrees


def _point(cell: str) -> tuple[float, float]:
    """Latitude and longitude of LibCity's "[lon, lat]", or the middle of the points of a line or an area."""
    try:
        points = np.array(_flat(json.loads(cell)), dtype=float).reshape(-1, 2)
    except (ValueError, TypeError, RecursionError):
        return np.nan, np.nan
    if not len(points):
        return np.nan, np.nan
    longitude, latitude = points.mean(axis=0)
    return float(latitude), float(longitude)


def _flat(value: object) -> list[object]:
    if isinstance(value, list):
        return [number for item in value for number in _flat(item)]
    return [value]
