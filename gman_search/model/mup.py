"""Learning rates that stay right when the model gets wider: maximal update parametrisation, for Adam (pure).

Adam moves every weight by about the rate, whatever the gradient. A kernel that reads D channels adds D such moves to
each of its outputs, so its rate must fall as 1/D to change them by as much in a wide model as in a narrow one. Kernels
that read the inputs or the embedding, biases and BN's gamma and beta have no sum that grows with D, and keep their rate
(Yang et al. 2022, "Tensor Programs V", table 8; the output layer has no multiplier here, so its rate falls too).

Left as the original has it: scores divided by sqrt(d), not d, and glorot-uniform kernels.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gman_search.model.channel_layout import reads_channels

__all__ = ["rate_factors"]


def rate_factors(
    names: Iterable[str], sizes: Iterable[int], *, width: int, base_width: int | None
) -> NDArray[np.float32]:
    """Factor of the learning rate for every element of the flat parameter vector.

    Args:
        names: of the tensors, in the order of the vector.
        sizes: their numbers of elements.
        width: D of the model.
        base_width: D at which the rate was chosen; None: all tensors have the same rate.
    """
    hidden = 1.0 if base_width is None else base_width / width
    factors = [
        np.full(size, hidden if reads_channels(name) else 1.0, dtype=np.float32)
        for name, size in zip(names, sizes, strict=True)
    ]
    return np.concatenate(factors)
