"""Graphs as dense matrices, one row and column a sensor."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gman_search.data.graphs.links import joined
from gman_search.data.graphs.marks import numbers, remedy
from gman_search.data.graphs.names import match_names
from gman_search.data.graphs.result import Graph
from gman_search.data.graphs.table import GraphTable, is_number
from gman_search.data.graphs.values import GraphValues, meaning_of_matrix
from gman_search.errors import DataError

__all__ = ["dense", "of_numbers"]

LARGEST = float(np.finfo(np.float32).max)
NO_LINK = {"", "-", "na", "n/a", "nan", "none", "null", "inf", "infinity", "+inf"}
SAME_PLACE = 0.01
"""Sensors at distance 0 are at one place if their distances to all others differ by no more than this share."""


def dense(table: GraphTable, sensors: tuple[str, ...], wish: GraphValues) -> Graph:
    """A matrix in the readings' order, or by the names above it, beside it or both.

    Raises:
        DataError: another shape, other names, or a cell that is neither weight nor distance.
    """
    path = table.path
    inner, above, beside = _parts(table, sensors)
    notes: tuple[str, ...] = ()
    if above or beside:
        rows, columns = beside or above, above or beside
        if len(inner.rows) != len(rows) or len(inner.first) != len(columns):
            raise DataError(
                f"{path}: expected a row and a column for each of {len(columns)} names; received {len(inner.rows)} x "
                f"{len(inner.first)}"
            )
        match = match_names(path, [(name,) for name in dict.fromkeys((*columns, *rows))], sensors)
        notes = match.notes
        row_of, column_of = (_places(path, names, match.position, sensors) for names in (rows, columns))
        chosen = [[inner.rows[row][column] for column in column_of] for row in row_of]
        inner = GraphTable(path, chosen, [inner.lines[row] for row in row_of], inner.delimiter)
    size = len(sensors)
    if len(inner.rows) != size or len(inner.first) != size:
        raise DataError(
            f"{path}: expected a {size} x {size} matrix, one row and column a sensor of the readings; received "
            f"{len(inner.rows)} x {len(inner.first)}"
        )
    cells = [cell for row in inner.rows for cell in row]
    flat, marks = numbers(path, cells, inner.delimiter)
    flat = flat.copy()
    flat[[cell.lower() in NO_LINK for cell in cells]] = np.inf  # NaN are cells that are no numbers at all

    def told(row: int, column: int) -> tuple[str, str]:
        return f", line {inner.lines[row]}, column {column + 1}", inner.rows[row][column]

    return of_numbers(path, flat.reshape(size, size), wish, told).noted(*notes, *marks)


def of_numbers(
    path: Path, matrix: np.ndarray, wish: GraphValues, told: Callable[[int, int], tuple[str, str]] | None = None
) -> Graph:
    """The graph of a matrix (M, M), in the readings' order, of weights or distances.

    Of distances 0 beside the diagonal and infinity mean no link. `told(row, column)` says where a number stands, and
    what stands there.

    Raises:
        DataError: it cannot be told which they are, or with the place of a number that is none of them.
    """
    meaning = meaning_of_matrix(path, matrix, wish)
    allowed = (matrix >= 0) & ((matrix <= LARGEST) | (meaning.distances & np.isinf(matrix)))
    wrong = np.argwhere(~allowed)
    if len(wrong):
        row, column = (int(index) for index in wrong[0])
        place, received = (f", row {row}, column {column}", f"{matrix[row, column]:g}")
        if told is not None:
            place, received = told(row, column)
        needed = "distances" if meaning.distances else "finite weights"
        advice = remedy(received, "")
        raise DataError(
            f"{path}{place}: expected {needed} of at least 0; received {received!r}{': ' + advice if advice else ''}"
        )
    between = ~np.eye(len(matrix), dtype=bool)
    if not meaning.distances:
        listed = int((between & (matrix > 0)).sum())
        return Graph(matrix.astype(np.float32), meaning.notes, listed)
    notes = meaning.notes
    together = between & (matrix == 0) & _same_place(matrix)
    if together.any():
        first = tuple(int(index) + 1 for index in np.argwhere(together)[0])
        notes += (
            f"{int(together.sum())} pairs in {path.name} at distance 0 are taken as sensors at one place, such as "
            f"numbers {first[0]} and {first[1]}: their distances to all others are equal",
        )
    sources, targets = np.nonzero(between & np.isfinite(matrix) & ((matrix > 0) | together))
    if not len(sources):
        raise DataError(f"{path}: expected distances between sensors; received none above 0")
    return joined(path, sources, targets, matrix[sources, targets].astype(float), len(matrix)).noted(*notes)


def _parts(table: GraphTable, sensors: tuple[str, ...]) -> tuple[GraphTable, list[str], list[str]]:
    """The numbers, and the names above and beside them, where there are any."""
    rows, first = len(table.rows), table.first
    width = len(table.rows[1]) if rows > 1 else len(first)
    if rows > 1 and len(first) == width - 1 and rows == width:  # R leaves the corner out
        table = GraphTable(table.path, [["", *first], *table.rows[1:]], table.lines, table.delimiter)
    table.even()
    rows, columns = len(table.rows), len(table.first)
    corner = table.first[0]
    beside = not is_number(corner.replace(",", ".")) and corner.lower() not in NO_LINK
    if corner == "":  # above the names, or of a matrix of distances that leaves out the diagonal
        known = bool(set(table.first) & set(sensors))
        named = not is_number(table.first[-1]) and table.first[-1].lower() not in NO_LINK
        beside = known or named or (rows != len(sensors) and _names_beside(table))
    if beside and rows == columns:
        inner = GraphTable(table.path, [row[1:] for row in table.rows[1:]], table.lines[1:], table.delimiter)
        return inner, table.first[1:], table.below_first().column(0)
    if rows == columns + 1:
        return table.below_first(), table.first, []
    if columns == rows + 1:
        return (
            GraphTable(table.path, [row[1:] for row in table.rows], table.lines, table.delimiter),
            [],
            table.column(0),
        )
    return table, [], []


def _names_beside(table: GraphTable) -> bool:
    """Whether the first row and the first column have the same names, as a matrix has that pandas wrote."""
    return table.first[1:] == table.below_first().column(0)


def _places(path: Path, names: Sequence[str], position: dict[str, int], sensors: tuple[str, ...]) -> list[int]:
    """Where the readings' sensors stand among `names`.

    Raises:
        DataError: one is not there, or twice.
    """
    found: dict[int, list[int]] = {}
    for index, name in enumerate(names):
        if name in position:
            found.setdefault(position[name], []).append(index)
    for number, sensor in enumerate(sensors):
        count = len(found.get(number, ()))
        if count != 1:
            raise DataError(
                f"{path}: expected every sensor of the readings once above the matrix (and at its left); {sensor} is "
                f"there {count} times"
            )
    return [found[number][0] for number in range(len(sensors))]


def _same_place(matrix: np.ndarray) -> np.ndarray:
    """Pairs (M, M) of sensors whose rows of distances are equal but for the two themselves."""
    alike = np.zeros(matrix.shape, dtype=bool)
    finite = matrix[np.isfinite(matrix) & (matrix > 0)]
    slack = SAME_PLACE * float(np.median(finite)) if len(finite) else 0.0
    for row, column in np.argwhere(np.triu(matrix == 0, 1)):
        others = np.ones(len(matrix), dtype=bool)
        others[[row, column]] = False
        ours, theirs = matrix[row, others], matrix[column, others]
        near = np.isclose(ours, theirs, rtol=0, atol=slack) | (ours == theirs)
        alike[row, column] = alike[column, row] = others.any() and near.all() and (ours > 0).any()
    return alike
