"""The one door through which sensor graphs come in: the kind of file is told by its content."""

import codecs
import zlib
from pathlib import Path

import numpy as np

from gman_search.data.formats.plain_text import decoded
from gman_search.data.graphs.arrays import read_arrays, read_matrix_market
from gman_search.data.graphs.columns import coordinate_columns, has_times, header_kind, place_columns, plane_columns
from gman_search.data.graphs.coordinates import Places, coordinates_without_header, read_coordinates
from gman_search.data.graphs.kernel import gaussian_kernel
from gman_search.data.graphs.links import link_list
from gman_search.data.graphs.matrix import dense
from gman_search.data.graphs.nearness import nearest
from gman_search.data.graphs.pickled import read_pickled
from gman_search.data.graphs.refused import refuse_other_files
from gman_search.data.graphs.result import Graph
from gman_search.data.graphs.stations import read_stations, station_places
from gman_search.data.graphs.table import GraphTable, is_number, read_cells
from gman_search.data.graphs.values import GraphValues
from gman_search.data.size_limits import read_bytes
from gman_search.errors import DataError

__all__ = [
    "Graph", "coordinates_of_table", "gaussian_kernel", "graph_kind", "read_adjacency", "read_graph", "read_locations",
]  # fmt: skip

FORMS = "a dense matrix, `from,to,cost`, `i j w`, coordinates or DCRNN's pickle"
GZIP, NUMPY, ZIP, MARKET = b"\x1f\x8b", b"\x93NUMPY", b"PK\x03\x04", b"%%MatrixMarket"
HEAD = 2**16
ARRAYS, PICKLE, MATRIX_MARKET = "arrays", "pickle", "matrix market"


def read_graph(path: Path, all_sensors: tuple[str, ...], values: GraphValues = "auto") -> Graph:
    """The graph of all M sensors of the readings.

    Accepts text with commas, semicolons, tabs or spaces: a dense matrix, with names of sensors above it (and beside it)
    or without; `from,to,cost` by sensor name or index; `i j w` (GMAN); two sensors a line; sensors with latitude and
    longitude; PeMS' metadata of stations; LibCity's .rel and .geo. Then DCRNN's pickle `[ids, id_to_index, matrix]`,
    read without running anything in it, and matrices as .npy, .npz and Matrix Market. Distances go through a Gaussian
    kernel; whether numbers are distances `values` says, or with "auto" the file.

    Raises:
        DataError: the file is missing, of no known form, or does not have the readings' sensors.
    """
    raw = _bytes(path)
    if _is_pickle(path, raw):
        return read_pickled(path, raw, all_sensors, values)
    if raw.startswith((NUMPY, ZIP)):
        return read_arrays(path, all_sensors, values)
    if raw.startswith(MARKET):
        return read_matrix_market(path, raw, all_sensors, values)
    table, notes = _table(path, raw)
    kind = _kind(table, all_sensors)
    if kind == "stations":
        graph = read_stations(table, all_sensors)
    elif kind == "coordinates":
        graph = nearest(path, _places(table, all_sensors), all_sensors)
    elif kind == "matrix":
        graph = dense(table, all_sensors, values)
    else:
        graph = link_list(table, all_sensors, values)
    return graph.noted(*notes)


def read_adjacency(path: Path, all_sensors: tuple[str, ...]) -> np.ndarray:
    """The adjacency (M, M) alone of `read_graph`, float32; a bigger entry is a closer pair.

    Raises:
        DataError: as `read_graph`.
    """
    return read_graph(path, all_sensors).matrix


def graph_kind(path: Path, all_sensors: tuple[str, ...]) -> str:
    """What `read_graph` takes the file for.

    One of pickle, arrays, matrix market, stations, coordinates, edge list, distances, matrix.

    Raises:
        DataError: the file is missing or of no known form.
    """
    raw = _bytes(path)
    if _is_pickle(path, raw):
        return PICKLE
    if raw.startswith((NUMPY, ZIP)):
        return ARRAYS
    return MATRIX_MARKET if raw.startswith(MARKET) else _kind(_table(path, raw)[0], all_sensors)


def read_locations(path: Path, all_sensors: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """(latitude, longitude) of the readings' sensors, where `path` is a file of coordinates; else nothing.

    Raises:
        DataError: the file is missing or of no known form.
    """
    raw = _bytes(path)
    if _is_pickle(path, raw) or raw.startswith((NUMPY, ZIP, MARKET)):
        return {}
    table, _ = _table(path, raw)
    kind = _kind(table, all_sensors)
    if kind == "stations":
        return station_places(table, all_sensors).by_sensor
    if kind != "coordinates":
        return {}
    return _places(table, all_sensors).by_sensor


def coordinates_of_table(path: Path, all_sensors: tuple[str, ...]) -> Graph | None:
    """The graph of a long table of readings with columns of latitude and longitude; None where it has no such columns.

    Raises:
        DataError: a sensor is at two places, or at none.
    """
    try:
        header = _header(path)
        if coordinate_columns(header) is None or not has_times(header):
            return None
        table, _ = _table(path, _bytes(path))
    except (OSError, EOFError, zlib.error, DataError):
        return None  # the reader of readings says what is wrong
    places = read_coordinates(table, all_sensors, repeated=True)
    told = f"no graph was given: the graph is that of the coordinates in {path.name}"
    return nearest(path, places, all_sensors).noted(told)


def _places(table: GraphTable, all_sensors: tuple[str, ...]) -> Places:
    columns = place_columns(table.first)
    without = coordinates_without_header(table, all_sensors) if columns is None else None
    return read_coordinates(table, all_sensors, without, repeated=has_times(table.first))


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"expected a graph file at {path}; there is no such file")
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP
        raw = read_bytes(path, packed=packed or path.suffix == ".gz")
    except (OSError, EOFError, zlib.error) as error:
        told = " ".join(str(error).split())
        raise DataError(f"{path}: expected text ({FORMS}); it cannot be read: {told}") from None
    refuse_other_files(path, raw)
    return raw


def _header(path: Path) -> list[str]:
    """Cells of a text's first lines: the rest of a long table is only looked at where these say that it has places."""
    with path.open("rb") as file:
        beginning = file.read(HEAD)
    if beginning.startswith(GZIP):
        beginning = zlib.decompressobj(wbits=31).decompress(beginning, HEAD)
    if b"\n" in beginning or b"\r" in beginning:
        beginning = beginning[: max(beginning.rfind(b"\n"), beginning.rfind(b"\r"))]
    if beginning.startswith((ZIP, NUMPY, b"\x89HDF", b"PAR1", b"\x80")):
        return []
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        beginning = beginning[: len(beginning) // 2 * 2]
    return _table(path, beginning)[0].first


def _is_pickle(path: Path, raw: bytes) -> bool:
    return raw[:1] == b"\x80" or path.suffix in (".pkl", ".pickle")


def _table(path: Path, raw: bytes) -> tuple[GraphTable, tuple[str, ...]]:
    try:
        text, notes = decoded(path, raw)
    except DataError:
        raise DataError(f"{path}: expected text ({FORMS}); received other bytes") from None
    return read_cells(path, text), notes


def _kind(table: GraphTable, all_sensors: tuple[str, ...]) -> str:
    cells = table.first
    named = header_kind(cells)
    if named is not None:
        return named
    if plane_columns(cells) is not None and not set(cells) & set(all_sensors):
        return "coordinates"
    if set(all_sensors) <= set(cells) and cells and not is_number(cells[-1]):
        return "matrix"
    if len(cells) in (3, 4) and coordinates_without_header(table, all_sensors) is not None:
        return "coordinates"
    # R leaves the corner of a matrix out: its first line is shorter.
    shifted = len(table.rows) > 1 and len(table.rows[1]) > len(cells)
    if len(cells) not in (2, 3) or shifted or _is_small_matrix(table, all_sensors):
        return "matrix"
    return "edge list" if table.delimiter == " " else "distances"


def _is_small_matrix(table: GraphTable, all_sensors: tuple[str, ...]) -> bool:
    """Whether two or three numbers a line are a row of a matrix and not two sensors and a number."""
    size, width = len(all_sensors), len(table.first)
    ids = set(all_sensors) | {str(index) for index in range(size)}
    ends = [tuple(row[:2]) for row in table.rows]
    if len(table.rows) != size or width != size or not is_number(table.first[0]):
        # `1,0` above `0,1` may be links both ways, or a matrix of two sensors: refused where there are more.
        if width == 2 and len(table.rows) == 2 and table.rows[0] == table.rows[1][::-1] and is_number(table.first[0]):
            return True
        # No whole number is no sensor, unless it is one's name.
        cells = [cell for pair in ends for cell in pair if cell not in ids]
        return width == 2 and any(is_number(cell) and not float(cell).is_integer() for cell in cells)
    linked = width == 3 and len(set(ends)) == size and all(name in ids for pair in ends for name in pair)
    diagonal = {row[index] for index, row in enumerate(table.rows) if len(row) == width}
    return not linked or len(diagonal) == 1
