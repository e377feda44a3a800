"""Files that users give as readings and that are something else: each is told by its beginning, with what to do."""

import re
from pathlib import Path

from gman_search.errors import DataError

__all__ = ["named_kind", "refuse_other_kinds"]

PEMS_STATIONS = {"id", "fwy", "dir", "latitude", "longitude", "abs_pm"}
GEO, REL = {"geo_id", "coordinates"}, {"origin_id", "destination_id"}
GRID = {"row_id", "column_id", "time"}
LINKS = {"from", "to"}
LOOKED_AT = 4096


def refuse_other_kinds(path: Path, raw: bytes) -> None:
    """Refuse what is no table of readings, by the beginning of its text.

    Raises:
        DataError: with what the file is and what to do with it.
    """
    beginning = raw[:LOOKED_AT].lstrip(b"\xef\xbb\xbf \r\n\t")
    text = beginning.decode("utf-8", "replace")
    if text.startswith("version https://git-lfs"):
        raise DataError(f"{path}: expected readings; received a Git LFS pointer to it: git lfs pull")
    if re.match(r"<(!doctype html|html|head)", text, re.IGNORECASE):
        raise DataError(
            f"{path}: expected readings; received a web page, such as the login or error page of a download: "
            "download the file again"
        )
    if text.startswith(("<?xml", "{", "[{", "%PDF")):
        document = {"<": "XML", "%": "a PDF"}.get(text[0], "JSON")
        raise DataError(f"{path}: expected a table of readings; received {document}: save it as CSV or Parquet")
    kind = named_kind(re.split("[,;\t]", text.splitlines()[0]) if text.strip() else [])
    if kind == "stations":
        raise DataError(
            f"{path}: expected readings; received PeMS' station metadata (places and postmiles): give it as the graph "
            "(data.adjacency), and the station files of readings as data.readings"
        )
    if kind == "graph":
        raise DataError(
            f"{path}: expected readings; received sensors or links of a graph (columns "
            f"{text.splitlines()[0].strip()[:60]!r}): give it as the graph (data.adjacency)"
        )
    if kind == "grid":
        raise DataError(
            f"{path}: expected readings of sensors; received those of the cells of a grid (row_id, column_id): give "
            "every cell a name in one column, entity_id"
        )


def named_kind(cells: list[str]) -> str | None:
    """What a table is by the names of its columns: "stations" of PeMS, a "graph", a "grid", or None."""
    names = {cell.strip().strip('"').lower() for cell in cells}
    if names >= PEMS_STATIONS:
        return "stations"
    if names >= GEO or names >= REL or (names >= LINKS and len(names) <= 4):
        return "graph"
    return "grid" if names >= GRID else None
