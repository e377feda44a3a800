"""What a trial's end is worth: every exception that can end one, and the result that is stored for it, in one table."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gman_search.errors import DataError, DiskFull
from gman_search.halving.evaluations import State
from gman_search.halving.retries import INTERRUPTED, reason_of
from gman_search.io.arrays import read_arrays
from gman_search.record import Epoch
from gman_search.training.diagnosis import diagnose
from gman_search.training.job import Job, StopTraining, TrainingResult
from gman_search.tuning.artifacts import WEIGHTS
from gman_search.tuning.trial_store import TrialEnded

__all__ = ["ENDINGS", "Ending", "LeaseLost", "PrunedEarly", "TimeIsOver", "ending_of", "without_time"]


class PrunedEarly(StopTraining):
    """The learning curve says that the evaluation is unlikely to be promoted."""


class TimeIsOver(StopTraining):
    """The run has no more time for a training that counts as it is."""


class LeaseLost(StopTraining):
    """Another worker has the trial now: write nothing more about it."""


def _pruned(error: BaseException, epochs: Sequence[Epoch]) -> TrainingResult:
    trained = [epoch for epoch in epochs if epoch.epoch > 0]
    best = min(epochs, key=lambda epoch: epoch.val_mae)
    diagnosis = diagnose([e.train_mae for e in trained if e.train_mae is not None], [e.val_mae for e in trained])
    facts = {"best_epoch": best.epoch, "steps": trained[-1].steps}
    return TrainingResult(State.PRUNED, best.val_mae, trained[-1].epoch, 0.0, str(error), diagnosis, facts)


def without_time(job: Job, epochs: Sequence[Epoch]) -> TrainingResult:
    """The result of a training that `TimeIsOver` ended: its best epoch so far, which its weights are of."""
    result = _pruned(TimeIsOver("the time was over"), epochs)
    try:
        value = read_arrays(job.folder / WEIGHTS)[1].get("best_val", result.val_mae)
    except DataError:
        value = None  # no epoch had a usable validation error
    if value is None or not math.isfinite(value):
        return result
    return replace(result, state=State.COMPLETE, val_mae=float(value))


def _interrupted(error: BaseException, epochs: Sequence[Epoch]) -> TrainingResult:
    return _failed_because(f"{INTERRUPTED}: {error}" if isinstance(error, DiskFull) else INTERRUPTED, epochs)


def _failed(error: BaseException, epochs: Sequence[Epoch]) -> TrainingResult:
    return _failed_because(reason_of(error), epochs)


def _failed_because(reason: str, epochs: Sequence[Epoch]) -> TrainingResult:
    """Epochs are the number of the last one that was reported: it is on disk."""
    return TrainingResult(State.FAILED, None, epochs[-1].epoch if epochs else 0, 0.0, reason)


@dataclass(frozen=True)
class Ending:
    """What an exception that ended a trial leads to.

    Args:
        errors: the exceptions.
        result: what is stored, from the exception and the epochs so far; None: nothing is stored.
        is_finished: the evaluation counts as finished; else it may be tried again.
        leaves_checkpoint: its checkpoint is kept for the worker that goes on with it.
        is_raised: the exception is raised again once the result is stored.
        level: of the log entry, None for no entry.
    """

    errors: tuple[type[BaseException], ...]
    result: Callable[[BaseException, Sequence[Epoch]], TrainingResult] | None
    is_finished: bool = False
    leaves_checkpoint: bool = False
    is_raised: bool = False
    level: int | None = None


ENDINGS = (
    Ending((LeaseLost, TrialEnded), None, level=logging.WARNING),
    Ending((PrunedEarly,), _pruned, is_finished=True),
    Ending((StopTraining,), _interrupted, leaves_checkpoint=True),
    Ending((DiskFull,), _interrupted, is_raised=True, level=logging.ERROR),
    Ending((Exception,), _failed, level=logging.ERROR),
)
"""The first row that fits counts. A training that `TimeIsOver` ended has a result of its own, see `without_time`."""


def ending_of(error: Exception) -> Ending:
    """The row of `ENDINGS` that fits an exception."""
    return next(ending for ending in ENDINGS if isinstance(error, ending.errors))
