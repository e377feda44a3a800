"""An existing study, opened for reading by name (no data files, no TensorFlow)."""

from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from gman_search.errors import StudyError, UsageError
from gman_search.record import StudyRecord
from gman_search.search.run import StudyFolder, study_record
from gman_search.search.storage import open_storage
from gman_search.search.studies import SearchStudies, described_spec, study_exists
from gman_search.spec import StudySpec

__all__ = [
    "OpenStudy",
    "begun_spec",
    "joined_study",
    "open_record",
    "open_studies_of",
    "open_study",
    "stored_spec",
    "study_folder",
]


def study_folder(name: str, studies: Path) -> StudyFolder:
    """The folder of an existing study.

    Raises:
        UsageError: the name is none.
        StudyError: there is no such study.
    """
    if "/" in name or "\\" in name or ".." in name or not name:
        raise UsageError(f"expected the name of a study, not a path; received {name!r}")
    folder = StudyFolder(studies / name)
    if not (folder.path / "spec.json").is_file():
        known = sorted(file.parent.name for file in studies.glob("*/spec.json")) if studies.is_dir() else []
        hint = f"; there are: {', '.join(known)}" if known else "; there is none yet: start one with gman-search run"
        raise StudyError(f"expected an existing study; there is no {name!r} in {studies}{hint}")
    return folder


def stored_spec(folder: StudyFolder) -> StudySpec:
    """The specification as it was resolved when the study was last run.

    Raises:
        StudyError: the file is damaged.
    """
    file = folder.path / "spec.json"
    try:
        return StudySpec.model_validate_json(file.read_bytes())
    except ValidationError:
        raise StudyError(
            f"expected the specification of a study in {file}; it is damaged: put it back or remove it and run the "
            "study's first command again, which goes on with what is in the database"
        ) from None


def begun_spec(name: str, studies: Path, storage: str | None) -> StudySpec | None:
    """The stored specification of a study, from the database if one is given; none if it has not begun."""
    if storage is None:
        folder = StudyFolder(studies / name)
        return stored_spec(folder) if (folder.path / "spec.json").is_file() else None
    file = storage.removeprefix("sqlite:///")
    missing = file != storage and not Path(file).is_file()  # opening it would make an empty one
    return None if missing else described_spec(open_storage(storage), name)


def open_studies_of(name: str, studies: Path, storage: str | None = None) -> tuple[SearchStudies, StudyFolder]:
    """Optuna's studies and the folder of an existing study.

    Raises:
        StudyError: there is no such study, or it has no evaluation yet.
    """
    folder, spec = joined_study(name, studies, storage)
    database = open_storage(storage or folder.storage_url)
    if not study_exists(database, name):
        raise StudyError(f"study {name} has no evaluations yet: start it with gman-search run --study {name}")
    return SearchStudies.existing(database, spec), folder


def joined_study(name: str, studies: Path, storage: str | None) -> tuple[StudyFolder, StudySpec]:
    """Folder and specification of a study; with `storage` the latter comes from the database, but for where the data
    lie, if this machine knows.

    Raises:
        UsageError: the name is none.
        StudyError: there is no such study, here or in the database.
    """
    if storage is None:
        folder = study_folder(name, studies)
        return folder, stored_spec(folder)
    spec = begun_spec(name, studies, storage)
    if spec is None:
        raise StudyError(f"expected a study {name} in the database; there is none: start it with gman-search run")
    folder = StudyFolder(studies / spec.name)
    if (folder.path / "spec.json").is_file():
        spec = spec.model_copy(update={"data": stored_spec(folder).data})
    return folder, spec


class OpenStudy(NamedTuple):
    """An existing study: its files, its database and all that is in there as plain data."""

    folder: StudyFolder
    studies: SearchStudies
    record: StudyRecord


def open_study(name: str, studies: Path, storage: str | None = None) -> OpenStudy:
    """An existing study with its database.

    Raises:
        StudyError: there is no such study, or it has no evaluation yet.
    """
    found, folder = open_studies_of(name, studies, storage)
    record = study_record(found, folder)
    if not record.evaluations:
        raise StudyError(f"study {name} has no evaluations yet: go on with gman-search run --study {name}")
    return OpenStudy(folder, found, record)


def open_record(name: str, studies: Path, storage: str | None = None) -> tuple[StudyRecord, StudyFolder]:
    """Record and folder of an existing study.

    Raises:
        StudyError: there is no such study, or it has no evaluation yet.
    """
    study = open_study(name, studies, storage)
    return study.record, study.folder
