"""The sizes of a GMAN, the names and shapes of its weights, and the numbers that its definition fixes (pure)."""

from dataclasses import dataclass

from gman_search.model.channel_layout import BETWEEN_GROUPS, BLOCK, NETWORK
from gman_search.model.shortcut_weights import (
    COEFFICIENTS,
    COEFFICIENTS_NAME,
    NUMBERS,
    SHORTCUTS,
    WINDOW_NAME,
    is_shortcut,
)

__all__ = ["BN_EPSILON", "CHUNKED_FROM", "DAYS", "MASKED_LOGIT", "ModelShape", "weight_shapes"]

DAYS = 7
BN_EPSILON = 1e-3
# The original's stand-in for minus infinity; a softmax in any precision makes it 0.
MASKED_LOGIT = -(2.0**15) + 1.0
# From this many sensors on the attention weights of all steps and heads no longer fit the cache, and chunks are faster.
CHUNKED_FROM = 150
# Larger batches are not faster, they only need more memory.
FORECAST_ELEMENTS = 2**23
FORECAST_WINDOWS = 128


@dataclass(frozen=True)
class ModelShape:
    """All sizes: L blocks, K heads of d channels, SE width E, T steps a day, P steps in, Q out, C input channels.

    `groups` G is the number of groups of group spatial attention; 0: every sensor attends to all. `shortcuts` leads
    the last reading and usual values past the network (see `model.shortcuts`); without, it is the original.
    """

    L: int
    K: int
    d: int
    E: int = 64
    T: int = 288
    P: int = 12
    Q: int = 12
    C: int = 1
    groups: int = 0
    shortcuts: bool = False

    @property
    def D(self) -> int:
        """Width of the model, K*d."""
        return self.K * self.d

    def work(self, sensors: int) -> float:
        """Multiplications of one forecast for N `sensors`, about: products over channels and attention over sensors."""
        places, partners = (self.P + self.Q) * sensors, sensors
        if self.groups:
            partners = -(-sensors // self.groups) + self.groups**2 // sensors
        return float(places * self.L * (14 * self.D**2 + 2 * partners * self.D))

    def windows_at_once(self, sensors: int) -> int:
        """How many windows of N `sensors` to forecast in one batch: as many as keep the widest tensor at 32 MB."""
        # Queries, keys and values of one block, or the attention weights where they are whole.
        weights = self.K * sensors**2 if sensors < CHUNKED_FROM and not self.groups else 0
        widest = max(self.P, self.Q) * max(6 * sensors * self.D, weights)
        return min(FORECAST_WINDOWS, max(1, FORECAST_ELEMENTS // widest))


def weight_shapes(shape: ModelShape) -> dict[str, tuple[int, ...]]:
    """Every tensor of a GMAN of these sizes by name, moving statistics of BN included."""
    D = shape.D
    # What a kernel reads where it does not read the model's channels.
    other_inputs = {
        "st_embedding/spatial/first": shape.E,
        "st_embedding/temporal/first": DAYS + shape.T,
        "input/first": shape.C,
        f"{SHORTCUTS}/projection": NUMBERS,
    }
    layers = {name: layout for name, layout in NETWORK.items() if shape.shortcuts or not is_shortcut(name)}
    in_block = {name: layout for name, layout in BLOCK.items() if shape.groups or name != BETWEEN_GROUPS}
    for block in [f"{part}_{number}" for part in ("encoder", "decoder") for number in range(shape.L)]:
        layers |= {f"{block}/{name}": layout for name, layout in in_block.items()}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, layout in layers.items():
        units = layout.outputs * D or 1
        shapes[f"{name}/kernel"] = (layout.inputs * D or other_inputs[name], units)
        normalised = ("gamma", "beta", "moving_mean", "moving_variance") if layout.activated else ()
        for vector in (*(("bias",) if layout.bias else ()), *normalised):
            shapes[f"{name}/{vector}"] = (units,)
    if shape.shortcuts:
        shapes[COEFFICIENTS_NAME] = (shape.Q, COEFFICIENTS)
        shapes[WINDOW_NAME] = (shape.P, D)
    return shapes
