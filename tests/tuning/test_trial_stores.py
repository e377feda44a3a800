"""All stores of trials pass one suite; searches run in memory, too; one module goes below Optuna's public interface."""

import re
from pathlib import Path

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

import gman_search
from gman_search.halving.evaluations import State
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.testing.trial_store import BOARDS, TrialStoreSuite
from gman_search.tuning.in_memory_trial_store import InMemoryTrialStore
from gman_search.tuning.optuna_trial_store import OptunaTrialStore
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import open_storage
from gman_search.tuning.worker import run_worker

DISTRIBUTIONS = {"learning_rate": FloatDistribution(1e-4, 1e-1, log=True), "batch_size": IntDistribution(1, 64)}
PRIVATE = re.compile(
    r"_rdb|_get_filepath|\bmodels\.\w+Model|\w\._(storage|trial_id|study_id|study|backend)\b|optuna\.[a-z.]*\._"
)


class TestInMemory(TrialStoreSuite):
    @pytest.fixture
    def stores(self):
        first = InMemoryTrialStore(BOARDS)
        return lambda seconds=60.0: InMemoryTrialStore(BOARDS, seconds, shares=first)


class TestOptuna(TrialStoreSuite):
    @pytest.fixture
    def stores(self, storage_url):
        def opened(seconds=60.0):
            return OptunaTrialStore(open_storage(storage_url), "suite", BOARDS, DISTRIBUTIONS, seconds)

        opened()
        return opened


def spec(**search) -> StudySpec:
    settings = {"n_startup_trials": 3, "reference": False, "finals": 0, "control_runs": 1, **search}
    return StudySpec(name="test", trials=12, halving=HalvingSpec(reduction_factor=4), search=SearchSpec(**settings))


def test_a_search_in_memory_makes_what_a_search_in_a_database_makes(open_study, make_trainer, tmp_path):
    stored, _ = open_study(trials=12, control_runs=1)
    run_worker(stored, make_trainer(), tmp_path / "stored", "w")
    boards = ("quick", "medium", "full", "final")
    memory = SearchStudy(InMemoryTrialStore(boards), spec(), spec().schedule((2, 2)), "data")
    run_worker(memory, make_trainer(), tmp_path / "memory", "w")

    def shown(study):
        return [(row.key, row.state, row.val_mae, row.parent, row.seed, row.params) for row in study.evaluations()]

    assert shown(memory) == shown(stored)
    assert all(row.state is State.COMPLETE for row in memory.evaluations())


def test_leases_in_memory_run_out_by_the_clock_that_is_given():
    now = [0.0]
    store = InMemoryTrialStore(BOARDS, 60.0, clock=lambda: now[0])
    trial = store.add_running("quick", lambda number: {}, "w")
    now[0] = 59.0
    assert store.renew_lease(trial.trial_id, "w")
    now[0] = 120.0
    assert store.expire_lease(trial.trial_id)


def test_one_module_goes_below_the_public_interface_of_optuna():
    package = Path(gman_search.__file__).parent
    using_optuna = [
        path for path in package.rglob("*.py") if re.search(r"^ *(from|import) optuna", path.read_text(), re.M)
    ]
    found = {path.relative_to(package).as_posix() for path in using_optuna if PRIVATE.search(path.read_text())}
    assert found == {"tuning/optuna_tables.py"}
