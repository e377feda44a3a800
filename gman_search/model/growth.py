"""Growing a trained GMAN into a bigger one that computes the same function (pure numpy).

Every kernel is embedded block-triangularly: old outputs read old inputs exactly as before and nothing else, new outputs
start at random and read everything. There is no normaliser across channels in GMAN, so old channels do not notice the
new ones, in evaluation and in training mode alike. Three places need more than that:

- A head that gets wider divides its scores by sqrt(d') instead of sqrt(d). Gamma AND beta of queries and keys are
  multiplied by (d'/d)^(1/4) each: ReLU is positively homogeneous. (On the kernel BN would divide the factor away.)
- New key channels inside an old head must not change its scores. Zeroing them would kill them for ever behind ReLU
  (relu'(0) = 0). They are made CONSTANT instead: gamma 0, beta c > 0 adds the same number to the scores of all keys,
  which softmax ignores, and gamma has a gradient.
- A new block adds nothing: the last linear layer of its residual branch is zero. So it may stand anywhere.
- Shortcuts that the small model does not have add nothing: they begin at zero, where their gradient is not.

Adam's moments are gradients' means, and embedded by the same map: where a parameter was multiplied by s its gradient is
divided by s, so the first moment is divided by s and the second by s^2; what is new begins at zero.

Sources: Net2Net (Chen et al. 2016), composable function-preserving expansions (Gesmundo and Maile 2023); the constant
keys are ours, for ReLU behind BN.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gman_search.errors import UsageError
from gman_search.model.channel_layout import axes_of, block_of, layout_of
from gman_search.model.shortcut_weights import has_shortcuts, is_shortcut

__all__ = ["NEW_KEY_CONSTANT", "Growth", "GrowthRules", "grow", "grow_moments", "kept_elements"]

NEW_KEY_CONSTANT = 0.5
Shape = tuple[int, int, int]
Weights = Mapping[str, NDArray[np.floating]]


class GrowthRules(BaseModel):
    """What is a choice when a model grows, and how its training begins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    new_blocks: Literal["random", "copy"] = Field(
        default="random", description="inside of new blocks: random, or a copy of the old block before them"
    )
    new_block_position: Literal["end", "spread"] = Field(
        default="end", description="new blocks stand after all old ones, or spread evenly between them"
    )
    optimizer_state: Literal["fresh", "carry"] = Field(
        default="fresh", description="Adam begins afresh, or with the smaller model's moments"
    )
    calibration_steps: int = Field(
        default=0, ge=0, le=1000, description="batches over which BN statistics are averaged before the first step"
    )
    lr_multiplier: float = Field(default=1.0, gt=0, le=10, description="factor of the learning rate of a grown model")
    new_weight_lr_multiplier: float = Field(
        default=3.0, gt=0, le=10, description="factor of the learning rate of those weights of it that are new"
    )


@dataclass(frozen=True)
class Growth:
    """Grown weights and what they took over: `inherited[name]` is the number of old elements kept in a tensor."""

    weights: dict[str, NDArray[np.floating]]
    inherited: dict[str, int]

    @property
    def share(self) -> float:
        """Share of the big model's elements that come from the small one."""
        return sum(self.inherited.values()) / sum(tensor.size for tensor in self.weights.values())


def grow(
    small: Weights,
    fresh: Weights,
    old: Shape,
    new: Shape,
    rules: GrowthRules = GrowthRules(),  # noqa: B008
) -> Growth:
    """Weights of shape `new` = (L', K', d') that compute the function of `small`, of shape `old` = (L, K, d).

    Args:
        small: the trained weights, by name.
        fresh: newly initialised weights of the big model, by name; they fill what is new.
        old: L, K, d of `small`.
        new: L', K', d', none smaller.
        rules: where new blocks stand and what they compute inside; their last layer starts at zero in any case.

    Raises:
        UsageError: where a size would shrink, a tensor does not fit the shapes given, or only `small` has shortcuts.
    """
    gains = not has_shortcuts(small)
    if has_shortcuts(small) and not has_shortcuts(fresh):
        raise UsageError(
            "weights with shortcuts only grow into a model with shortcuts: "
            "expected model.shortcuts = true; received false"
        )
    if any(after < before for before, after in zip(old, new, strict=True)):
        raise UsageError(f"weights only grow: expected (L, K, d) of at least {old}, received {new}")
    grown: dict[str, NDArray[np.floating]] = {}
    inherited: dict[str, int] = {}
    for name, start in fresh.items():
        source, is_new_block = _source(name, old[0], new[0], rules.new_block_position)
        if gains and is_shortcut(name):
            grown[name], inherited[name] = np.zeros_like(start), 0
            continue
        if is_new_block and rules.new_blocks == "random":
            grown[name], inherited[name] = start.copy(), 0
        else:
            if source not in small:
                raise UsageError(f"expected a tensor {source} in the smaller model's weights; it has none of that name")
            grown[name], inherited[name] = _embedded(name, np.asarray(small[source]), start, old, new)
        layout = layout_of(name)
        if is_new_block and layout is not None and layout.ends_residual:
            grown[name] = np.zeros_like(start)
            inherited[name] = 0
    return Growth(grown, inherited)


def grow_moments(
    small: Weights, names: Mapping[str, tuple[int, ...]], old: Shape, new: Shape, rules: GrowthRules, *, power: int
) -> dict[str, NDArray[np.floating]]:
    """One of Adam's moments for the grown model; what is new has none.

    Args:
        small: the moment of the smaller model's parameters, by name.
        names: shapes of the big model's parameters, by name.
        old, new, rules: as they were grown.
        power: 1 for the first moment, 2 for the second; 0 for what tells which elements have moments at all.
    """
    grown = {}
    for name, shape in names.items():
        source, is_new_block = _source(name, old[0], new[0], rules.new_block_position)
        start = np.zeros(shape, dtype=np.float32)
        if not is_new_block and (source in small or not is_shortcut(name)):
            start, _ = _embedded(name, np.asarray(small[source]), start, old, new, power=-power, new_key=0.0)
        grown[name] = start
    return grown


def kept_elements(
    names: Mapping[str, tuple[int, ...]], old: Shape, new: Shape, rules: GrowthRules, *, gains_shortcuts: bool = False
) -> dict[str, NDArray[np.bool_]]:
    """Which elements of every tensor of the grown model come from the smaller one; a copied block is new.

    Args:
        names: shapes of the big model's parameters, by name.
        old, new, rules: as they were grown.
        gains_shortcuts: whether the smaller model had no shortcuts, so that those of the big one are new.
    """
    kept = {}
    for name, shape in names.items():
        kept[name] = np.zeros(shape, dtype=bool)
        is_new = _source(name, old[0], new[0], rules.new_block_position)[1] or (gains_shortcuts and is_shortcut(name))
        if not is_new:
            indices = [_kept(parts, size, old, new) for parts, size in zip(_parts(name), shape, strict=True)]
            kept[name][np.ix_(*indices)] = True
    return kept


def _source(name: str, blocks: int, of: int, insert: str) -> tuple[str, bool]:
    """Name of the old tensor that `name` grows from, and whether it belongs to a new block.

    A new block's source is the old block before it.
    """
    block = block_of(name)
    if block is None:
        return name, False
    index = block.number
    if insert == "end":
        source, is_new = min(index, blocks - 1), index >= blocks
    else:
        source = index * blocks // of
        is_new = index > 0 and source == (index - 1) * blocks // of
    return block.of_block(source), is_new


def _embedded(
    name: str,
    small: NDArray[np.floating],
    fresh: NDArray[np.floating],
    old: Shape,
    new: Shape,
    *,
    power: int = 1,
    new_key: float = NEW_KEY_CONSTANT,
) -> tuple[NDArray[np.floating], int]:
    indices = [_kept(parts, size, old, new) for parts, size in zip(_parts(name), fresh.shape, strict=True)]
    if tuple(len(index) for index in indices) != small.shape:
        raise UsageError(
            f"tensor {name}: expected shape {tuple(len(index) for index in indices)} for (L, K, d) = {old}, "
            f"received {small.shape}"
        )
    big = fresh.copy()
    if big.ndim == 2:
        # Old outputs must not read new inputs.
        big[:, indices[1]] = 0.0
        big[np.ix_(*indices)] = small
        return big, int(small.size)
    big[indices[0]] = small
    if name.endswith(("/gamma", "/beta")):
        _keep_scores(name, big, old, new, power, new_key)
    return big, int(small.size)


def _keep_scores(name: str, vector: NDArray[np.floating], old: Shape, new: Shape, power: int, new_key: float) -> None:
    """Rescale queries and keys of old heads and make their new key channels constant (in place)."""
    layout = layout_of(name)
    if layout is None:
        return
    factor = (new[2] / old[2]) ** (0.25 * power)
    by_head = vector.reshape(-1, new[1], new[2])  # (parts, K', d'), a view
    by_head[[*layout.queries, *layout.keys], : old[1], : old[2]] *= factor
    for part in layout.keys:
        by_head[part, : old[1], old[2] :] = 0.0 if name.endswith("/gamma") else new_key


def _parts(name: str) -> tuple[int, ...]:
    """How many runs of D channels each axis of a tensor holds, as its layer declares; 0 for one that does not grow."""
    return axes_of(name)


def _kept(parts: int, size: int, old: Shape, new: Shape) -> NDArray[np.intp]:
    """Positions of the old channels on an axis of the big tensor: head k, channel j stays head k, channel j."""
    if parts == 0:
        return np.arange(size)
    part, head, channel = np.ogrid[:parts, : old[1], : old[2]]
    kept: NDArray[np.intp] = (part * new[1] * new[2] + head * new[2] + channel).reshape(-1)
    return kept
