"""Which result is stored for which end of a trial."""

import numpy as np
import pytest

from gman_search.errors import DataError, DiskFull
from gman_search.halving.evaluations import State
from gman_search.io.arrays import write_arrays
from gman_search.record import Epoch
from gman_search.training.job import Job, StopTraining
from gman_search.tuning.trial_results import ENDINGS, LeaseLost, PrunedEarly, TimeIsOver, ending_of, without_time
from gman_search.tuning.trial_store import TrialEnded

EPOCHS = [Epoch(number, 10 * number, 3.0, 4.0 - number / 10, 0.001, 1.0) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    "error, state, reason",
    [
        (PrunedEarly("above the median"), State.PRUNED, "above the median"),
        (StopTraining(), State.FAILED, "interrupted"),
        (DiskFull("expected room"), State.FAILED, "interrupted: expected room"),
        (DataError("no file"), State.FAILED, "DataError: no file"),
        (MemoryError(), State.FAILED, "MemoryError: "),
    ],
)
def test_an_exception_has_a_result(error, state, reason):
    ending = ending_of(error)
    result = ending.result(error, EPOCHS)
    assert (result.state, result.reason, result.epochs) == (state, reason, 3)
    assert ending.is_finished == (state is State.PRUNED)


@pytest.mark.parametrize("error", [LeaseLost(), TrialEnded()])
def test_nothing_is_stored_of_a_trial_that_is_another_workers(error):
    assert ending_of(error).result is None


def test_only_an_interrupted_trial_leaves_its_checkpoint_and_only_a_full_disk_is_raised_again():
    assert [ending.errors for ending in ENDINGS if ending.leaves_checkpoint] == [(StopTraining,)]
    assert [ending.errors for ending in ENDINGS if ending.is_raised] == [(DiskFull,)]


def test_a_training_that_runs_out_of_time_counts_with_its_best_epoch(tmp_path, make_job):
    job = make_job(tmp_path)
    assert without_time(job, EPOCHS).state is State.PRUNED, "it has no weights"
    write_arrays(tmp_path / "weights.npz", {"kernel": np.ones(1)}, {"best_val": 3.7})
    result = without_time(job, EPOCHS)
    assert (result.state, result.val_mae, result.epochs, result.reason) == (State.COMPLETE, 3.7, 3, "the time was over")
    assert issubclass(TimeIsOver, StopTraining)


@pytest.fixture
def make_job():
    return lambda folder: Job(0, "quick", None, 1, folder)
