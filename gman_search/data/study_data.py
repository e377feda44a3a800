"""The data of a study as it was made, from a file that may have changed since."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gman_search.data.graph import Graph
from gman_search.data.series import TrafficSeries
from gman_search.data.stored import StoredData, duration_of_rows, rows_until
from gman_search.data.task import ForecastDataset, build_task, load_adjacency, load_series
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError

__all__ = ["ChangedData", "StudyData", "study_data"]


class ChangedData(DataError):
    """The data that a study was made with are others now."""


@dataclass(frozen=True)
class StudyData:
    """The task that a study was made with; and all readings of today, of its sensors, where rows were added.

    `everything` are the readings of all sensors of the file as far as the task goes, NaN where there is none; `graph`
    is theirs.
    """

    task: ForecastDataset
    everything: TrafficSeries
    graph: Graph | None
    grown: TrafficSeries | None = None

    @property
    def added(self) -> str:
        """How much was added, in words; no text where nothing was."""
        if self.grown is None:
            return ""
        rows = len(self.grown.values) - len(self.task.series.values)
        return f"{duration_of_rows(rows, self.grown.step_minutes)} ({rows} rows)"


def study_data(spec: DataSpec, base: Path, stored: StoredData | None, *, remedy: str) -> StudyData:
    """Read the files of `spec`; rows that were added after those of the study are kept apart.

    Args:
        spec: as the study has it.
        base: folder that relative paths start from.
        stored: what the study remembers; none: nothing can be compared.
        remedy: ends the message about changed data: what to do.

    Raises:
        ChangedData: they are not those that the study was made with.
        DataError: they cannot be read.
    """
    everything = load_series(spec, base, blank=np.nan)
    graph = load_adjacency(spec, base, everything.sensors)
    if stored is None:
        return StudyData(build_task(spec, base, everything.with_zeros(), graph), everything, graph)
    kept = rows_until(everything, stored.time("last"))
    is_grown = kept == stored.rows < len(everything.values)
    used = everything.until(kept) if is_grown else everything
    task = build_task(spec, base, used.with_zeros(), graph)
    if task.fingerprint != stored.fingerprint:
        what = stored.difference(task.stored)
        what = what or "the graph, the embedding or a setting of [data] is not that of the study"
        name = "the demo's data" if spec.readings == "demo" else spec.readings
        raise ChangedData(f"{name}: expected the data that the study was made with; {what}: {remedy}")
    return StudyData(task, used, graph, everything.with_zeros().take(spec.sensors) if is_grown else None)
