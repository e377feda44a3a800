"""What each tensor of a GMAN holds on its axes, declared layer by layer (pure).

The width of the model is D = K*d: K heads of d channels, head by head. An axis is either made of runs of D channels,
and grows with the model, or it is something else: readings, calendar categories, the embedding, the forecast. The
layers (`model.gman`), the shapes of the weights, growth, initial values and learning rates by width all read the
declarations below. A new layer is declared here once.
"""

import re
from dataclasses import dataclass

from gman_search.errors import UsageError
from gman_search.model.shortcut_weights import COEFFICIENTS_NAME, SHORTCUTS, WINDOW_NAME

__all__ = [
    "BETWEEN_GROUPS",
    "BLOCK",
    "NETWORK",
    "BlockName",
    "ProjectionLayout",
    "axes_of",
    "block_of",
    "layer_layout",
    "layout_of",
    "reads_channels",
]

BETWEEN_GROUPS = "between_groups"
_BLOCK_NAME = re.compile(r"(encoder|decoder)_(\d+)/(.+)")


@dataclass(frozen=True)
class ProjectionLayout:
    """One projection `x W + b`, with BN and ReLU if `activated`.

    Args:
        inputs: runs of D channels that it reads, from the residual stream or behind it; 0: it reads something else.
        outputs: runs of D channels that it writes, each a projection with its own fan-out; 0: it writes the forecast.
        activated: whether BN and ReLU follow.
        bias: whether it has one.
        queries: which of its outputs are queries of attention, whose scores are divided by sqrt(d).
        keys: which of its outputs are keys.
        ends_residual: whether it is the last layer of a residual branch. At zero, its block adds nothing.
    """

    inputs: int = 1
    outputs: int = 1
    activated: bool = False
    bias: bool = True
    queries: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    ends_residual: bool = False

    @property
    def parts(self) -> int:
        """Projections of equal width that lie next to each other in the kernel."""
        return max(1, self.outputs)

    def axes(self, role: str) -> tuple[int, ...]:
        """Runs of D channels on each axis of its tensor `role`, kernel, bias, gamma and so on; 0: it does not grow."""
        return (self.inputs, self.outputs) if role == "kernel" else (self.outputs,)


@dataclass(frozen=True)
class BlockName:
    """A tensor or layer `rest` of block `number` of the encoder or decoder."""

    part: str
    number: int
    rest: str

    def of_block(self, number: int) -> str:
        """The name of the same tensor of another block."""
        return f"{self.part}_{number}/{self.rest}"


def _pair(name: str, *, inputs: int = 1, outputs: int = 1, ends_residual: bool = False) -> dict[str, ProjectionLayout]:
    """Two projections: BN and ReLU after the first, the second linear."""
    return {
        f"{name}/first": ProjectionLayout(inputs, activated=True),
        f"{name}/second": ProjectionLayout(outputs=outputs, ends_residual=ends_residual),
    }


BLOCK: dict[str, ProjectionLayout] = {
    # Queries, keys and values over sensors, then those over steps, of concat(x, STE).
    "qkv": ProjectionLayout(inputs=2, outputs=6, activated=True, queries=(0, 3), keys=(1, 4)),
    BETWEEN_GROUPS: ProjectionLayout(outputs=3, activated=True, queries=(0,), keys=(1,)),
    **_pair("spatial_output"),
    **_pair("temporal_output"),
    "spatial_gate": ProjectionLayout(bias=False),
    "temporal_gate": ProjectionLayout(),
    **_pair("fusion_output", ends_residual=True),
}
"""Layers of an ST-attention block, by name within it; `BETWEEN_GROUPS` exists with group attention only."""

NETWORK: dict[str, ProjectionLayout] = {
    **_pair("st_embedding/spatial", inputs=0),
    **_pair("st_embedding/temporal", inputs=0),
    **_pair("input", inputs=0),
    "transform/query": ProjectionLayout(activated=True, queries=(0,)),
    "transform/key": ProjectionLayout(activated=True, keys=(0,)),
    "transform/value": ProjectionLayout(activated=True),
    **_pair("transform/output"),
    **_pair("output", outputs=0),
    f"{SHORTCUTS}/projection": ProjectionLayout(inputs=0),
}
"""Layers outside of blocks, by name."""

_OTHER_AXES = {COEFFICIENTS_NAME: (0, 0), WINDOW_NAME: (0, 1)}
"""Tensors that are not part of a projection."""


def block_of(name: str) -> BlockName | None:
    """The block that a tensor or layer belongs to, and its name there; None outside of blocks."""
    match = _BLOCK_NAME.fullmatch(name)
    return None if match is None else BlockName(match[1], int(match[2]), match[3])


def layer_layout(layer: str) -> ProjectionLayout:
    """The declaration of a projection, by its name in the network.

    Raises:
        UsageError: GMAN has no such layer.
    """
    block = block_of(layer)
    found = NETWORK.get(layer) if block is None else BLOCK.get(block.rest)
    if found is None:
        raise UsageError(f"expected a layer of a GMAN, such as encoder_0/qkv; received {layer!r}")
    return found


def layout_of(tensor: str) -> ProjectionLayout | None:
    """The declaration of the projection that a tensor is part of; None for one that is not part of any.

    Raises:
        UsageError: GMAN has no such tensor.
    """
    return None if tensor in _OTHER_AXES else layer_layout(tensor.rpartition("/")[0])


def axes_of(tensor: str) -> tuple[int, ...]:
    """Runs of D channels on each axis of a tensor; 0 for an axis that does not grow with the model."""
    layout = layout_of(tensor)
    return _OTHER_AXES[tensor] if layout is None else layout.axes(tensor.rpartition("/")[2])


def reads_channels(tensor: str) -> bool:
    """Whether a tensor is a kernel that reads the model's D channels, so that its fan-in grows with the model."""
    return tensor.endswith("/kernel") and axes_of(tensor)[0] > 0
