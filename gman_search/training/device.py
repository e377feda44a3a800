"""Setting TensorFlow up for one process, before it trains."""

import tensorflow as tf

__all__ = ["prepare_device"]


def prepare_device(seed: int, worker: int = 0) -> None:
    """Repeatable kernels, one GPU for each worker, and no more of its memory than needed.

    Worker 0 takes the first GPU, worker 1 the second; with more workers than GPUs they share. Same seed, same machine,
    same number of threads (see `prepare_environment`): same result.
    """
    devices = tf.config.list_physical_devices("GPU")
    if devices:
        mine = devices[worker % len(devices)]
        tf.config.set_visible_devices([mine], "GPU")
        tf.config.experimental.set_memory_growth(mine, True)
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
