"""Readings that come from memory, kept in the study's folder so that workers and a later call can read them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gman_search.data.formats.npz import write_npz
from gman_search.data.series import TrafficSeries
from gman_search.errors import UsageError
from gman_search.forecasting.readings import read_readings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrameReadings", "frame_readings"]


@dataclass(frozen=True)
class FrameReadings:
    """A data frame as a series, and the file it is kept in, which is named after its content.

    Other readings get another file: a study that was made with these stays readable, and says that they are others.
    """

    series: TrafficSeries
    file: Path

    def write(self) -> None:
        """Write the file, unless it is there."""
        if not self.file.is_file():
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_npz(self.file, self.series)


def frame_readings(frame: "pd.DataFrame", name: str | None, studies: Path) -> FrameReadings:
    """The readings of a data frame for the study `name`; nothing is written yet.

    Raises:
        UsageError: the study has no name.
        DataError: this is no data frame, or it has no regular times or no numbers.
    """
    if name is None:
        raise UsageError("expected name=... for readings in a data frame; only a file has a name of its own")
    series = read_readings(frame)
    digest = hashlib.sha256(np.ascontiguousarray(series.values, dtype=np.float32).tobytes())
    digest.update(repr((series.sensors, str(series.times[0]), series.step_minutes)).encode())
    return FrameReadings(series, studies / name / f"readings-{digest.hexdigest()[:12]}.npz")
