"""The one door through which sensor graphs come in: the kind of file is told by its content."""

import zlib
from pathlib import Path

import numpy as np

from gman_search.data.formats.plain_text import decoded
from gman_search.data.graphs.coordinates import coordinate_columns, nearness, read_coordinates
from gman_search.data.graphs.kernel import gaussian_kernel
from gman_search.data.graphs.pickled import read_pickled
from gman_search.data.graphs.text import GraphText, cost_columns, costs, dense, edge_list, is_number
from gman_search.data.guards import read_bytes
from gman_search.errors import DataError

__all__ = ["gaussian_kernel", "graph_kind", "read_adjacency", "read_locations"]

FORMS = "dense CSV, `from,to,cost`, `i j w`, coordinates or DCRNN's pickle"


def read_adjacency(path: Path, all_sensors: tuple[str, ...]) -> np.ndarray:
    """Adjacency (M, M) float32 of all M sensors of the speed file; a bigger entry is a closer pair.

    Accepts a dense CSV, with names of sensors above it (and beside it) or without; lines `i j w` with indices into the
    speed file's columns (GMAN); `from,to,cost` with or without header by sensor name or index, whose distances go
    through DCRNN's Gaussian kernel; DCRNN's pickle `[ids, id_to_index, matrix]`, read without running anything in it;
    and sensors with latitude and longitude, whose great-circle distances to the nearest ones go through the same
    kernel.

    Raises:
        DataError: the file is missing, of no known form, or does not have the speed file's sensors.
    """
    kind, text = _opened(path, all_sensors)
    if text is None:
        return read_pickled(path, all_sensors)
    if kind == "coordinates":
        return nearness(path, read_coordinates(text), all_sensors)
    if kind == "edge list":
        return edge_list(text, len(all_sensors))
    if kind == "distances":
        return costs(text, all_sensors)
    return dense(text, all_sensors)


def graph_kind(path: Path, all_sensors: tuple[str, ...]) -> str:
    """What `read_adjacency` takes the file for: pickle, coordinates, edge list, distances or matrix."""
    return _opened(path, all_sensors)[0]


def read_locations(path: Path, all_sensors: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """(latitude, longitude) of the speed file's sensors, where `path` is a file of coordinates; else nothing."""
    kind, text = _opened(path, all_sensors)
    if kind != "coordinates" or text is None:
        return {}
    known = set(all_sensors)
    return {name: place for name, place in read_coordinates(text).items() if name in known}


def _opened(path: Path, all_sensors: tuple[str, ...]) -> tuple[str, GraphText | None]:
    if not path.is_file():
        raise DataError(f"expected a graph file at {path}; there is no such file")
    try:
        raw = read_bytes(path, packed=path.suffix == ".gz")
        if raw[:1] == b"\x80" or path.suffix in (".pkl", ".pickle"):
            return "pickle", None
        text = GraphText(path, decoded(path, raw)[0])
    except (OSError, EOFError, zlib.error, DataError):
        raise DataError(f"{path}: expected text ({FORMS}); received other bytes") from None
    return _kind(text, all_sensors), text


def _kind(text: GraphText, all_sensors: tuple[str, ...]) -> str:
    first = text.first_line
    cells = text.first_cells
    if coordinate_columns(cells) is not None:
        return "coordinates"
    if "," not in first and len(first.split()) == 3:
        return "edge list"
    if cost_columns(cells) is not None:
        return "distances"
    if set(all_sensors) <= set(cells) and not is_number(cells[-1]):
        return "matrix"
    # Three numbers a line may also be a row of a 3 x 3 matrix, if there are three lines for three sensors.
    if len(cells) == 3 and not (len(text.lines) == len(all_sensors) == 3 and is_number(cells[0])):
        return "distances"
    return "matrix"
