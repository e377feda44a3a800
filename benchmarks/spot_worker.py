"""One worker of the spot-like run: a real worker, whose trainer sleeps instead of computing."""

import math
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gman_search.halving.evaluations import State
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.record import Epoch
from gman_search.spec import StudySpec
from gman_search.training.job import Job, TrainingResult
from gman_search.tuning.factory import open_search_study
from gman_search.tuning.search_study import SearchStudy
from gman_search.tuning.storage import open_storage
from gman_search.tuning.worker import run_worker

__all__ = ["EPOCHS", "RATIOS", "TRAINED", "open_spot_study", "work"]

EPOCHS = {"quick": 4, "medium": 8, "full": 16}
TRAINED = "trained.log"
RATIOS = (4, 4)


def open_spot_study(url: str, spec: StudySpec, *, joins: bool = False) -> SearchStudy:
    """The study, without data: nothing is trained on any."""
    return open_search_study(open_storage(url), spec, spec.schedule(RATIOS), "no data", joins=joins)


class SleepingTrainer:
    """Writes and resumes from checkpoints as the real one does; notes each epoch that it trains.

    Args:
        seconds: of an epoch.
        note: file that takes one line for each epoch.
    """

    def __init__(self, seconds: float, note: Path) -> None:
        self._seconds, self._note = seconds, note

    def train(self, job: Job, on_epoch: Callable[[Epoch], None]) -> TrainingResult:
        """See `Trainer`."""
        if job.parent is not None and read_arrays(job.parent / "weights.npz")[1]["config_id"] != job.config_id:
            raise AssertionError(f"{job.parent} has the weights of another config")
        value = 3.0 + abs(math.log10(job.hyperparameters.learning_rate) + 2.3) - 0.1 * job.hyperparameters.L
        reached = self._resumed(job)
        for number in range(1, EPOCHS[job.stage] + 1):
            if number > reached:
                time.sleep(self._seconds)
                with self._note.open("a", encoding="utf-8") as stream:
                    stream.write(f"{job.stage} {job.config_id} {number}\n")
                self._write(job, number)
            on_epoch(Epoch(number, number, value + 0.2, value + 0.1 / number, 0.001, self._seconds))
        return TrainingResult(State.COMPLETE, value + 0.1 / EPOCHS[job.stage], EPOCHS[job.stage], 0.1, "")

    def _resumed(self, job: Job) -> int:
        """The last epoch of the attempt that is resumed; what it left is this attempt's own from now on."""
        if job.resume_from is None or not (job.resume_from / "checkpoint.npz").is_file():
            return 0
        reached = int(read_arrays(job.resume_from / "checkpoint.npz")[1]["epoch"])
        self._write(job, reached)
        return reached

    def _write(self, job: Job, number: int) -> None:
        write_arrays(job.folder / "weights.npz", {"kernel": np.full(1000, number)}, {"config_id": job.config_id})
        write_arrays(job.folder / "checkpoint.npz", {"parameters": np.ones(3000)}, {"epoch": number})


def work(index: int, spec_json: str, url: str, folder: str, apart: bool, seconds: float) -> None:
    """Run one worker; with `apart` it has the empty disk of a machine that was just begun."""
    spec = StudySpec.model_validate_json(spec_json)
    study = open_spot_study(url, spec, joins=True)
    own = Path(folder) / f"machine-{os.getpid()}" if apart else Path(folder)
    own.mkdir(exist_ok=True)
    trainer = SleepingTrainer(seconds, Path(folder) / TRAINED)
    run_worker(study, trainer, own, f"{socket.gethostname()}-{os.getpid()}-{index}")
