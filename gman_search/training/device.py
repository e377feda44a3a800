"""Setting TensorFlow up for one process, before it trains."""

import tensorflow as tf

from gman_search.gpus import use_one_gpu

__all__ = ["prepare_device"]


def prepare_device(seed: int, worker: int = 0) -> None:
    """Repeatable kernels, one GPU for each worker (see `use_one_gpu`), and no more of its memory than needed.

    Same seed, same machine, same number of threads (see `prepare_environment`): same result.
    """
    use_one_gpu(worker)
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
