"""The readings that a study was trained on, found again in its file, and those that were appended to it since."""

from pathlib import Path
from typing import NamedTuple

from gman_search.data.series import TrafficSeries
from gman_search.data.study_data import ChangedData, study_data
from gman_search.data.task import ForecastDataset
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError
from gman_search.tuning.folder import StudyFolder

__all__ = ["StoredReadings", "stored_readings"]


class StoredReadings(NamedTuple):
    """The study's task, and all readings of its sensors that its file has by now."""

    task: ForecastDataset
    series: TrafficSeries


def stored_readings(folder: StudyFolder, data: DataSpec, base: Path) -> StoredReadings:
    """What the study in `folder` was trained on, from the files of `data` (relative to `base`).

    Raises:
        DataError: a file is missing or malformed, or does not have the readings that it had.
    """
    stored = folder.stored_data()
    try:
        found = study_data(data, base, stored, remedy="give newer rows in another file by --data")
    except ChangedData:
        when = "" if stored is None else f", {stored.first} to {stored.last}"
        raise DataError(
            f"expected the readings that study {folder.path.name} was trained on in {data.readings}{when}, and its "
            "graph; they are others now: put them back, and give newer rows in another file by --data"
        ) from None
    return StoredReadings(found.task, found.task.series if found.grown is None else found.grown)
