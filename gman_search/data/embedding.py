"""The spatial embedding: one vector a sensor, from a file, from the graph, or with neither from its number."""

from pathlib import Path

import numpy as np

from gman_search.data.node2vec import node2vec_embedding
from gman_search.errors import DataError

__all__ = ["build_embedding", "position_embedding", "read_embedding", "spectral_embedding"]

SPREAD = 0.3
"""Standard deviation of a column, about that of GMAN's published node2vec vectors."""
TIE_BREAK = 1e-6
"""Where eigenvalues are equal any rotation of their eigenvectors is right, and machines disagree; this parts them."""


def read_embedding(path: Path, sensors: int) -> np.ndarray:
    """GMAN's file: a line `N E`, then `index v1 .. vE` in any order. Returns (N, E) float32, placed by index.

    Raises:
        DataError: missing file, wrong number of sensors, a line that does not fit, an index twice or not at all.
    """
    if not path.is_file():
        raise DataError(f"expected a spatial embedding at {path}; there is no such file")
    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        count, width = (int(number) for number in lines[0])
        if width < 1:
            raise ValueError
    except (UnicodeDecodeError, ValueError, IndexError):
        raise DataError(f"{path}: expected a first line `sensors dimensions`, such as `207 64`") from None
    if count != sensors or len(lines) - 1 != sensors:
        raise DataError(
            f"{path}: expected vectors of the readings' {sensors} sensors; received {count} announced, "
            f"{len(lines) - 1} given"
        )
    vectors: dict[int, list[float]] = {}
    largest = float(np.finfo(np.float32).max)
    for number, cells in enumerate(lines[1:], start=2):
        try:
            index, values = int(cells[0]), [float(cell) for cell in cells[1:]]
        except ValueError:
            raise DataError(f"{path}, line {number}: expected an index and {width} numbers") from None
        finite = all(abs(value) <= largest for value in values)
        if not 0 <= index < sensors or len(values) != width or not finite:
            raise DataError(
                f"{path}, line {number}: expected an index from 0 to {sensors - 1} and {width} finite numbers; "
                f"received index {index} and {len(values)} numbers"
            )
        if index in vectors:
            raise DataError(f"{path}, line {number}: expected every index once; received {index} again")
        vectors[index] = values
    return np.array([vectors[index] for index in range(sensors)], dtype=np.float32)


def build_embedding(method: str, graph: np.ndarray | None, sensors: int, size: int) -> tuple[np.ndarray, str]:
    """An embedding (N, size) float32 by `method` (spectral, node2vec, random), and what it was made from.

    Without a graph (N, N), "spectral" numbers the sensors.

    Raises:
        DataError: node2vec without a graph.
        UsageError: node2vec without gensim.
    """
    if method == "random":
        return np.random.default_rng(0).normal(0, SPREAD, (sensors, size)).astype(np.float32), "random"
    if method == "node2vec":
        if graph is None:
            raise DataError("expected a graph for a node2vec embedding; received none: give --adjacency")
        return node2vec_embedding(graph, size), "node2vec"
    if graph is None:
        return position_embedding(sensors, size), "position"
    return spectral_embedding(graph, size), "spectral"


def spectral_embedding(adjacency: np.ndarray, size: int) -> np.ndarray:
    """(N, size) float32: eigenvectors of the normalised graph Laplacian with the smallest eigenvalues.

    Neighbours on the road get similar vectors, as with node2vec, but without walks or random state. Columns beyond the
    N - 1 informative ones are zero. The graph may be disconnected, and the result does not depend on the machine beyond
    rounding: ties between eigenvalues are broken and signs fixed by the sensors' order.
    """
    from scipy.linalg import eigh  # takes a fifth of a second, which forecasting should not wait for

    weights = np.maximum(adjacency, adjacency.T).astype(float)
    np.fill_diagonal(weights, 0.0)
    degree = weights.sum(axis=1)
    root = np.where(degree > 0, 1.0 / np.sqrt(np.where(degree > 0, degree, 1.0)), 0.0)
    laplacian = np.eye(len(weights)) - root[:, None] * weights * root[None, :]
    # Fractions of the golden ratio: different for every sensor, without the regularity that would make new ties.
    order = np.arange(1, len(weights) + 1) * ((5**0.5 - 1) / 2) % 1
    _, vectors = eigh(laplacian + np.diag(TIE_BREAK * order))
    kept = vectors[:, 1 : size + 1]
    # An eigenvector's sign is arbitrary, and its largest entry may have an equal of the other sign.
    kept = kept * np.where(order @ kept < 0, -1.0, 1.0)
    spread = kept.std(axis=0)
    result = np.zeros((len(weights), size), dtype=np.float32)
    result[:, : kept.shape[1]] = kept * (SPREAD / np.where(spread > 0, spread, 1.0))
    return result


def position_embedding(sensors: int, size: int) -> np.ndarray:
    """(N, size) float32 for sensors without any graph: a one-hot code, so that the model can tell them apart.

    With more sensors than columns it repeats with another strength each time round.
    """
    result = np.zeros((sensors, size), dtype=np.float32)
    index = np.arange(sensors)
    result[index, index % size] = 1.0 / (1 + index // size)
    return result
