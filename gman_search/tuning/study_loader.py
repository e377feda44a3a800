"""An existing study, opened for reading by name (no data files, no TensorFlow)."""

from pathlib import Path
from typing import NamedTuple

from gman_search.data.task import ForecastDataset
from gman_search.errors import StudyError
from gman_search.record import StudyRecord
from gman_search.spec import StudySpec
from gman_search.stored_spec import parse_stored_spec
from gman_search.tuning.commands import Place
from gman_search.tuning.factory import existing_search_study
from gman_search.tuning.folder import StudyFolder, study_folder
from gman_search.tuning.run import study_record
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import open_storage
from gman_search.tuning.stored_study import described_spec, refuse_other, stored_attrs, study_exists

__all__ = [
    "OpenStudy",
    "begun_spec",
    "check_resumable",
    "joined_study",
    "open_record",
    "open_studies_of",
    "open_study",
    "stored_spec",
    "study_folder",
]


def stored_spec(folder: StudyFolder) -> StudySpec:
    """The specification as it was resolved when the study was last run.

    Raises:
        StudyError: the file is damaged, or of an older version.
    """
    file = folder.path / "spec.json"
    try:
        return parse_stored_spec(file.read_bytes())
    except ValueError:
        raise StudyError(
            f"expected the specification of a study in {file}; it is damaged: put it back or remove it and run the "
            "study's first command again, which goes on with what is in the database"
        ) from None


def begun_spec(name: str, studies: Path, storage: str | None) -> StudySpec | None:
    """The stored specification of a study, from the database if one is given; None if it has not begun."""
    if storage is None:
        folder = StudyFolder(studies / name)
        return stored_spec(folder) if (folder.path / "spec.json").is_file() else None
    file = storage.removeprefix("sqlite:///")
    missing = file != storage and not Path(file).is_file()  # opening it would make an empty one
    return None if missing else described_spec(open_storage(storage), name)


def open_studies_of(name: str, studies: Path, storage: str | None = None) -> tuple[SearchStudy, StudyFolder]:
    """Optuna's studies and the folder of an existing study.

    Raises:
        StudyError: there is no such study, or it has no evaluation yet.
    """
    folder, spec = joined_study(name, studies, storage)
    database = open_storage(storage or folder.storage_url)
    if not study_exists(database, name):
        go_on = Place(studies, storage=storage).command("run", "--study", name)
        raise StudyError(f"study {name} has no evaluations yet: start it with {go_on}")
    return existing_search_study(database, spec), folder


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
        raise StudyError(
            f"expected a study {name} in the database; there is none of that name: see gman-search run --help"
        )
    folder = StudyFolder(studies / spec.name)
    if (folder.path / "spec.json").is_file():
        spec = spec.model_copy(update={"data": stored_spec(folder).data})
    return folder, spec


def check_resumable(spec: StudySpec, task: ForecastDataset, studies: Path, storage: str | None) -> None:
    """Whether a run of `spec` could go on with what is stored under its name, without making or changing anything.

    Raises:
        UsageError, DataError: the stored study was made by other rules or on other data.
    """
    url = storage or StudyFolder(studies / spec.name).storage_url
    file = url.removeprefix("sqlite:///")
    if file != url and not Path(file).is_file():  # opening it would make an empty one
        return
    stored = stored_attrs(open_storage(url), spec.name)
    if stored is not None:
        refuse_other(spec, stored, task.fingerprint, task.stored)


class OpenStudy(NamedTuple):
    """An existing study: its files, its database and all that is in there as plain data."""

    folder: StudyFolder
    studies: SearchStudy
    record: StudyRecord


def open_study(name: str, studies: Path, storage: str | None = None) -> OpenStudy:
    """An existing study with its database.

    Raises:
        StudyError: there is no such study, or it has no evaluation yet.
    """
    found, folder = open_studies_of(name, studies, storage)
    record = study_record(found, folder)
    if not record.evaluations:
        go_on = Place(studies, storage=storage).command("run", "--study", name)
        raise StudyError(f"study {name} has no evaluations yet: go on with {go_on}")
    return OpenStudy(folder, found, record)


def open_record(name: str, studies: Path, storage: str | None = None) -> tuple[StudyRecord, StudyFolder]:
    """Record and folder of an existing study.

    Raises:
        StudyError: there is no such study, or it has no evaluation yet.
    """
    study = open_study(name, studies, storage)
    return study.record, study.folder
