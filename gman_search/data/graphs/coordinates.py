"""Places of sensors: latitude and longitude from a table with or without a header."""

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np

from gman_search.data.graphs.columns import CoordinateColumns, name_columns, place_columns, plane_columns
from gman_search.data.graphs.marks import numbers
from gman_search.data.graphs.names import known_positions, match_names
from gman_search.data.graphs.table import GraphTable
from gman_search.errors import DataError

__all__ = ["Places", "coordinates_without_header", "read_coordinates"]


NOWHERE = (0.0, 0.0)
"""A place in the sea without any road: what a blank latitude and longitude become in many a table."""

METRES = 1000
"""What exceeds this is no angle but a distance on a map."""


@dataclass(frozen=True)
class Places:
    """(latitude, longitude) in degrees by the readings' names of sensors, and what was decided.

    `unplaced` are sensors whose place the file has as 0, 0: nobody knows it.
    """

    by_sensor: dict[str, tuple[float, float]]
    notes: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()


def read_coordinates(
    table: GraphTable, sensors: tuple[str, ...], columns: CoordinateColumns | None = None, *, repeated: bool = False
) -> Places:
    """Places of those of `sensors` that are in the file; what it says of others is not looked at.

    With `columns` there is no header. `repeated` admits a sensor in many rows, as a table of readings has it, if always
    at the same place.

    Raises:
        DataError: with the line of a sensor that comes twice, or of what is no place on Earth; no sensor is known; two
            columns name sensors of the readings.
    """
    path, header = table.path, table.first
    if columns is None:
        columns, table = place_columns(header), table.below_first()
    else:
        header = []
    if columns is None or not table.rows:
        raise DataError(f"{path}: expected columns of sensor, latitude and longitude, and rows; received others")
    table = table.even()
    if header:
        columns = columns._replace(sensor=_column_of_names(table, header, columns.sensor, sensors))
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
    if header and plane_columns(header) is not None:
        notes += (f"columns x and y in {path.name} are taken as longitude and latitude in degrees",)
    order = {match.position[names[row]]: tuple(place) for row, place in zip(wanted, degrees.tolist(), strict=True)}
    unplaced = tuple(sensors[index] for index in sorted(order) if order[index] == NOWHERE)
    if unplaced and len(unplaced) == len(order):
        raise DataError(
            f"{path}: expected the places of sensors; received 0, 0 for all: write their latitude, longitude"
        )
    if unplaced:
        notes += (
            f"{len(unplaced)} of {len(order)} sensors in {path.name} are at 0, 0, which means an unknown place, such "
            f"as {unplaced[0]}: they have no place and no links",
        )
    return Places({sensors[index]: order[index] for index in sorted(order) if order[index] != NOWHERE}, notes, unplaced)


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


def _column_of_names(table: GraphTable, header: list[str], usual: int, sensors: tuple[str, ...]) -> int:
    """The column that names the readings' sensors: `usual`, but where the values of another one do.

    Raises:
        DataError: two columns do, and not alike.
    """
    candidates = name_columns(header)
    if len(candidates) < 2:
        return usual
    found = {index: known_positions(table.path, table.column(index), sensors) for index in candidates}
    most = max(map(len, found.values()))
    best = [index for index in candidates if len(found[index]) == most]
    if most == 0 or best == [usual]:
        return usual
    rows = [[found[index].get(name) for name in table.column(index)] for index in best]
    if any(row != rows[0] for row in rows):
        raise DataError(
            f"{table.path}: expected one column with the readings' names of sensors; received "
            f"{' and '.join(repr(header[index]) for index in best)}, which both have them: remove the wrong one"
        )
    return best[0]


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
        advice = ": write degrees (WGS 84), not metres of a map" if (np.abs(degrees[row]) > METRES).any() else ""
        raise DataError(
            f"{table.path}, line {table.lines[rows[row]]}: expected degrees, latitude -90 to 90 and longitude -180 to "
            f"180; received {', '.join(map(repr, dict.fromkeys(cells[row])))}{advice}"
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
