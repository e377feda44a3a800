"""Opening a study for its data: the ladder's reduction factors are fixed when it is created."""

from gman_search.data.estimate import estimate_stages
from gman_search.data.task import ForecastTask
from gman_search.halving.cost import reduction_factors
from gman_search.halving.ladder import Ladder
from gman_search.search.storage import open_storage
from gman_search.search.studies import SearchStudies
from gman_search.spec import StudySpec

__all__ = ["ladder_of", "open_studies", "stage_seconds"]


def stage_seconds(spec: StudySpec, task: ForecastTask) -> dict[str, float]:
    """Estimated seconds of one evaluation at each stage, by one thread: their ratio counts, on every machine alike."""
    estimates = estimate_stages(spec.stage_list(), task, spec.data.validation_stride)
    return {row.stage: row.seconds for row in estimates}


def ladder_of(spec: StudySpec, task: ForecastTask) -> Ladder:
    """The ladder of a new study on `task`."""
    return spec.ladder(reduction_factors(list(stage_seconds(spec, task).values())))


def open_studies(url: str, spec: StudySpec, task: ForecastTask, *, joins: bool = False) -> SearchStudies:
    """Open or create the studies of `spec` on `task` in the storage at `url`; see `SearchStudies` for `joins`."""
    return SearchStudies(open_storage(url), spec, ladder_of(spec, task), task.fingerprint, joins=joins)
