"""A fast trainer without TensorFlow, and studies in a temporary database."""

import importlib.util
import math
import time
import uuid
from pathlib import Path

import numpy as np
import pytest

from gman_search.halving.evaluations import State
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.record import Epoch
from gman_search.spec import HalvingSpec, SearchSpec, StudySpec
from gman_search.training.job import Job, TrainingResult
from gman_search.tuning.factory import open_search_study
from gman_search.tuning.storage import open_storage


class FakeTrainer:
    """Validation MAE is a smooth function of the learning rate and the stage; leaves files as the real one does."""

    def __init__(self, epochs: int = 2, seconds: float = 0.0) -> None:
        self.epochs, self.seconds = epochs, seconds
        self.jobs: list[Job] = []
        self.resumed: list[int] = []
        self.inherited: list[int] = []

    def train(self, job: Job, on_epoch) -> TrainingResult:
        self.jobs.append(job)
        if job.resume_from is not None and (job.resume_from / "checkpoint.npz").exists():
            self.resumed.append(read_arrays(job.resume_from / "checkpoint.npz")[1]["epoch"])
        if job.parent is not None:
            self.inherited.append(read_arrays(job.parent / "weights.npz")[1]["config_id"])
        job.folder.mkdir(parents=True, exist_ok=True)
        value = abs(math.log10(job.hyperparameters.learning_rate) + 2.3) + 3.0 - 0.1 * job.hyperparameters.L
        for number in range(1, self.epochs + 1):
            time.sleep(self.seconds)
            write_arrays(job.folder / "checkpoint.npz", {"parameters": np.ones(3)}, {"epoch": number})
            on_epoch(Epoch(number, number, value + 0.2, value + 0.1 / number, 0.001, self.seconds))
        write_arrays(job.folder / "weights.npz", {"kernel": np.full(3, value)}, {"config_id": job.config_id})
        return TrainingResult(
            State.COMPLETE, value + 0.1 / self.epochs, self.epochs, 0.1, "", ("falling fast: healthy",), {}
        )


@pytest.fixture
def make_trainer():
    return FakeTrainer


@pytest.fixture(scope="session")
def postgresql(repository):
    """A PostgreSQL server in a temporary folder."""
    specification = importlib.util.spec_from_file_location("postgresql", repository / "benchmarks" / "postgresql.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    with module.temporary_postgresql() as server:
        yield server


def _opened(url: str, trials: int = 8, fingerprint: str = "data", promotion: str = "asynchronous", **search) -> tuple:
    halving = HalvingSpec(reduction_factor=4, promotion=promotion)
    spec = StudySpec(
        name="test",
        trials=trials,
        halving=halving,
        search=SearchSpec(n_startup_trials=3, **{"reference": False, "finals": 0, **search}),
    )
    storage = open_storage(url)
    studies = open_search_study(storage, spec, spec.schedule((2, 2)), fingerprint)
    return studies, studies.store.leases


@pytest.fixture
def open_study(tmp_path: Path):
    """open_study(trials=..., ...) -> (studies, leases); the same SQLite database for the whole test."""

    def opened(*, database: str = "study", **settings) -> tuple:
        return _opened(f"sqlite:///{tmp_path / database}.db", **settings)

    return opened


@pytest.fixture(params=["sqlite", "postgresql"])
def storage_url(request, tmp_path: Path) -> str:
    """A fresh database of every kind that is accepted."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'study'}.db"
    return request.getfixturevalue("postgresql").new_database(uuid.uuid4().hex)


@pytest.fixture
def open_any(storage_url: str):
    """Like open_study, on every accepted storage."""

    def opened(**settings) -> tuple:
        return _opened(storage_url, **settings)

    return opened


@pytest.fixture
def open_url():
    """open_url(url=..., ...) -> (studies, leases)."""
    return _opened
