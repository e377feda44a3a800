"""Numbers of a graph's cells, in the style in which its file writes them."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.tables.numerals import NAMES, OTHER, SPACES, Evidence, NumberStyle, style_of
from gman_search.errors import DataError

__all__ = ["numbers", "remedy"]

LARGE = 100
"""Next to a whole number of so much 1.041 is more likely a thousand than one and a bit."""

SPACED = re.compile(rf"[+-]?[0-9]{{1,3}}([{SPACES}])[0-9]{{3}}(?:\1[0-9]{{3}})*(?:[.,][0-9]*)?")
UNIT = re.compile(r"[+-]?[0-9][0-9., ]*[a-zµ\u4e00-\u9fff]+\.?", re.IGNORECASE)
BLANKS = dict.fromkeys(map(ord, SPACES))


def numbers(
    path: Path, cells: Sequence[str], delimiter: str, *, thousands: bool = True
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Cells as numbers (C,), NaN where they are none, and a note where marks other than a decimal point were found.

    How the file writes numbers is found by `numerals.style_of`; only where it leaves both readings open, a graph's
    costs decide by `LARGE`, because they differ more in size than readings do. Without `thousands`, as for
    coordinates, a mark is decimal wherever it can be.

    Raises:
        DataError: cells contradict each other, or can be read in two ways.
    """
    if thousands and any(SPACED.fullmatch(cell) for cell in cells):
        plain = [cell.translate(BLANKS) if SPACED.fullmatch(cell) else cell for cell in cells]
        values, notes = numbers(path, plain, delimiter)
        return values, (*notes, _spaced_note(path, next(cell for cell in cells if SPACED.fullmatch(cell))))
    commas = any("," in cell for cell in cells)
    if not commas and (not thousands or delimiter == "," or not any("." in cell for cell in cells)):
        return _floats(cells), ()
    whole = [cell for cell in cells if cell.isdecimal()]

    def by_large_numbers(found: Evidence, mark: str) -> NumberStyle | None:
        """The style where each number with `mark` can be a decimal or a thousand."""
        if not thousands:
            return NumberStyle(mark)
        if len(found.either) > 1 or (delimiter == "," and mark == ","):
            return NumberStyle(".")  # commas group thousands
        if delimiter != "," and any(int(cell) >= LARGE for cell in whole if len(cell) < 20):
            return NumberStyle(OTHER[mark])
        if delimiter != "," and whole:
            raise _undecided(path, found.either[mark], whole[0])
        return NumberStyle(mark)

    style = style_of(path, [set(cells)], delimiter=delimiter, undecided=by_large_numbers)
    other = OTHER[style.decimal]
    grouped = (thousands or style.decimal == ",") and any(style.is_grouped(cell) for cell in cells if other in cell)
    plain = [cell.replace(other, "") for cell in cells] if grouped else list(cells)
    notes = (f"commas in numbers of {path.name} are decimal commas",) if commas and style.decimal == "," else ()
    if style.decimal == ",":
        plain = [cell.replace(",", ".") for cell in plain]
    return _floats(plain), (*notes, *(_note(path, other) if grouped else ()))


def remedy(cell: str, usual: str) -> str:
    """What to do about a cell that is no number: where it has a unit, that is it, else the `usual` advice."""
    return "write plain numbers, without units" if UNIT.fullmatch(cell.strip()) else usual


def _spaced_note(path: Path, cell: str) -> str:
    return f"blanks and apostrophes in numbers of {path.name} group thousands: {cell!r} is {cell.translate(BLANKS)}"


def _undecided(path: Path, marked: str, whole: str) -> DataError:
    number = marked.replace(",", ".")
    return DataError(
        f"{path}: expected numbers that show which sign is the decimal one; received {marked!r} and {whole!r}, which "
        f"may be {number.replace('.', '')} or {float(number):g}: write it in one of these ways"
    )


def _floats(cells: Sequence[str]) -> np.ndarray:
    values: np.ndarray = pd.to_numeric(pd.Series(list(cells), dtype=str), errors="coerce").to_numpy(dtype=float)
    return values


def _note(path: Path, mark: str) -> tuple[str, ...]:
    return (f"{NAMES[mark]} in numbers of {path.name} are taken as thousands marks, so 1{mark}041 is 1041",)
