"""What the columns of a graph's table are, by their names (pure)."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gman_search.data.tables.known_names import LATITUDES, LONGITUDES, SENSOR_NAMES, TIME_NAMES

__all__ = [
    "STATIONS",
    "CoordinateColumns",
    "LinkColumns",
    "coordinate_columns",
    "has_times",
    "header_kind",
    "link_columns",
    "name_columns",
    "place_columns",
    "plane_columns",
]

FROM = {
    "from", "from_id", "id_from", "id1", "from_sensor_id", "from_station", "from_detector", "start_node", "node_1",
    "fromid", "from_node", "from_node_id", "from_sensor", "source", "source_id", "src", "origin",
    "origin_id", "start", "start_id", "u", "i", "node1", "sensor1", "sensor_1",
}  # fmt: skip
TO = {
    "to", "to_id", "id_to", "id2", "to_sensor_id", "to_station", "to_detector", "end_node", "node_2",
    "toid", "to_node", "to_node_id", "to_sensor", "target", "target_id", "destination",
    "destination_id", "dest", "dst", "end", "end_id", "v", "j", "node2", "sensor2", "sensor_2",
}  # fmt: skip
DISTANCES = {
    "cost", "costs", "distance", "distances", "dist", "d", "length", "len", "meters", "metres", "miles", "km",
    "distance_m", "distance_km", "distance_miles", "dist_m", "dist_km", "length_m", "length_km",
}  # fmt: skip
WEIGHTS = {"weight", "weights", "w", "link_weight", "link_weights", "edge_weight", "adj", "adjacency"}
WITHOUT_MEANING = {"", "id", "rel_id", "edge_id", "link_id", "index", "type", "unnamed:_0"}
NAMES = SENSOR_NAMES | {"id", "name", "detid", "geo_id", "sid"}
UNIT = re.compile(r"\s*[(\[].*")
"""`distance (m)` is a distance."""
POINTS = {"coordinates"}
STATIONS = ("id", "fwy", "dir", "abs_pm")
"""Columns of PeMS' metadata that place a station on a freeway: its number, freeway, direction and absolute postmile."""


class LinkColumns(NamedTuple):
    """Positions of the two sensors and of their distance or weight, or None where there is none of it."""

    source: int
    target: int
    distance: int | None = None
    weight: int | None = None


class CoordinateColumns(NamedTuple):
    """Positions of the sensor's name and its place: two columns, or LibCity's one of both (then equal)."""

    sensor: int
    latitude: int
    longitude: int


def link_columns(header: Sequence[str]) -> LinkColumns | None:
    """Where two sensors and what is between them are, or None where the header is another file's.

    Further columns are not looked at where one is a distance or a weight; where none is, they must be without meaning.
    """
    known = _plain(header)
    sources, targets, distances, weights = (_positions(known, names) for names in (FROM, TO, DISTANCES, WEIGHTS))
    if len(sources) != 1 or len(targets) != 1 or len(distances) > 1 or len(weights) > 1:
        return None
    if not distances and not weights:
        rest = [name for index, name in enumerate(known) if index not in (*sources, *targets)]
        if not set(rest) <= WITHOUT_MEANING:
            return None
    return LinkColumns(sources[0], targets[0], *(next(iter(found), None) for found in (distances, weights)))


def coordinate_columns(header: Sequence[str]) -> CoordinateColumns | None:
    """Where name, latitude and longitude are, or None where the header is another file's."""
    known = _plain(header)
    latitudes, longitudes, points = (_positions(known, own) for own in (LATITUDES, LONGITUDES, POINTS))
    names = name_columns(header)
    if not names:
        return None
    if latitudes and longitudes:
        return CoordinateColumns(names[0], latitudes[0], longitudes[0])
    return CoordinateColumns(names[0], points[0], points[0]) if len(points) == 1 else None


def plane_columns(header: Sequence[str]) -> CoordinateColumns | None:
    """Where name, y and x are; None where they are not. Readings may have sensors of such names: no kind of file."""
    known, names = _plain(header), name_columns(header)
    if not names or known.count("x") != 1 or known.count("y") != 1 or coordinate_columns(header) is not None:
        return None
    return CoordinateColumns(names[0], known.index("y"), known.index("x"))


def place_columns(header: Sequence[str]) -> CoordinateColumns | None:
    """Those of `coordinate_columns`, or else of `plane_columns`."""
    return coordinate_columns(header) or plane_columns(header)


def name_columns(header: Sequence[str]) -> list[int]:
    """Columns that may name sensors, the more telling ones first: METR-LA's file has `index,sensor_id,...`."""
    known = _plain(header)
    return sorted(_positions(known, NAMES), key=lambda index: known[index] in ("id", "name"))


def header_kind(header: Sequence[str]) -> str | None:
    """The kind of graph whose columns have such names: stations, distances, coordinates; None where they are others."""
    if set(STATIONS) <= set(_plain(header)):
        return "stations"
    if link_columns(header) is not None:
        return "distances"
    return "coordinates" if coordinate_columns(header) is not None else None


def has_times(header: Sequence[str]) -> bool:
    """Whether a column is one of times: then a table with places holds readings, too."""
    return bool(set(_plain(header)) & (TIME_NAMES - {""}))


def _plain(header: Sequence[str]) -> list[str]:
    bare = (UNIT.sub("", name.strip().strip('"')).strip().lower() for name in header)
    return [name.replace(" ", "_") for name in bare]


def _positions(known: Sequence[str], names: set[str]) -> list[int]:
    return [index for index, name in enumerate(known) if name in names]
