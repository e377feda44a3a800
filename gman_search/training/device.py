"""Setting TensorFlow up for one process, before its first operation."""

import tensorflow as tf

__all__ = ["prepare_device"]


def prepare_device(threads: int | None, seed: int) -> None:
    """Use `threads` CPU threads, repeatable kernels, and no more GPU memory than needed.

    Same seed, same machine, same number of threads: same result.
    """
    if threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    for device in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(device, True)
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
