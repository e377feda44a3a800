"""The text of a CSV as programs around the world save it: its encoding, and what stands between its cells."""

import codecs
import csv
from itertools import islice
from pathlib import Path

from gman_search.data.guards import read_bytes
from gman_search.errors import DataError

__all__ = ["decoded", "delimiter_of", "read_text"]

LOOKED_AT = 20
"""Lines that decide between delimiters."""


def read_text(path: Path, *, packed: bool) -> tuple[str, tuple[str, ...]]:
    """Text with line ends of one character and none after the last line; and a note where it is not UTF-8.

    Raises:
        DataError: bytes that are no text.
        OSError, EOFError, zlib.error: the file cannot be read, is cut off or damaged.
    """
    text, notes = decoded(path, read_bytes(path, packed=packed))
    return text.rstrip("\r\n ").replace("\r\n", "\n"), notes


def decoded(path: Path, raw: bytes) -> tuple[str, tuple[str, ...]]:
    """UTF-8, UTF-16 with its mark, or else GB18030, which Chinese spreadsheets write.

    Raises:
        DataError: none of them.
    """
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return raw.decode(encoding), ()
    except UnicodeDecodeError:
        pass
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        raise DataError(f"{path}: expected UTF-8 text; received other bytes: save it as UTF-8 CSV") from None
    return text, (f"{path.name} is no UTF-8 text and was read as GB18030: check the names of its sensors",)


def delimiter_of(text: str) -> str:
    """A tab or semicolon where it parts every one of the first lines into equally many cells, else a comma."""
    lines = [line for line in islice(text.split("\n"), LOOKED_AT) if line.strip()]
    for delimiter in "\t;":
        try:
            widths = {len(cells) for cells in csv.reader(lines, delimiter=delimiter)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths != {1}:
            return delimiter
    return ","
