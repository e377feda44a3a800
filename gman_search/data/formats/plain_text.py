"""The text of a CSV as programs around the world save it: its encoding, and what stands between its cells."""

import codecs
import csv
import re
from itertools import islice
from pathlib import Path

from gman_search.data.formats.line_endings import ends_with_nothing
from gman_search.errors import DataError

__all__ = ["decoded", "delimiter_of", "read_text"]

LOOKED_AT = 20
"""Lines that decide between delimiters."""
LOOKED_INTO = 2**20
"""Bytes that decide between encodings."""
HIGH = re.compile(rb"[\x80-\xff]+")
UNPRINTED = re.compile(rb"[\x00-\x08\x0e-\x1f]")
NAMES = {"gb18030": "GB18030", "cp1252": "Windows-1252"}
LFS = b"version https://git-lfs.github.com/spec/"


def read_text(path: Path, raw: bytes) -> tuple[str, tuple[str, ...]]:
    """Text with line ends of one character and none after the last line; and a note where it is not UTF-8.

    Raises:
        DataError: bytes that are no text.
    """
    text, notes = decoded(path, raw)
    # One after the other: Windows' ends written twice over, Windows', and those of old Macs.
    for ending in ("\r\r\n", "\r\n", "\r"):
        text = text.replace(ending, "\n")
    return text.rstrip("\n "), notes


def decoded(path: Path, raw: bytes) -> tuple[str, tuple[str, ...]]:
    """UTF-8, UTF-16, or else what Chinese (GB18030) or Western European (Windows-1252) spreadsheets write.

    Raises:
        DataError: none of them, or what Git LFS leaves in place of a file.
    """
    if raw.startswith(LFS):
        raise DataError(f"{path}: expected a file's content; received a Git LFS pointer to it: git lfs pull")
    try:
        return raw.decode(_unicode(raw)), ()
    except UnicodeDecodeError:
        pass
    others = ["gb18030", "cp1252"] if _pairs_of_high_bytes(raw) else ["cp1252", "gb18030"]
    torn = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in () if torn or UNPRINTED.search(raw) else others:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text, (
            f"{path.name} is no UTF-8 text and was read as {NAMES[encoding]}: check the names of its sensors",
        )
    raise DataError(f"{path}: expected UTF-8 text; received other bytes: save it as UTF-8 CSV")


def _unicode(raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = raw[:LOOKED_INTO]
    if b"\0" in start:  # UTF-16 without its mark: every other byte of Latin text is 0
        halves = {"utf-16-le": start[1::2], "utf-16-be": start[::2]}
        for encoding, half in halves.items():
            if half.count(0) > 0.8 * len(half):
                return encoding
    return "utf-8-sig"


def _pairs_of_high_bytes(raw: bytes) -> bool:
    """Whether bytes above 127 mostly stand in pairs, as Chinese characters do, and not alone, like an umlaut."""
    runs = [len(run) for run in HIGH.findall(raw[:LOOKED_INTO])]
    return 2 * sum(length % 2 for length in runs) < len(runs)


def delimiter_of(text: str) -> str:
    """A tab, semicolon or bar where it parts every one of the first lines into equally many cells, else a comma.

    Rows may end with one more than the first line has.
    """
    lines = [line for line in islice(text.split("\n"), LOOKED_AT) if line.strip()]
    for delimiter in "\t;|":
        try:
            widths = {len(cells) for cells in csv.reader(lines, delimiter=delimiter)}
        except csv.Error:
            continue
        if (len(widths) == 1 and widths != {1}) or ends_with_nothing(lines, delimiter):
            return delimiter
    return ","
