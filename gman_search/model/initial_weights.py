"""Initial values of the weights by the original's rule: glorot-uniform kernels, zero biases, neutral BN (pure)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gman_search.model.channel_layout import layout_of

__all__ = ["fresh_tensors", "glorot_limit"]


def glorot_limit(inputs: int, outputs: int) -> float:
    """Bound of the uniform distribution from which a kernel (inputs, outputs) is drawn."""
    limit: float = (6.0 / (inputs + outputs)) ** 0.5
    return limit


def fresh_tensors(
    random: np.random.Generator, names: Sequence[str], shapes: Sequence[tuple[int, ...]]
) -> dict[str, NDArray[np.float32]]:
    """Initial values by name; `random` is consumed in the order of `names`."""
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, shape in zip(names, shapes, strict=True):
        layout = layout_of(name)
        if layout is not None and name.endswith("/kernel"):
            # Projections that lie next to each other in one kernel have each their own fan-out.
            limit = glorot_limit(shape[0], shape[1] // layout.parts)
            tensors[name] = random.uniform(-limit, limit, shape).astype(np.float32)
        else:
            tensors[name] = np.full(shape, name.endswith(("gamma", "moving_variance")), dtype=np.float32)
    return tensors
