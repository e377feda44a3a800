"""Graphs as numpy's and scipy's arrays: .npy, .npz and Matrix Market. Never unpickled."""

import io
import zipfile
import zlib
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np

from gman_search.data.graphs.matrix import of_numbers
from gman_search.data.graphs.result import Graph
from gman_search.data.graphs.values import GraphValues
from gman_search.data.size_limits import check_inflation, check_size
from gman_search.errors import DataError

__all__ = ["holds_a_graph", "read_arrays", "read_matrix_market"]

NUMPY = b"\x93NUMPY"
SPARSE = {"format", "shape", "data"}
USUAL = ("adj", "adj_mx", "adjacency", "A", "W", "weights", "matrix", "distances", "dist", "arr_0")
# What zipfile, zlib, scipy and numpy's parser of headers raise on damaged files.
UNREADABLE = (
    OSError, EOFError, ValueError, KeyError, TypeError, SyntaxError, RuntimeError, MemoryError, TokenError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_arrays(path: Path, sensors: tuple[str, ...], wish: GraphValues) -> Graph:
    """A square array (M, M) in the readings' order from .npy or .npz, or the sparse matrix that scipy saves as .npz.

    Raises:
        DataError: no such array, objects in it, or another number of sensors.
    """
    try:
        matrix = _matrix(path)
    except UNREADABLE as error:
        raise DataError(f"{path}: expected a matrix of numbers; {' '.join(str(error).split())}") from None
    return _checked(path, matrix, sensors, wish)


def read_matrix_market(path: Path, raw: bytes, sensors: tuple[str, ...], wish: GraphValues) -> Graph:
    """A matrix in Matrix Market's text, whose indices are counted from 1.

    Raises:
        DataError: it cannot be read, or has another number of sensors.
    """
    from scipy.io import mminfo, mmread

    try:
        rows, columns, *_ = mminfo(io.BytesIO(raw))
        check_size(path, (rows, columns))
        matrix = mmread(io.BytesIO(raw))
    except UNREADABLE as error:
        raise DataError(f"{path}: expected a Matrix Market file; {' '.join(str(error).split())}") from None
    return _checked(path, matrix if isinstance(matrix, np.ndarray) else matrix.toarray(), sensors, wish)


def holds_a_graph(path: Path) -> bool:
    """Whether a .npy or .npz has a square array of two dimensions, or a sparse matrix, by its headers alone."""
    try:
        shapes = _shapes(path)
    except (*UNREADABLE, DataError):
        return False
    if set(shapes) >= SPARSE:
        return True
    square = [len(shape) == 2 and shape[0] == shape[1] > 1 for shape in shapes.values()]
    return len(square) == 1 and square[0]


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of every array, from its header alone, after it was found to be of numbers and not too big."""
    with path.open("rb") as file:
        if file.read(len(NUMPY)) == NUMPY:
            file.seek(0)
            return {"": _shape(path, file)}
    shapes = {}
    with zipfile.ZipFile(path) as packed:
        for member in packed.infolist():
            if not member.filename.endswith(".npy"):
                raise ValueError(f"received {member.filename} in it")
            with packed.open(member) as part:
                shapes[member.filename.removesuffix(".npy")] = _shape(path, part)
            check_inflation(path, member.compress_size, member.file_size)
    return shapes


def _shape(path: Path, file: IO[bytes]) -> tuple[int, ...]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(file)
    if version not in readers:
        raise ValueError(f"received version {version} of numpy's format")
    shape, _, kind = readers[version](file)
    if kind.hasobject:
        raise ValueError("received objects, which may run code: save it as CSV")
    check_size(path, shape)
    found: tuple[int, ...] = shape
    return found


def _matrix(path: Path) -> np.ndarray:
    shapes = _shapes(path)
    if set(shapes) >= SPARSE:
        from scipy.sparse import load_npz

        with np.load(path, allow_pickle=False) as arrays:
            check_size(path, tuple(int(length) for length in arrays["shape"]))
        sparse: np.ndarray = load_npz(path).toarray()
        return sparse
    square = [name for name, shape in shapes.items() if len(shape) == 2 and shape[0] == shape[1]]
    usual = [name for name in USUAL if name in square]
    if len(square) != 1 and len(usual) != 1:
        told = ", ".join(f"{name or 'array'} {shape}" for name, shape in shapes.items())
        raise ValueError(f"expected one square array (sensors, sensors); received {told}"[:300])
    name = square[0] if len(square) == 1 else usual[0]
    loaded = np.load(path, allow_pickle=False)
    array: np.ndarray = loaded if isinstance(loaded, np.ndarray) else loaded[name]
    return array


def _checked(path: Path, matrix: np.ndarray, sensors: tuple[str, ...], wish: GraphValues) -> Graph:
    size = len(sensors)
    if matrix.shape != (size, size) or matrix.dtype.kind not in "biuf":
        shape = " x ".join(str(length) for length in matrix.shape)
        raise DataError(
            f"{path}: expected a {size} x {size} matrix of numbers, one row and column a sensor of the readings; "
            f"received {shape} of {matrix.dtype}"
        )
    numbers = matrix.astype(float)
    return of_numbers(path, np.where(np.isnan(numbers), np.inf, numbers), wish)
