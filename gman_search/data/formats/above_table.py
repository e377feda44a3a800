"""Lines above the names of a CSV's columns: blank ones, comments behind # and titles (pure)."""

import csv
from dataclasses import dataclass
from pathlib import Path

from gman_search.data.formats.first_line import has_no_names
from gman_search.data.tables.known_names import TIME_NAMES
from gman_search.errors import DataError

__all__ = ["Above", "above_table"]

LOOKED_AT = 40
"""Lines from the beginning of a file among which its table begins."""
DELIMITERS = "\t;|,"
SHOWN = 60


@dataclass(frozen=True)
class Above:
    """How many lines stand above the table, and a note on those that say something."""

    lines: int = 0
    notes: tuple[str, ...] = ()


def above_table(path: Path, text: str, delimiters: str = DELIMITERS, first: int = 1) -> Above:
    """What stands above the names of the columns in `text`.

    Args:
        path: the file, for messages.
        text: from the line `first` of the file on, with line ends of one character.
        delimiters: that may stand between cells.
        first: number of the line with which the text begins.

    Raises:
        DataError: a title that has delimiters of its own, so that names and titles cannot be told apart.
    """
    lines = text.split("\n", LOOKED_AT)[:LOOKED_AT]
    blank = next((index for index, line in enumerate(lines) if line.strip()), 0)
    begin, comments = _without_comments(lines, blank, delimiters)
    titles, notes = _title_lines(path, lines[begin:], delimiters, first + begin), []
    if comments:
        notes.append(f"lines of {path.name} that begin with # were left out: {comments}")
    if titles:
        notes.append(f"the first {begin + titles} lines of {path.name} are above its table and were left out")
    return Above(begin + titles, tuple(notes))


def _without_comments(lines: list[str], begin: int, delimiters: str) -> tuple[int, int]:
    """Where the table begins below lines with #, and how many of these there are; the last may have its names."""
    end = begin
    while end < len(lines) and (lines[end].startswith("#") or (end > begin and not lines[end].strip())):
        end += 1
    if end in (begin, len(lines)):
        return begin, 0
    below = lines[end]
    for delimiter in delimiters:
        cells = _cells(below, delimiter)
        names = [name.strip().lower() for name in _cells(lines[end - 1].lstrip("# "), delimiter)]
        worded = any(" " in name for name in names) and not TIME_NAMES & set(names)
        if len(names) == len(cells) > 1 and has_no_names(cells) and not worded:
            end -= 1
            break
    return end, sum(bool(line.strip()) for line in lines[begin:end])


def _title_lines(path: Path, lines: list[str], delimiters: str, first: int) -> int:
    """How many lines of one cell stand above a header and rows of several.

    Raises:
        DataError: lines with delimiters stand above them, in which names could be.
    """
    filled = [index for index, line in enumerate(lines) if line.strip()]
    for delimiter in delimiters:
        rows = [_cells(lines[index], delimiter) for index in filled]
        if len(rows) < 3 or len(rows[-1]) < 2:
            continue
        begin = len(rows)
        while begin and len(rows[begin - 1]) == len(rows[-1]):
            begin -= 1
        if begin == 0:
            return 0
        if begin > len(rows) - 2 or has_no_names(rows[begin]):
            continue
        if not any(sign in lines[index] for index in filled[:begin] for sign in DELIMITERS):
            return filled[begin]
        if has_no_names(rows[begin + 1]) and len(rows[0]) < len(rows[begin]):
            raise DataError(
                f"{path}, line {first + filled[0]}: expected the names of the columns; received "
                f"{lines[filled[0]].strip()[:SHOWN]!r}, and the names seem to be in line {first + filled[begin]}: "
                "delete the lines above that one"
            )
    return 0


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
