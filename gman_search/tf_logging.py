"""Starting TensorFlow without its start-up chatter on the user's terminal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["start_tensorflow_quietly"]


def start_tensorflow_quietly() -> None:
    """Import TensorFlow and run a first operation while the process's stderr is closed.

    Its native code writes notices there before any setting of log levels is read. Errors still arrive, as exceptions.
    Nothing is done where TensorFlow was imported before. On a machine with GPUs the process takes the first one, and
    its memory as needed: after the first operation neither can be changed.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _stderr_closed():
        import tensorflow as tf

        from gman_search.gpus import use_one_gpu

        use_one_gpu()
        tf.constant(0) + 0


@contextmanager
def _stderr_closed() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
