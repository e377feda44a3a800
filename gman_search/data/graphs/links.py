"""Graphs as lists of links: `from,to,cost`, GMAN's `i j w`, LibCity's .rel, or two sensors a line."""

from pathlib import Path

import numpy as np

from gman_search.data.graphs.columns import LinkColumns, link_columns
from gman_search.data.graphs.kernel import link_weights
from gman_search.data.graphs.marks import numbers, remedy
from gman_search.data.graphs.names import match_names
from gman_search.data.graphs.result import Graph
from gman_search.data.graphs.table import GraphTable, is_number
from gman_search.data.graphs.values import GraphValues, Usual, meaning_of_list
from gman_search.errors import DataError

__all__ = ["joined", "link_list"]

CODE = 10
LARGEST = float(np.finfo(np.float32).max)


def link_list(table: GraphTable, sensors: tuple[str, ...], wish: GraphValues) -> Graph:
    """Lines of two sensors, by name or number of a column, with a distance or a weight, or without.

    A header may name the columns in any order, and further ones, which are not looked at. Without one, numbers between
    commas are distances (DCRNN), between spaces weights (GMAN); values that cannot be so decide.

    Raises:
        DataError: with the line of a number that is none, because no sensor is one of the readings', or a header that
            names other columns.
    """
    path = table.path
    columns, usual, table = _form(table, wish)
    table = table.even()
    ends = [(cells[columns.source], cells[columns.target]) for cells in table.rows]
    for row, names in enumerate(ends):
        if "" in names:
            raise DataError(f"{path}, line {table.lines[row]}: expected two sensors; received a blank name")
    values_at = columns.distance if columns.distance is not None else columns.weight
    values = np.ones(len(ends))
    notes: tuple[str, ...] = ()
    if values_at is not None:
        cells = table.column(values_at)
        values, notes = numbers(path, cells, table.delimiter)
        wrong = np.flatnonzero(~((values >= 0) & (values <= LARGEST)))
        if len(wrong):
            needed = "a finite weight of at least 0" if columns.distance is None else "a distance of at least 0"
            raise DataError(
                f"{path}, line {table.lines[wrong[0]]}: expected {needed} after two sensors; received "
                f"{cells[wrong[0]]!r}: {remedy(cells[wrong[0]], 'leave out pairs without one')}"
            )
    match = match_names(path, ends, sensors)
    notes += () if match.by_number and usual == "weights" else match.notes
    known = np.array([source in match.position and target in match.position for source, target in ends])
    if not known.any():
        raise DataError(
            f"{path}: expected links between sensors of the readings; received none: each names one that they do not "
            f"have, such as {match.unknown[0]}"
        )
    sources, targets = (
        np.array([match.position[pair[side]] for pair, is_known in zip(ends, known, strict=True) if is_known])
        for side in (0, 1)
    )
    values, own = values[known], sources == targets
    if values_at is None:
        told = (
            f"{path.name} has no weights: each of its {int((~own).sum())} links has weight 1, in the direction listed"
        )
        return _weighted(sources, targets, values, len(sensors)).noted(*notes, told)
    meaning = meaning_of_list(path, values[~own], values[own], usual, wish)
    notes += meaning.notes
    if not meaning.distances:
        return _weighted(sources, targets, values, len(sensors)).noted(*notes)
    if usual not in ("distances", "distance column") and (values[~own] == 0).any():
        linked = own | (values > 0)
        notes += (f"{int((~linked).sum())} pairs in {path.name} with the number 0 are taken as not linked",)
        sources, targets, values = sources[linked], targets[linked], values[linked]
    return joined(path, sources, targets, values, len(sensors)).noted(*notes)


def joined(
    path: Path,
    sources: np.ndarray,
    targets: np.ndarray,
    distances: np.ndarray,
    size: int,
    *,
    neighbours: bool | None = None,
) -> Graph:
    """The graph of links (L,) with distances; a sensor's weight to itself is 1.

    Of a pair listed twice the shorter distance counts.
    """
    found = link_weights(sources, targets, distances, size, neighbours=neighbours)
    between = sources != targets
    links, dropped = int(between.sum()), int((found.weights[between] == 0).sum())
    matrix = np.zeros((size, size), dtype=np.float32)
    farthest_first = np.argsort(-distances, kind="stable")
    matrix[sources[farthest_first], targets[farthest_first]] = found.weights[farthest_first]
    np.fill_diagonal(matrix, 1.0)
    notes = []
    differing = _differing(sources, targets, distances, size)
    if differing:
        notes.append(f"{differing} pairs in {path.name} are listed with several distances: the shortest counts")
    code = _code(distances)
    if code is not None:
        notes.append(
            f"the distance {code:g} in {path.name} is ten times as far as any other, and comes more than once: if it "
            "stands for no link, leave these pairs out"
        )
    if found.widened:
        notes.append(
            f"{path.name} lists neighbours, not all pairs within reach: all of its {links} links keep a weight, the "
            f"farthest ({distances.max():g}) 0.1"
        )
    if dropped:
        notes.append(
            f"{dropped} of {links} listed links in {path.name} have weight 0: in a list of all pairs within reach "
            "those much longer than the standard deviation of distances are no neighbours (DCRNN's kernel)"
        )
    return Graph(matrix, tuple(notes), links, dropped)


def _form(table: GraphTable, wish: GraphValues) -> tuple[LinkColumns, Usual, GraphTable]:
    """Columns, what their form says of the numbers, and the rows below the header."""
    path, header = table.path, table.first
    columns = link_columns(header)
    if columns is not None:
        if len(table.rows) < 2:
            raise DataError(f"{path}: expected rows `from,to,cost`; received a header line alone")
        if columns.distance is not None and columns.weight is not None:
            if wish == "auto":
                raise DataError(
                    f"{path}, line {table.lines[0]}: expected a column of distances or one of weights; received both, "
                    f"{header[columns.distance]} and {header[columns.weight]}: choose with [data] graph_values"
                )
            columns = columns._replace(weight=None) if wish == "distances" else columns._replace(distance=None)
        return columns, "distance column" if columns.distance is not None else "weight column", table.below_first()
    if len(header) == 2:
        return LinkColumns(0, 1), "unknown", table
    if len(header) != 3 or not is_number(header[2].replace(",", ".")):
        raise DataError(
            f"{path}, line {table.lines[0]}: expected columns from, to and cost; received {', '.join(header)}: name "
            "them so, or `from,to,weight` where the greater is the nearer pair; places in degrees need columns "
            "sensor,latitude,longitude"
        )
    usual: Usual = {",": "distances", " ": "weights"}.get(table.delimiter, "unknown")  # type: ignore[assignment]
    if usual == "weights":
        return LinkColumns(0, 1, weight=2), usual, table
    return LinkColumns(0, 1, distance=2), usual, table


def _weighted(sources: np.ndarray, targets: np.ndarray, weights: np.ndarray, size: int) -> Graph:
    matrix = np.zeros((size, size), dtype=np.float32)
    np.maximum.at(matrix, (sources, targets), weights.astype(np.float32))
    return Graph(matrix, listed=int(((sources != targets) & (weights > 0)).sum()))


def _code(distances: np.ndarray) -> float | None:
    """A distance that looks like a code for no link: the longest by far, and a repeated one."""
    longest = float(distances.max(initial=0.0))
    others = distances[distances < longest]
    repeated = len(distances) - len(others) > 1
    return longest if repeated and others.any() and longest >= CODE * others.max() else None


def _differing(sources: np.ndarray, targets: np.ndarray, distances: np.ndarray, size: int) -> int:
    """Pairs that are listed with more than one distance."""
    order = np.lexsort((distances, sources * size + targets))
    pairs, sorted_distances = (sources * size + targets)[order], distances[order]
    again = (pairs[1:] == pairs[:-1]) & (sorted_distances[1:] != sorted_distances[:-1])
    return len(np.unique(pairs[1:][again]))
