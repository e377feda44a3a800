"""Graphs as text: a dense CSV matrix, a GMAN edge list, or `from,to,cost`."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.graphs.kernel import gaussian_kernel
from gman_search.errors import DataError

__all__ = ["GraphText", "cost_columns", "costs", "dense", "edge_list", "is_number"]

FROM = {"from", "from_id", "from_node", "source", "src", "origin"}
TO = {"to", "to_id", "to_node", "target", "destination", "dst"}
COSTS = {"cost", "distance", "dist", "length"}


class GraphText:
    """A text file and the numbers of its lines that are not blank."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        self.lines = [number for number, line in enumerate(text.splitlines(), start=1) if line.strip()]

    @property
    def first_line(self) -> str:
        """The first line that is not blank, or nothing."""
        return next((line for line in self.text.splitlines() if line.strip()), "")

    @property
    def first_cells(self) -> list[str]:
        """Cells of the first line, without quotes and spaces around them.

        Raises:
            DataError: it is no line of cells.
        """
        try:
            return [cell.strip() for cell in next(csv.reader([self.first_line]), [])]
        except csv.Error as error:
            raise DataError(f"{self.path}: expected cells in the first line; {error}") from None

    def cells(self, *, header: bool = False, separator: str = ",") -> pd.DataFrame:
        """Cells as text; a row's label is its line in the file. With `header` the first line names the columns.

        Raises:
            DataError: there are no lines, or one has more cells than those before it.
        """
        try:
            table: pd.DataFrame = pd.read_csv(
                io.StringIO(self.text), header=0 if header else None, sep=separator, dtype=str, keep_default_na=False
            )
        except ValueError as error:
            text = " ".join(str(error).split())
            raise DataError(f"{self.path}: expected rows of numbers; {text}") from None
        lines = self.lines[int(header) :]
        # A quoted cell may span lines; a line of spaces is a row to the parser.
        table.index = pd.Index(lines if len(lines) == len(table) else range(1 + header, len(table) + 1 + header))
        return table


def dense(text: GraphText, sensors: tuple[str, ...]) -> np.ndarray:
    """A matrix, one row and column a sensor: in the speed file's order, or by the names above it (and beside it).

    Raises:
        DataError: another shape, other names, or a cell that is no weight.
    """
    table = text.cells()
    rows, columns = table.shape
    beside = rows == columns and not is_number(str(table.iloc[0, 0]).strip())
    if beside or rows == columns + 1:
        table = _ordered(text, table, sensors, beside=beside)
    if table.shape != (len(sensors), len(sensors)):
        raise DataError(
            f"{text.path}: expected a {len(sensors)} x {len(sensors)} matrix, one row and column a sensor of the speed "
            f"file; received {rows} x {columns}"
        )
    matrix = np.stack([_numbers(table[column]) for column in table], axis=1)
    wrong = np.argwhere(~_are_weights(matrix))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(
            f"{text.path}, line {table.index[row]}, column {column + 1}: expected finite weights of at least 0; "
            f"received {table.iloc[row, column]!r}"
        )
    return matrix.astype(np.float32)


def _ordered(text: GraphText, table: pd.DataFrame, sensors: tuple[str, ...], *, beside: bool) -> pd.DataFrame:
    """A matrix with names, in the order of `sensors`; it may have more of them."""
    above = [str(cell).strip() for cell in table.iloc[0, int(beside) :]]
    inner = table.iloc[1:, int(beside) :]
    left = [str(cell).strip() for cell in table.iloc[1:, 0]] if beside else above
    for names in (above, left):
        lost = [name for name in sensors if names.count(name) != 1]
        if lost:
            raise DataError(
                f"{text.path}: expected every sensor of the speed file once above the matrix (and beside it); "
                f"{lost[0]} is there {names.count(lost[0])} times"
            )
    return inner.iloc[[left.index(name) for name in sensors], [above.index(name) for name in sensors]]


def edge_list(text: GraphText, sensors: int) -> np.ndarray:
    """Lines `i j w`: from column i of the speed file to column j with weight w.

    Raises:
        DataError: with the line that is none of these.
    """
    table = text.cells(separator=r"\s+")
    if table.shape[1] != 3:
        raise DataError(f"{text.path}: expected three numbers `i j w` a line; received {table.shape[1]}")
    columns = np.stack([_numbers(table[column]) for column in table], axis=1)
    pairs, weights = columns[:, :2], columns[:, 2]
    fitting = ((pairs >= 0) & (pairs < sensors) & (pairs == np.floor(pairs))).all(axis=1)
    wrong = np.flatnonzero(~fitting)
    if len(wrong):
        received = " ".join(str(cell) for cell in table.iloc[wrong[0], :2])
        raise DataError(
            f"{text.path}, line {table.index[wrong[0]]}: expected indices from 0 to {sensors - 1}, numbers of the "
            f"columns of the speed file; received {received}"
        )
    wrong = np.flatnonzero(~_are_weights(weights))
    if len(wrong):
        raise DataError(
            f"{text.path}, line {table.index[wrong[0]]}: expected `i j w` with a finite weight of at least 0; "
            f"received {table.iloc[wrong[0], 2]!r}"
        )
    matrix = np.zeros((sensors, sensors), dtype=np.float32)
    matrix[pairs[:, 0].astype(int), pairs[:, 1].astype(int)] = weights
    return matrix


def cost_columns(header: Sequence[str]) -> tuple[int, int, int] | None:
    """Where the two sensors and their distance are, or None where the header is another file's."""
    known = [name.strip().lower() for name in header]
    found = [[index for index, name in enumerate(known) if name in names] for names in (FROM, TO, COSTS)]
    return (found[0][0], found[1][0], found[2][0]) if all(len(columns) == 1 for columns in found) else None


def costs(text: GraphText, all_sensors: tuple[str, ...]) -> np.ndarray:
    """Lines `from,to,cost` by sensor name or index, with or without header; distances go through the kernel.

    A header may name the columns in any order, and further ones, which are not looked at.

    Raises:
        DataError: with the line of a distance that is none, because no sensor is one of the speed file's, or a header
            that names other columns.
    """
    path, header = text.path, text.first_cells
    has_header = not (len(header) == 3 and is_number(header[2]))
    columns = cost_columns(header) if has_header else (0, 1, 2)
    if columns is None:
        raise DataError(
            f"{path}, line {text.lines[0]}: expected columns from, to and cost; received {', '.join(header)}: name "
            "them so (weights, of which the greater is the nearer pair, go into lines `i j w`)"
        )
    table = text.cells(header=has_header)
    if table.empty:
        raise DataError(f"{path}: expected rows `from,to,cost`; received a header line alone")
    table = table.iloc[:, list(columns)].fillna("")
    distances = _numbers(table.iloc[:, 2])
    wrong = np.flatnonzero(~(np.isfinite(distances) & (distances >= 0)))
    if len(wrong):
        raise DataError(
            f"{path}, line {table.index[wrong[0]]}: expected a distance of at least 0 in the column of costs; "
            f"received {table.iloc[wrong[0], 2]!r}: leave out pairs without one"
        )
    position = {name: index for index, name in enumerate(all_sensors)}
    ends = table.iloc[:, :2].map(lambda cell: str(cell).strip())
    unnamed = np.flatnonzero((ends == "").any(axis=1))
    if len(unnamed):
        raise DataError(f"{path}, line {table.index[unnamed[0]]}: expected two sensors; received a blank name")
    if not ends.isin(list(position)).to_numpy().any():
        position = {str(index): index for index in range(len(all_sensors))}
    known = ends.isin(list(position)).all(axis=1).to_numpy()  # a distance file may list sensors the speed file has not
    if not known.any():
        raise DataError(
            f"{path}: expected names of sensors in the speed file (such as {all_sensors[0]}) or their indices; "
            f"received {ends.iloc[0, 0]!r} and no known one"
        )
    matrix = np.zeros((len(all_sensors), len(all_sensors)), dtype=np.float32)
    sources, targets = (ends.loc[known].iloc[:, side].map(position).to_numpy(dtype=int) for side in (0, 1))
    matrix[sources, targets] = gaussian_kernel(distances[known])
    np.fill_diagonal(matrix, 1.0)
    return matrix


def is_number(text: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(cells: pd.Series) -> np.ndarray:
    numbers: np.ndarray = pd.to_numeric(cells.str.strip(), errors="coerce").to_numpy(dtype=float)
    return numbers


def _are_weights(weights: np.ndarray) -> np.ndarray:
    allowed: np.ndarray = (weights >= 0) & (weights <= np.finfo(np.float32).max)  # NaN is neither
    return allowed
