"""Opening a search in a database: for its data, for reading, or for a worker that joins it."""

from optuna.storages import RDBStorage

from gman_search.data.estimate import finals_plan, schedule_of
from gman_search.data.stored import StoredData
from gman_search.data.task import ForecastDataset
from gman_search.errors import StudyError
from gman_search.halving.finals import FINAL, FinalsPlan
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.spec import StudySpec
from gman_search.tuning.optuna_trial_store import OptunaTrialStore
from gman_search.tuning.sampling import distributions
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import open_storage
from gman_search.tuning.stored_study import stored_attrs, study_exists

__all__ = ["existing_search_study", "open_search_study", "open_studies"]


def open_studies(url: str, spec: StudySpec, task: ForecastDataset, *, joins: bool = False) -> SearchStudy:
    """Open or create the search of `spec` on `task` in the storage at `url`; see `SearchStudy` for `joins`.

    The reduction factors are fixed when it is created.
    """
    schedule, finals = schedule_of(spec, task), finals_plan(spec, task)
    storage = open_storage(url)
    return open_search_study(storage, spec, schedule, task.fingerprint, joins=joins, finals=finals, data=task.stored)


def open_search_study(
    storage: RDBStorage,
    spec: StudySpec,
    schedule: HalvingSchedule,
    fingerprint: str,
    *,
    joins: bool = False,
    finals: FinalsPlan | None = None,
    data: StoredData | None = None,
) -> SearchStudy:
    """Open or create a search in a database; see `SearchStudy` for the arguments.

    Raises:
        UsageError, DataError: the stored search was made with other settings or other data.
        StudyError: it is to be joined and does not exist.
    """
    if joins and not study_exists(storage, spec.name):
        raise StudyError(f"expected a study {spec.name} in the database; there is none of that name")
    boards = (*schedule.stages, FINAL)
    store = OptunaTrialStore(storage, spec.name, boards, distributions(spec.space), spec.search.lease_seconds)
    study = SearchStudy(store, spec, schedule, fingerprint, joins=joins, finals=finals, data=data)
    if not joins:
        store.set_metric_name(f"validation MAE ({spec.data.unit})")
    return study


def existing_search_study(storage: RDBStorage, spec: StudySpec) -> SearchStudy:
    """A search as it is stored, for reading; nothing about the data is checked."""
    stored = stored_attrs(storage, spec.name)
    if stored is None:
        raise StudyError(f"expected a study {spec.name} in the database; there is none of that name")
    stages = tuple(stage.name for stage in spec.stage_list())
    synchronous = spec.halving.promotion == "synchronous"
    schedule = HalvingSchedule(stages, tuple(stored["reduction_factors"]), spec.trials, synchronous)
    return open_search_study(storage, spec, schedule, stored["fingerprint"], joins=True)
