"""Opening a study for its data: the ladder's reduction factors are fixed when it is created."""

from gman_search.data.estimate import finals_plan, ladder_of
from gman_search.data.task import ForecastTask
from gman_search.search.storage import open_storage
from gman_search.search.studies import SearchStudies
from gman_search.spec import StudySpec

__all__ = ["open_studies"]


def open_studies(url: str, spec: StudySpec, task: ForecastTask, *, joins: bool = False) -> SearchStudies:
    """Open or create the studies of `spec` on `task` in the storage at `url`; see `SearchStudies` for `joins`."""
    ladder, finals = ladder_of(spec, task), finals_plan(spec, task)
    return SearchStudies(open_storage(url), spec, ladder, task.fingerprint, joins=joins, finals=finals)
