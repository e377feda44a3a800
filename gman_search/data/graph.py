"""Reading the sensor graph: a dense CSV matrix, a GMAN edge list, or `from,to,cost`."""

from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.errors import DataError

__all__ = ["gaussian_kernel", "read_adjacency"]

KERNEL_THRESHOLD = 0.1


def read_adjacency(path: Path, all_sensors: tuple[str, ...]) -> np.ndarray:
    """Adjacency (M, M) float32 of all M sensors of the speed file; a bigger entry is a closer pair.

    Accepts a dense CSV without header, lines `i j w` with indices into the speed file's columns (GMAN), and
    `from,to,cost` with or without header by sensor name or index, whose distances go through DCRNN's Gaussian kernel.

    Raises:
        DataError: the file is missing, of no known form, or has another number of sensors.
    """
    if not path.is_file():
        raise DataError(f"expected a graph file at {path}; there is no such file")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path}: expected text (dense CSV, `from,to,cost` or `i j w`); received other bytes") from None
    first = next((line for line in lines if line.strip()), "")
    if "," not in first and len(first.split()) == 3:
        return _edge_list(path, all_sensors)
    cells = first.split(",")
    rows = sum(bool(line.strip()) for line in lines)
    # Three numbers a line may also be a row of a 3 x 3 matrix, if there are three lines for three sensors.
    if len(cells) == 3 and not (rows == len(all_sensors) == 3 and _is_number(cells[0])):
        return _costs(path, all_sensors, has_header=not _is_number(cells[2]))
    return _dense(path, len(all_sensors))


def gaussian_kernel(distances: np.ndarray) -> np.ndarray:
    """DCRNN's weights of listed distances: exp(-(d/sigma)^2), sigma their standard deviation; below 0.1 becomes 0.

    Where all distances are equal sigma is that distance: with a fixed one the unit would decide whether edges survive.
    """
    sigma = float(distances.std()) or float(distances.mean()) or 1.0
    weights = np.exp(-np.square(distances / sigma))
    return np.where(weights < KERNEL_THRESHOLD, 0.0, weights)


def _table(path: Path, **arguments: object) -> pd.DataFrame:
    try:
        table: pd.DataFrame = pd.read_csv(path, **arguments)  # type: ignore[call-overload]
        return table
    except (OSError, ValueError) as error:
        text = " ".join(str(error).split())
        raise DataError(f"{path}: expected rows of numbers; {text}") from None


def _dense(path: Path, sensors: int) -> np.ndarray:
    table = _table(path, header=None, dtype=float)
    if table.shape != (sensors, sensors):
        rows, columns = table.shape
        raise DataError(
            f"{path}: expected a {sensors} x {sensors} matrix, one row and column a sensor of the speed file; "
            f"received {rows} x {columns}"
        )
    matrix = table.to_numpy(dtype=float)
    if not _are_weights(matrix).all():
        raise DataError(f"{path}: expected finite weights of at least 0; received NaN, infinity or a negative one")
    return matrix.astype(np.float32)


def _edge_list(path: Path, all_sensors: tuple[str, ...]) -> np.ndarray:
    table = _table(path, header=None, sep=r"\s+", dtype=float)
    pairs = table.iloc[:, :2].to_numpy()
    size = len(all_sensors)
    if not ((pairs >= 0) & (pairs < size) & (pairs == np.floor(pairs))).all():
        raise DataError(
            f"{path}: expected indices from 0 to {size - 1}, the columns of the speed file; received others"
        )
    weights = table.iloc[:, 2].to_numpy(dtype=float)
    wrong = np.flatnonzero(~_are_weights(weights))
    if len(wrong):
        raise DataError(
            f"{path}, line {wrong[0] + 1}: expected `i j w` with a finite weight of at least 0; "
            f"received {weights[wrong[0]]}"
        )
    matrix = np.zeros((size, size), dtype=np.float32)
    matrix[pairs[:, 0].astype(int), pairs[:, 1].astype(int)] = table.iloc[:, 2]
    return matrix


def _are_weights(weights: np.ndarray) -> np.ndarray:
    allowed: np.ndarray = (weights >= 0) & (weights <= np.finfo(np.float32).max)  # NaN is neither
    return allowed


def _costs(path: Path, all_sensors: tuple[str, ...], *, has_header: bool) -> np.ndarray:
    table = _table(path, header=0 if has_header else None, dtype=str, keep_default_na=False)
    if table.empty:
        raise DataError(f"{path}: expected rows `from,to,cost`; received a header line alone")
    costs = pd.to_numeric(table.iloc[:, 2], errors="coerce").to_numpy(dtype=float)
    wrong = np.flatnonzero(~(np.isfinite(costs) & (costs >= 0)))
    if len(wrong):
        raise DataError(
            f"{path}, line {wrong[0] + 1 + has_header}: expected a distance of at least 0 in the third column; "
            f"received {table.iloc[wrong[0], 2]!r}: leave out pairs without one"
        )
    position = {name: index for index, name in enumerate(all_sensors)}
    ends = table.iloc[:, :2].map(str.strip)
    unnamed = np.flatnonzero((ends == "").any(axis=1))
    if len(unnamed):
        raise DataError(f"{path}, line {unnamed[0] + 1 + has_header}: expected two sensors; received a blank name")
    if not ends.isin(list(position)).to_numpy().any():
        position = {str(index): index for index in range(len(all_sensors))}
    known = ends.isin(list(position)).all(axis=1).to_numpy()  # a distance file may list sensors the speed file has not
    if not known.any():
        raise DataError(
            f"{path}: expected names of sensors in the speed file (such as {all_sensors[0]}) or their indices; "
            f"received {ends.iloc[0, 0]!r} and no known one"
        )
    matrix = np.zeros((len(all_sensors), len(all_sensors)), dtype=np.float32)
    rows, columns = (ends.loc[known].iloc[:, side].map(position).to_numpy(dtype=int) for side in (0, 1))
    matrix[rows, columns] = gaussian_kernel(costs[known])
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
