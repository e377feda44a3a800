"""What tells one task's data from another's, equal on every machine for equal data (pure)."""

import hashlib

import numpy as np

from gman_search.data.series import TrafficSeries
from gman_search.data_spec import DataSpec

__all__ = ["task_fingerprint"]


def task_fingerprint(
    spec: DataSpec, series: TrafficSeries, holidays: np.ndarray, space: np.ndarray, width: int, source: str
) -> str:
    """A number that changes with anything that errors depend on.

    Args:
        spec: how the data are cut and filled.
        series: readings (S, N).
        holidays: days that count as Sundays.
        space: what makes sensors near: the graph (N, N), or the embedding (N, E) where it is not made from one.
        width: E.
        source: how the embedding was made.
    """
    digest = hashlib.sha256()
    values = np.ascontiguousarray(series.values, dtype=np.float32)  # no copy of what is float32
    digest.update(values.data)
    digest.update(series.times.astype("datetime64[m]").astype(np.int64).tobytes())
    rounded = np.ascontiguousarray(space, dtype=np.float64).round(5) + 0.0  # + 0.0: rounding leaves both 0 and -0
    digest.update(rounded.tobytes())
    settings = (
        width,
        series.sensors,
        spec.history,
        spec.horizon,
        spec.train_share,
        spec.test_share,
        spec.imputation,
        spec.unit,
    )
    digest.update(repr(settings).encode())
    if spec.spatial_groups:
        digest.update(f"groups {spec.spatial_groups}".encode())
    # Added to a study's data only where they differ from what they once had to be.
    if spec.split != "gman":
        digest.update(f"split {spec.split}".encode())
    if spec.holidays is not None:
        # Not those of years to come, on which two versions of the package may differ.
        known = holidays[holidays <= series.times[-1].astype("datetime64[D]")]
        digest.update(f"holidays {spec.holidays} {known.astype(str).tolist()}".encode())
    if source == "node2vec":
        digest.update(source.encode())
    return digest.hexdigest()
