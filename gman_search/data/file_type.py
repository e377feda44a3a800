"""What a file is, told by its content: readings, a graph or a spatial embedding."""

import re
import zlib
from pathlib import Path

from gman_search.data.formats.no_readings import named_kind
from gman_search.data.formats.packed import unpacked
from gman_search.data.formats.pems_stations import is_pems
from gman_search.data.formats.plain_text import decoded
from gman_search.data.graphs.arrays import holds_a_graph
from gman_search.data.graphs.columns import has_times, header_kind
from gman_search.data.graphs.table import GraphTable, is_number, read_cells
from gman_search.data.sources import is_several
from gman_search.data.tables.kinds import looks_like_time
from gman_search.errors import DataError, UsageError

__all__ = ["file_type", "is_timeless"]

MARKET = b"%%MatrixMarket"
LOOKED_AT = 20
"""Lines whose cells are looked at."""
ARRAYS = (b"\x89HDF", b"PK\x03\x04", b"PAR1", b"ARROW1", b"FEA1", b"\x93NUMPY", b"\xd0\xcf\x11\xe0")
# How a pickle of a list or tuple begins, after its protocol and the length of its first frame: a graph is
# [ids, indices, matrix]. A frame of pandas, or an array, begins with the name of its class.
PICKLED_LIST = re.compile(rb"\x80(\x02|[\x03\x04\x05](\x95.{8})?)[\]\(]", re.DOTALL)
SEPARATORS = re.compile("[,;\t|]")
OLD_LIST = (b"(l", b"(")


def file_type(path: Path) -> str:
    """ "readings", "graph", "embedding", or "numbers": a CSV of numbers alone that may be a graph or readings.

    A folder or a pattern is readings.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    if is_several(path):
        return "readings"
    if not path.is_file():
        raise DataError(f"expected a file of readings, a graph or an embedding at {path}; there is no such file")
    with path.open("rb") as file:
        beginning = file.read(16)
    if beginning.startswith(ARRAYS) and not _is_packed_text(path, beginning):
        return "graph" if holds_a_graph(path) else "readings"
    try:
        raw = unpacked(path)
        if raw.startswith(b"\x80") or path.suffix in (".pkl", ".pickle"):
            # Anything but a list is given to the reader of readings, who says what to do with a pickled frame.
            return "graph" if PICKLED_LIST.match(raw[:16]) or raw.startswith(OLD_LIST) else "readings"
        if raw.startswith(MARKET) or is_pems(raw):
            return "graph" if raw.startswith(MARKET) else "readings"
        table, lines = _table(path, raw)
        return _kind(table, lines) if lines else "readings"
    except (OSError, EOFError, zlib.error, DataError, UsageError):
        return "readings"  # whose reader says what is wrong


def is_timeless(path: Path) -> bool:
    """Whether a text shows no times in its first lines: given with readings that do, it can only be their graph."""
    try:
        with path.open("rb") as file:
            if file.read(16).startswith(ARRAYS):
                return False
        table, lines = _table(path, unpacked(path))
        return len(lines) > 1 and not has_times(table.first) and not _shows_times(table, lines)
    except (OSError, EOFError, zlib.error, DataError, UsageError):
        return False


def _table(path: Path, raw: bytes) -> tuple[GraphTable, list[str]]:
    """The cells of a text's first lines, and all its lines but blank ones."""
    text, _ = decoded(path, raw)
    lines = [line for line in text.splitlines() if line.strip()]
    return read_cells(path, "\n".join(lines[:LOOKED_AT])), lines


def _is_packed_text(path: Path, beginning: bytes) -> bool:
    from gman_search.data.formats.zipped import zip_kind

    try:
        return beginning.startswith(b"PK\x03\x04") and zip_kind(path) == "text"
    except DataError:
        return False


def _kind(table: GraphTable, lines: list[str]) -> str:
    words, cells = lines[0].split(), table.first
    if len(words) == 2 and len(lines) > 1 and words[1].isdecimal() and len(lines[1].split()) == int(words[1]) + 1:
        return "embedding"
    numbers = bool(cells) and all(is_number(cell) for cell in cells)
    if table.delimiter == " " and len(cells) == 3 and numbers:
        return "graph"
    if _shows_times(table, lines):
        return "readings"  # whatever else it has, such as the places of sensors in a long table
    names = {cell.lower() for cell in cells}
    named = named_kind(cells) in ("stations", "graph") or {"from", "to"} <= names
    if named or header_kind(cells) is not None:
        return "graph"
    rows = len(lines) - sum(line.lstrip().startswith("#") for line in lines)
    beside = table.rows[1][0].lower() if rows == len(cells) > 1 else ""
    if beside and cells[0] == "" and beside in names:
        return "graph"  # a matrix with the names of sensors above and beside it
    return "numbers" if numbers and len(cells) > 1 and (len(cells) == 3 or len(cells) == rows) else "readings"


def _shows_times(table: GraphTable, lines: list[str]) -> bool:
    of_times = has_times(table.first) and any(looks_like_time(cell) for cell in table.rows[1 % len(table.rows)])
    return of_times or any(looks_like_time(cell.strip(' "')) for line in lines[:2] for cell in SEPARATORS.split(line))
