"""What TensorBoard shows of an evaluation: a scalar an epoch, and its hyperparameters (HParams)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from gman_search.record import Epoch
from gman_search.training.job import Job

__all__ = ["epoch_log"]


@contextmanager
def epoch_log(job: Job) -> Iterator[Callable[[Epoch], None]]:
    """A function that writes an epoch below `job.logs`, or does nothing where that is none.

    Attempts of one evaluation are one group of sessions in the HParams tab, whose columns sort and filter them.
    """
    if job.logs is None:
        yield lambda epoch: None
        return
    writer = tf.summary.create_file_writer(str(job.logs))
    settings = {name: value for name, value in job.hyperparameters.to_dict().items() if _is_plain(value)}
    with writer.as_default(step=0):
        hparams.hparams({"stage": job.stage, **settings}, trial_id=f"{job.stage}/{job.config_id}")

    def log(epoch: Epoch) -> None:
        with writer.as_default(step=epoch.epoch):
            if epoch.train_mae is not None:
                tf.summary.scalar("train_mae", epoch.train_mae)
            tf.summary.scalar("val_mae", epoch.val_mae)
            tf.summary.scalar("learning_rate", epoch.learning_rate)
        writer.flush()

    try:
        yield log
    finally:
        writer.close()


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str)
