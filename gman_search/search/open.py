"""Opening a study for its data: the ladder's reduction factors are fixed when it is created."""

from gman_search.data.task import ForecastTask
from gman_search.halving.cost import evaluation_seconds, reduction_factors
from gman_search.halving.ladder import Ladder
from gman_search.search.storage import open_storage
from gman_search.search.studies import SearchStudies
from gman_search.spec import StudySpec

__all__ = ["ladder_of", "open_studies", "stage_seconds"]


def stage_seconds(spec: StudySpec, task: ForecastTask) -> dict[str, float]:
    """Estimated seconds of one evaluation at each stage, on two cores; elsewhere their ratio counts."""
    windows = {
        "windows": len(task.starts["train"]),
        "validation": len(task.starts["val"][:: spec.data.validation_stride]),
    }
    shape = {"sensors": len(task.series.sensors), "history": task.P, "horizon": task.Q, "groups": task.groups}
    return {stage.name: evaluation_seconds(stage, **windows, **shape) for stage in spec.stage_list()}


def ladder_of(spec: StudySpec, task: ForecastTask) -> Ladder:
    """The ladder of a new study on `task`."""
    return spec.ladder(reduction_factors(list(stage_seconds(spec, task).values())))


def open_studies(url: str, spec: StudySpec, task: ForecastTask, *, joins: bool = False) -> SearchStudies:
    """Open or create the studies of `spec` on `task` in the storage at `url`; see `SearchStudies` for `joins`."""
    return SearchStudies(open_storage(url), spec, ladder_of(spec, task), task.fingerprint, joins=joins)
