"""Setting TensorFlow up for one process, before it trains."""

import tensorflow as tf

__all__ = ["prepare_device"]


def prepare_device(seed: int) -> None:
    """Repeatable kernels, and no more GPU memory than needed.

    Same seed, same machine, same number of threads (set in the environment, see `worker_process`): same result.
    """
    for device in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(device, True)
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
