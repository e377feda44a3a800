"""What a file is, told by its content: readings, a graph or a spatial embedding."""

import zlib
from pathlib import Path

from gman_search.data.formats.plain_text import decoded
from gman_search.data.graphs.coordinates import coordinate_columns
from gman_search.data.graphs.text import is_number
from gman_search.data.guards import read_bytes
from gman_search.errors import DataError

__all__ = ["identify"]

ARRAYS = (b"\x89HDF", b"PK\x03\x04", b"PAR1")


def identify(path: Path) -> str:
    """ "readings", "graph", "embedding", or "numbers": a CSV of numbers alone that may be a graph or readings.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise DataError(f"expected a file of readings, a graph or an embedding at {path}; there is no such file")
    with path.open("rb") as file:
        beginning = file.read(4)
    if beginning.startswith(ARRAYS):
        return "readings"
    if beginning.startswith(b"\x80") or path.suffix in (".pkl", ".pickle"):
        return "graph"
    try:
        text, _ = decoded(path, read_bytes(path, packed=path.suffix == ".gz"))
    except (OSError, EOFError, zlib.error, DataError):
        return "readings"  # whose reader says what is wrong
    lines = [line for line in text.splitlines() if line.strip()]
    return _kind(lines) if lines else "readings"


def _kind(lines: list[str]) -> str:
    words, cells = lines[0].split(), lines[0].split(",")
    if len(words) == 2 and len(lines) > 1 and words[1].isdecimal() and len(lines[1].split()) == int(words[1]) + 1:
        return "embedding"
    if len(cells) == 1 and len(words) == 3 and all(is_number(word) for word in words):
        return "graph"
    names = {cell.strip().strip('"').lower() for cell in cells}
    if coordinate_columns(cells) is not None or {"from", "to"} <= names:
        return "graph"
    beside = lines[1].split(",")[0].strip().strip('"').lower() if len(lines) == len(cells) > 1 else ""
    if beside and cells[0].strip() in ("", '""') and beside in names:
        return "graph"  # a matrix with the names of sensors above and beside it
    numbers = all(is_number(cell) for cell in cells)
    return "numbers" if numbers and len(cells) > 1 and (len(cells) == 3 or len(cells) == len(lines)) else "readings"
