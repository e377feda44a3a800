"""What TensorBoard shows of an evaluation: a scalar an epoch, and its hyperparameters (HParams)."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from gman_search.record import Epoch
from gman_search.training.job import Job

__all__ = ["tensorboard_log"]

log = logging.getLogger(__name__)


@contextmanager
def tensorboard_log(job: Job) -> Iterator[Callable[[Epoch], None]]:
    """A function that writes an epoch below `job.logs`, or does nothing where that is none.

    Attempts of one evaluation are one group of sessions in the HParams tab, whose columns sort and filter them.
    Logs are no results: what goes wrong with them, a full disk above all, ends the logging and not the evaluation.
    """
    writer = None if job.logs is None else _unless_it_fails(job, lambda: _opened(job))

    def write(epoch: Epoch) -> None:
        nonlocal writer
        if writer is not None:
            writer = _unless_it_fails(job, lambda: _written(writer, epoch))

    try:
        yield write
    finally:
        if writer is not None:
            _unless_it_fails(job, writer.close)


def _unless_it_fails(job: Job, action: Callable[[], Any]) -> Any:
    try:
        return action()
    except (tf.errors.OpError, OSError) as error:
        text = " ".join(str(error).split())[:200]
        log.warning("no more TensorBoard logs of %s/%d: %s", job.stage, job.config_id, text)
        return None


def _opened(job: Job) -> Any:
    writer = tf.summary.create_file_writer(str(job.logs))
    settings = {name: value for name, value in job.hyperparameters.to_dict().items() if _is_plain(value)}
    with writer.as_default(step=0):
        hparams.hparams({"stage": job.stage, **settings}, trial_id=f"{job.stage}/{job.config_id}")
    return writer


def _written(writer: Any, epoch: Epoch) -> Any:
    with writer.as_default(step=epoch.epoch):
        if epoch.train_mae is not None:
            tf.summary.scalar("train_mae", epoch.train_mae)
        tf.summary.scalar("val_mae", epoch.val_mae)
        tf.summary.scalar("learning_rate", epoch.learning_rate)
    writer.flush()
    return writer


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str)
