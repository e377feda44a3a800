"""From one config to the hyperparameters of one stage.

A config is expressed at the scale of the guide's quick stage. It says, for instance, learning rate 0.004: twice the
guide's. At medium it is then twice the medium stage's 0.0015. Batch size and decay epoch follow the same rule, and so
do sizes (L, K, d) where they are searched. The guide's own config therefore trains every stage at exactly its preset.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from gman_search.space import ParamValue
from gman_search.stages import PRESETS, Stage

__all__ = ["Hyperparameters", "at_stage"]


@dataclass(frozen=True)
class Hyperparameters:
    """All that one evaluation trains with. Rates are per step, epochs count within the stage.

    `windows_per_epoch` is None for one pass over all training windows; it does not depend on the batch size, so that
    configs with small and large batches see equally many windows. `base_width` is the model's width D at which the
    learning rate was chosen, where the tensors have rates of their own by width (see `model.mup`).
    `shortcuts` leads the last reading and usual values past the network (see `model.gman`). `anneal` is the share of
    the epochs at the end in which the rate falls to 0.
    """

    L: int
    K: int
    d: int
    learning_rate: float
    decay_epoch: float
    decay_rate: float
    batch_size: int
    dropout: float
    weight_decay: float
    clip_norm: float
    causal: bool
    bn_momentum: float
    max_epochs: int
    windows_per_epoch: int | None
    patience: int
    warmup_steps: int
    bn_momentum_rule: Literal["counted", "original", "constant"] = "counted"
    base_width: int | None = None
    shortcuts: bool = False
    anneal: float = 0.0

    @property
    def shape(self) -> tuple[int, int, int]:
        """(L, K, d)."""
        return self.L, self.K, self.d

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def at_stage(
    params: Mapping[str, ParamValue], stage: Stage, *, learning_rate_rule: str = "preset", shortcuts: bool = False
) -> Hyperparameters:
    """Hyperparameters of a config at `stage`.

    `learning_rate_rule` "preset" carries the rate by the ratio of the guide's rates, "mup" leaves it and lowers it for
    kernels that get wider, "none" leaves it for all.
    """
    quick = PRESETS["quick"]

    def scaled(name: str, ratio: float) -> int:
        return max(1, round(float(params[name]) * ratio))

    rate_ratio = stage.learning_rate / quick.learning_rate if learning_rate_rule == "preset" else 1.0
    return Hyperparameters(
        L=scaled("L", stage.L / quick.L) if "L" in params else stage.L,
        K=scaled("K", stage.K / quick.K) if "K" in params else stage.K,
        d=scaled("d", stage.d / quick.d) if "d" in params else stage.d,
        learning_rate=float(params["learning_rate"]) * rate_ratio,
        decay_epoch=float(params["decay_epoch"]) * stage.decay_epoch / quick.decay_epoch,
        decay_rate=float(params["decay_rate"]),
        batch_size=scaled("batch_size", stage.batch_size / quick.batch_size),
        dropout=float(params["dropout"]),
        weight_decay=float(params["weight_decay"]),
        clip_norm=float(params["clip_norm"]),
        causal=bool(params["causal"]),
        bn_momentum=float(params["bn_momentum"]),
        max_epochs=stage.max_epochs,
        windows_per_epoch=None if stage.steps_per_epoch is None else stage.steps_per_epoch * stage.batch_size,
        patience=stage.patience,
        warmup_steps=stage.warmup_steps,
        bn_momentum_rule=stage.bn_momentum_rule,
        base_width=quick.D if learning_rate_rule == "mup" else None,
        shortcuts=shortcuts,
    )
