"""Which GPU a process uses, and that it takes no more of its memory than needed."""

import tensorflow as tf

__all__ = ["use_one_gpu"]


def use_one_gpu(worker: int = 0) -> None:
    """Make one GPU visible, and let its memory grow: otherwise TensorFlow takes nearly all of it at once.

    Worker 0 takes the first GPU, worker 1 the second; with more workers than GPUs they share. Nothing happens without
    a GPU. TensorFlow accepts this before its first operation only; repeating it for the same worker is allowed later.
    """
    devices = tf.config.list_physical_devices("GPU")
    if devices:
        mine = devices[worker % len(devices)]
        tf.config.set_visible_devices([mine], "GPU")
        tf.config.experimental.set_memory_growth(mine, True)
