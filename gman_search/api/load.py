"""`gman_search.load_study`: a study that exists."""

import os
from pathlib import Path

from gman_search.api.study import Study
from gman_search.tuning.commands import Place
from gman_search.tuning.study_loader import open_studies_of

__all__ = ["load_study"]


def load_study(
    name: str,
    *,
    studies: str | os.PathLike[str] = "studies",
    reports: str | os.PathLike[str] = "reports",
    storage: str | None = None,
) -> Study:
    """Open a study that exists, finished or not.

    Args:
        name: of the study.
        studies: folder of studies.
        reports: folder of reports.
        storage: database of the study, such as `postgresql://user@host/database`; None: `study.db` in its folder.

    Raises:
        UsageError: the name is a path, or the storage is of an unknown kind.
        StudyError: there is no such study, or its files are damaged.

    Example:
        >>> study = gman_search.load_study("speed")
        >>> study.unit
        'mph'
    """
    place = Place(Path(studies), Path(reports), storage)
    found, folder = open_studies_of(name, place.studies, storage)
    return Study(found, folder, place)
