"""An existing study, opened for reading by name (no data files, no TensorFlow)."""

from pathlib import Path

from gman_search.errors import StudyError, UsageError
from gman_search.record import StudyRecord
from gman_search.search.run import StudyFolder, study_record
from gman_search.search.storage import open_storage
from gman_search.search.studies import SearchStudies, study_exists
from gman_search.spec import StudySpec

__all__ = ["open_record", "open_studies_of", "stored_spec", "study_folder"]


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
    """The specification as it was resolved when the study was last run."""
    return StudySpec.model_validate_json((folder.path / "spec.json").read_text(encoding="utf-8"))


def open_studies_of(name: str, studies: Path, storage: str | None = None) -> tuple[SearchStudies, StudyFolder]:
    """Optuna's studies and the folder of an existing study.

    Raises:
        StudyError: there is no such study, or it has no evaluation yet.
    """
    folder = study_folder(name, studies)
    spec = stored_spec(folder)
    database = open_storage(storage or folder.storage_url)
    if not study_exists(database, name):
        raise StudyError(f"study {name} has no evaluations yet: start it with gman-search run --study {name}")
    return SearchStudies.existing(database, spec), folder


def open_record(name: str, studies: Path, storage: str | None = None) -> tuple[StudyRecord, StudyFolder]:
    """Record and folder of an existing study.

    Raises:
        StudyError: there is no such study, or it has no evaluation yet.
    """
    found, folder = open_studies_of(name, studies, storage)
    record = study_record(found, folder)
    if not record.evaluations:
        raise StudyError(f"study {name} has no evaluations yet: go on with gman-search run --study {name}")
    return record, folder
