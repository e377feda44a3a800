"""Opening a study for its data: the ladder's reduction factors are fixed when it is created."""

from gman_search.data.task import ForecastTask
from gman_search.halving.cost import evaluation_cost, reduction_factors
from gman_search.halving.ladder import Ladder
from gman_search.search.storage import open_storage
from gman_search.search.studies import SearchStudies
from gman_search.spec import StudySpec

__all__ = ["ladder_of", "open_studies", "stage_costs"]


def stage_costs(spec: StudySpec, *, sensors: int, windows: int) -> dict[str, float]:
    """Estimated cost (multiply-adds) of one evaluation at each stage."""
    P, Q, groups = spec.data.history, spec.data.horizon, spec.data.groups_of(sensors)
    return {
        stage.name: evaluation_cost(stage, sensors=sensors, windows=windows, history=P, horizon=Q, groups=groups)
        for stage in spec.stage_list()
    }


def ladder_of(spec: StudySpec, *, sensors: int, windows: int) -> Ladder:
    """The ladder of a study on a network of that size."""
    costs = stage_costs(spec, sensors=sensors, windows=windows)
    return spec.ladder(reduction_factors(list(costs.values())))


def open_studies(url: str, spec: StudySpec, task: ForecastTask) -> SearchStudies:
    """Open or create the studies of `spec` on `task` in the storage at `url`."""
    ladder = ladder_of(spec, sensors=len(task.series.sensors), windows=len(task.starts["train"]))
    return SearchStudies(open_storage(url), spec, ladder, task.fingerprint)
