"""What readings and a graph look like: facts that decide whether a model can learn from them (pure)."""

import hashlib
from dataclasses import dataclass

import numpy as np

from gman_search.data.series import TrafficSeries
from gman_search.missing import is_observed

__all__ = ["GraphProfile", "SeriesProfile", "guess_unit", "profile_graph", "profile_series"]

STUCK_HOURS = 6
COMPARED_ROWS = 4000
PART = 2**22


@dataclass(frozen=True)
class SeriesProfile:
    """Readings at a glance; shares are by sensor (N,), of all steps.

    `gaps` counts runs of steps at which no sensor has a reading, `gap_steps` their steps. `longest_repeat` (N,) is the
    longest run of one and the same reading, in steps; `stuck` marks the sensors with one of `STUCK_HOURS` or more.
    `duplicate_sensors` are pairs of sensors with equal readings. `night_zeros` is the share of zeros from 0 to 5
    o'clock and `day_zeros` from 8 to 18.
    """

    zeros: np.ndarray
    nans: np.ndarray
    gaps: int
    gap_steps: int
    longest_gap: int
    longest_repeat: np.ndarray
    stuck: np.ndarray
    duplicate_sensors: tuple[tuple[str, str], ...]
    quantiles: dict[str, float]
    unit: str
    night_zeros: float
    day_zeros: float


@dataclass(frozen=True)
class GraphProfile:
    """A graph at a glance.

    `components` are the sizes of its connected parts, biggest first; `isolated` the sensors without a neighbour.
    `edge_correlation` is the mean correlation of neighbours' readings after the network's own mean is taken out,
    `pair_correlation` that of all pairs.
    """

    edges: int
    density: float
    symmetric: bool
    components: tuple[int, ...]
    isolated: tuple[str, ...]
    edge_correlation: float
    pair_correlation: float

    @property
    def fits_readings(self) -> bool:
        """Whether neighbours are more alike than others; if not, the order of the sensors may be another."""
        return not self.edges or not self.edge_correlation <= self.pair_correlation + 0.02  # NaN: cannot be told


def profile_series(series: TrafficSeries) -> SeriesProfile:
    """Profile readings (S, N) in which NaN stands for a reading that is absent and 0 for a 0 in the file."""
    values = series.values
    absent = np.isnan(values)
    zero = values == 0
    lengths = _runs((absent | zero).all(axis=1))
    repeats = np.array([_longest_repeat(values[:, index]) for index in range(values.shape[1])])
    observed = values[~absent & ~zero]
    marks = (0.01, 0.5, 0.95, 0.99, 1.0)
    # In place: `observed` is a copy already, and its order does not matter.
    quantiles = np.quantile(observed, marks, overwrite_input=True) if len(observed) else np.full(len(marks), np.nan)
    hour = series.time_of_day * series.step_minutes // 60
    return SeriesProfile(
        zeros=zero.mean(axis=0),
        nans=absent.mean(axis=0),
        gaps=len(lengths),
        gap_steps=int(lengths.sum()),
        longest_gap=int(lengths.max(initial=0)),
        longest_repeat=repeats,
        stuck=repeats * series.step_minutes >= STUCK_HOURS * 60,
        duplicate_sensors=_duplicate_sensors(series),
        quantiles={f"{mark:.0%}": float(value) for mark, value in zip(marks, quantiles, strict=True)},
        unit=_unit_of(observed),
        night_zeros=float(zero[hour < 5].mean()) if (hour < 5).any() else 0.0,
        day_zeros=float(zero[(hour >= 8) & (hour < 18)].mean()) if ((hour >= 8) & (hour < 18)).any() else 0.0,
    )


def guess_unit(observed: np.ndarray) -> str:
    """What the size of observed readings suggests; a guess, for people to check."""
    return _unit_of(observed.copy())


def _unit_of(observed: np.ndarray) -> str:
    """As `guess_unit`; the order of `observed` changes."""
    if not len(observed):
        return "unknown"
    middle, high = np.quantile(observed, (0.5, 0.95), overwrite_input=True)
    parts = (observed[first : first + PART] for first in range(0, len(observed), PART))
    whole = all(bool((part == np.round(part)).all()) for part in parts)
    if high <= 1:
        return "share (occupancy)"
    if whole and (high > 150 or middle < 20):
        return "vehicles"
    if high <= 40:
        return "m/s"
    if high <= 90:
        return "mph"
    return "km/h" if high <= 160 else "vehicles"


def profile_graph(adjacency: np.ndarray, series: TrafficSeries) -> GraphProfile:
    """Profile an adjacency (N, N) of the sensors of `series`."""
    from scipy.sparse.csgraph import connected_components

    joined = adjacency > 0
    np.fill_diagonal(joined, False)
    either = joined | joined.T
    _, labels = connected_components(either, directed=False)
    alone = np.flatnonzero(~either.any(axis=1))
    correlation = _correlation(series.values)
    pairs = ~np.eye(len(joined), dtype=bool)
    size = len(joined)
    return GraphProfile(
        edges=int(joined.sum()),
        density=float(joined.sum() / max(1, size * (size - 1))),
        symmetric=bool(np.allclose(adjacency, adjacency.T, atol=1e-6)),
        components=tuple(sorted(np.bincount(labels).tolist(), reverse=True)),
        isolated=tuple(series.sensors[index] for index in alone),
        edge_correlation=float(np.mean(correlation[either])) if either.any() else float("nan"),
        pair_correlation=float(np.mean(correlation[pairs])) if size > 1 else float("nan"),
    )


def _longest_repeat(column: np.ndarray) -> int:
    return int(_runs((column[1:] == column[:-1]) & is_observed(column[1:])).max(initial=0)) + 1


def _runs(marked: np.ndarray) -> np.ndarray:
    """Lengths of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return edges[1::2] - edges[::2]


def _duplicate_sensors(series: TrafficSeries) -> tuple[tuple[str, str], ...]:
    first: dict[bytes, str] = {}  # by a digest: the readings themselves are as much again
    found = []
    for index, name in enumerate(series.sensors):
        content = hashlib.sha256(np.ascontiguousarray(series.values[:, index]).tobytes()).digest()
        if content in first:
            found.append((first[content], name))
        first.setdefault(content, name)
    return tuple(found)


def _correlation(values: np.ndarray) -> np.ndarray:
    """Correlations (N, N) of readings less the network's mean at each step; missing ones are at the sensor's mean."""
    rows = values[:: max(1, len(values) // COMPARED_ROWS)].astype(np.float64)
    seen = is_observed(rows)
    means = np.where(seen, rows, 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    rows = np.where(seen, rows, means) - means
    rows -= rows.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.square(rows).sum(axis=0))
    rows /= np.where(spread > 0, spread, 1.0)
    correlation: np.ndarray = rows.T @ rows
    return correlation
