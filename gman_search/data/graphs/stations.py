"""Caltrans PeMS' metadata of stations: distances along a freeway from their absolute postmiles."""

from itertools import pairwise

import numpy as np

from gman_search.data.graphs.columns import STATIONS, coordinate_columns
from gman_search.data.graphs.coordinates import Places, read_coordinates
from gman_search.data.graphs.links import joined
from gman_search.data.graphs.marks import numbers
from gman_search.data.graphs.names import match_names
from gman_search.data.graphs.nearness import nearest
from gman_search.data.graphs.result import Graph
from gman_search.data.graphs.table import GraphTable
from gman_search.errors import DataError

__all__ = ["read_stations", "station_places"]


def read_stations(table: GraphTable, sensors: tuple[str, ...]) -> Graph:
    """Links between consecutive stations of a freeway's direction, of as many miles as their postmiles differ by.

    Where postmiles tell no two stations apart, or a station has none, the graph is that of the coordinates.

    Raises:
        DataError: a sensor of the readings is not in the file, or comes twice.
    """
    path, header, rows = table.path, _plain(table.first), table.below_first().even()
    station, freeway, direction, postmile = (header.index(name) for name in STATIONS)
    match = match_names(path, [(name,) for name in rows.column(station)], sensors)
    row_of: dict[int, int] = {}
    for row, name in enumerate(rows.column(station)):
        sensor = match.position.get(name)
        if sensor in row_of:
            raise DataError(f"{path}, line {rows.lines[row]}: expected every station once; received {name!r} again")
        if sensor is not None:
            row_of[sensor] = row
    lost = [name for index, name in enumerate(sensors) if index not in row_of]
    if lost:
        raise DataError(
            f"{path}: expected every sensor of the readings among the stations; {len(lost)} are not, such as {lost[0]}"
        )
    chosen = [rows.rows[row_of[index]] for index in range(len(sensors))]
    miles, _ = numbers(path, [cells[postmile] for cells in chosen], rows.delimiter, thousands=False)
    roads = [f"{cells[freeway]} {cells[direction]}" for cells in chosen]
    without = int(np.isnan(miles).sum())
    sources, targets, distances = _consecutive(roads, miles)
    if without or not distances.any():
        why = f"{without} stations have none" if without else "they differ for no two stations of a freeway"
        told = f"postmiles in {path.name} were not used because {why}: the graph is that of the coordinates"
        return nearest(path, read_coordinates(table, sensors), sensors).noted(told)
    told = (
        f"the graph joins consecutive stations of each of {len(set(roads))} freeway directions; distances are miles "
        f"between absolute postmiles ({path.name})"
    )
    graph = joined(path, sources, targets, distances, len(sensors), neighbours=True)
    notes = tuple(note for note in match.notes if "written otherwise" in note)
    return Graph(graph.matrix, (*notes, told), graph.listed, graph.dropped, station_places(table, sensors).by_sensor)


def station_places(table: GraphTable, sensors: tuple[str, ...]) -> Places:
    """Coordinates of the stations, or none where a station of the readings has none."""
    if coordinate_columns(table.first) is None:
        return Places({})
    try:
        return read_coordinates(table, sensors)
    except DataError:
        return Places({})  # the map is left out; the graph does not need it


def _consecutive(roads: list[str], miles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Links (L,) in both directions between stations that follow each other, and their lengths."""
    pairs = []
    for road in dict.fromkeys(roads):
        stations = np.flatnonzero([name == road for name in roads])
        along = stations[np.argsort(miles[stations], kind="stable")]
        pairs += list(pairwise(along))
    ends = np.array(pairs, dtype=int).reshape(-1, 2)
    one, other = np.concatenate([ends, ends[:, ::-1]]).T
    lengths: np.ndarray = np.abs(miles[one] - miles[other])
    return one, other, lengths


def _plain(header: list[str]) -> list[str]:
    return [name.strip().lower() for name in header]
