"""Whether a graph's numbers are weights, of which the greater is the nearer, or distances."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from gman_search.errors import DataError

__all__ = ["GraphValues", "Meaning", "Usual", "meaning_of_list", "meaning_of_matrix"]

GraphValues = Literal["auto", "distances", "weights"]
Usual = Literal["distances", "weights", "distance column", "weight column", "unknown"]
"""What the form of a file says: GMAN's lines hold weights, DCRNN's distances, a header may name either."""
FAR = 10
SETTING = 'say which with [data] graph_values = "distances" or "weights"'


class Meaning(NamedTuple):
    """Whether numbers are distances, and the note that says so where it was guessed."""

    distances: bool
    notes: tuple[str, ...] = ()


def meaning_of_matrix(path: Path, matrix: np.ndarray, wish: GraphValues) -> Meaning:
    """What the numbers of a dense matrix (M, M) are; NaN and infinity are pairs without one.

    A matrix with a diagonal of 0 whose numbers exceed 1 has distances: weights are the greatest of a sensor to itself.

    Raises:
        DataError: it cannot be told.
    """
    if wish != "auto":
        return Meaning(wish == "distances")
    diagonal = np.diag(matrix)
    others = matrix[~np.eye(len(matrix), dtype=bool) & np.isfinite(matrix)]
    greatest = float(others.max(initial=0.0))
    selves = diagonal[np.isfinite(diagonal)]
    if not selves.any() and greatest > 1:
        return Meaning(True, (_taken(path, "distances", greatest, "the diagonal is 0"),))
    if greatest > 1 and not selves.all():
        raise DataError(
            f"{path}: expected weights, or distances with a diagonal of 0; received numbers up to {greatest:g} and a "
            f"diagonal that is 0 in part: {SETTING}"
        )
    if greatest > 1:
        return Meaning(False, (_taken(path, "weights", greatest, "the diagonal is not 0"),))
    if not selves.any() and len(np.unique(others)) > 2:
        return Meaning(False, (_taken(path, "weights", greatest, "none exceeds 1"),))
    return Meaning(False)


def meaning_of_list(path: Path, values: np.ndarray, selves: np.ndarray, usual: Usual, wish: GraphValues) -> Meaning:
    """What the numbers of a list are: `values` (L,) between sensors, `selves` (K,) of sensors to themselves.

    Raises:
        DataError: it cannot be told, or the numbers contradict the header.
    """
    if wish != "auto":
        return Meaning(wish == "distances")
    greatest = float(values.max(initial=0.0))
    own = float(selves.max(initial=0.0))
    if usual == "distance column":
        if own > 0:
            raise _not_distances(path, own)
        return Meaning(True)
    if usual == "weight column":
        if greatest > 1 and own == 0:
            raise DataError(f"{path}: expected weights up to 1; received {greatest:g}, as distances have: {SETTING}")
        return Meaning(False)
    if greatest <= 1:
        return _small(path, values, selves, usual)
    if own > 0:
        if usual == "distances":
            raise _not_distances(path, own)
        return Meaning(False, (_taken(path, "weights", greatest, "sensors have numbers above 0 to themselves"),))
    if usual == "weights" and not len(selves) and greatest <= FAR:
        raise DataError(f"{path}: expected weights up to 1; received {greatest:g}, which may be distances: {SETTING}")
    return Meaning(True, () if usual == "distances" else (_taken(path, "distances", greatest),))


def _small(path: Path, values: np.ndarray, selves: np.ndarray, usual: Usual) -> Meaning:
    """Numbers up to 1: weights, but for DCRNN's form, which has distances."""
    greatest, kinds = float(values.max(initial=0.0)), len(np.unique(values))
    own = float(selves.max(initial=0.0))
    if usual == "distances" and own == 0 and (values > 0).all():
        return Meaning(True, (_taken(path, "distances", greatest),) if kinds > 1 and not len(selves) else ())
    sure = usual == "weights" and (own > 0 or not len(selves) or kinds <= 2)
    return Meaning(False, () if sure or (kinds == 1 and usual == "unknown") else (_taken(path, "weights", greatest),))


def _not_distances(path: Path, own: float) -> DataError:
    return DataError(
        f"{path}: expected a distance of 0 from a sensor to itself; received {own:g}, as weights have: {SETTING}"
    )


def _taken(path: Path, what: str, greatest: float, why: str = "") -> str:
    reason = f" because {why}" if why else ""
    other = "weights" if what == "distances" else "distances"
    return (
        f"the numbers in {path.name} (up to {greatest:g}) are taken as {what}{reason}; if they are {other}, set "
        f'data.graph_values = "{other}"'
    )
