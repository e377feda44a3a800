"""An evaluation that is stopped or lost again and again: each attempt goes on from the furthest checkpoint there is."""

import threading

import numpy as np
import pytest

from gman_search.halving.evaluations import Evaluation, State, counted_once, latest_attempts
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.record import Epoch
from gman_search.training.job import TrainingResult
from gman_search.tuning.worker import run_worker

EPOCHS = 6


class Resuming:
    """Trains six epochs from where the checkpoint is, as the real one does; `before` each epoch may end it."""

    def __init__(self, before=lambda epoch: None) -> None:
        self.before, self.began_after, self.trained = before, [], []

    def train(self, job, on_epoch):
        done = 0
        if job.resume_from is not None and (job.resume_from / "checkpoint.npz").exists():
            done = read_arrays(job.resume_from / "checkpoint.npz")[1]["epoch"]
        self.began_after.append(done)
        job.folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, EPOCHS + 1):
            if number > done:
                self.before(number)
                self.trained.append((job.stage, number))
            write_arrays(job.folder / "checkpoint.npz", {"parameters": np.ones(3)}, {"epoch": max(number, done)})
            on_epoch(Epoch(number, number, 3.0, 3.0, 0.001, 1.0))
        write_arrays(job.folder / "weights.npz", {"kernel": np.ones(3)}, {"config_id": job.config_id})
        return TrainingResult(State.COMPLETE, 3.0, EPOCHS, float(EPOCHS), "", (), {})


def session(open_study, tmp_path, before, **settings):
    """One worker until it leaves; the epoch each of its evaluations went on after."""
    studies, _ = open_study(trials=1, **settings)
    stop = threading.Event()
    trainer = Resuming(lambda epoch: before(epoch, stop))
    run_worker(studies, trainer, tmp_path, "w", stop=stop)
    return studies, trainer


def test_an_evaluation_that_is_stopped_at_every_epoch_still_ends(open_study, tmp_path):
    """As with a budget of hours, or a machine that may go at any time: no session is long enough for all of it."""
    seen, trained = [], []
    for _ in range(EPOCHS):
        studies, trainer = session(open_study, tmp_path, lambda epoch, stop: stop.set())
        seen += trainer.began_after
        trained += trainer.trained
    assert seen == [0, 1, 2, 3, 4, 5]
    assert trained == [("quick", epoch) for epoch in range(1, EPOCHS + 1)], "no epoch twice"
    rows = [row for row in studies.evaluations() if row.stage == "quick"]
    assert {row.attempt for row in rows} == {1}, "being stopped is no failure"
    assert sum(row.seconds for row in counted_once(rows)) == EPOCHS and sum(row.seconds for row in rows) > EPOCHS


@pytest.mark.parametrize("error", [MemoryError, OSError])
def test_an_attempt_that_dies_before_its_first_epoch_costs_no_earlier_one(open_study, tmp_path, error):
    deaths = []

    def dies_twice(epoch, stop):
        if epoch == 4 and len(deaths) < 2:
            deaths.append(epoch)
            raise error("no room")

    studies, _ = open_study(trials=1, max_attempts=4)

    class Early(Resuming):
        def train(self, job, on_epoch):
            if len(deaths) == 1:
                deaths.append(0)
                self.began_after.append(None)
                raise error("no room for the model itself")
            return super().train(job, on_epoch)

    trainer = Early(lambda epoch: dies_twice(epoch, None))
    run_worker(studies, trainer, tmp_path, "w")
    assert trainer.began_after[:3] == [0, None, 3]
    assert latest_attempts(studies.evaluations())[0].state is State.COMPLETE


def test_of_equal_attempts_the_later_row_counts_unless_one_is_finished():
    def row(state, attempt=1, trial=0):
        return Evaluation(0, "quick", attempt=attempt, state=state, facts={"trial": trial})

    stopped = [row(State.FAILED, trial=number) for number in range(3)]
    assert latest_attempts(stopped)[0].facts["trial"] == 2
    assert latest_attempts([*stopped, row(State.WAITING, trial=3)])[0].state is State.WAITING
    done = row(State.COMPLETE, trial=1)
    assert latest_attempts([stopped[0], done, stopped[2]]) == [done]


def test_what_an_attempt_took_over_is_counted_once():
    first = Evaluation(0, "quick", epochs=3, seconds=30, facts={"folder": "a"})
    never_began = Evaluation(0, "quick", facts={"folder": "b", "resume_from": "a"})
    assert counted_once([first, never_began]) == [first, never_began]
    last = Evaluation(0, "quick", epochs=5, seconds=50, facts={"folder": "c", "resume_from": "a"})
    assert counted_once([first, never_began, last]) == [never_began, last]
