"""The search space: which hyperparameters are searched, over which values, and the guide's own choice.

Everything is expressed at quick scale. `default` is the value of the guide's preset: the config made of all defaults
is the first one every study tries, so that a search can never end worse than the guide without saying so.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gman_search.stages import PRESETS

__all__ = ["Choice", "FloatRange", "IntRange", "ParamValue", "SearchSpace"]

ParamValue = float | int | bool | str

# What each hyperparameter can be: whole numbers only, smallest and largest value, and whether these are excluded.
_LIMITS: dict[str, tuple[bool, float, float, bool]] = {
    "learning_rate": (False, 0.0, 10.0, True),
    "decay_epoch": (False, 0.0, 1e6, True),
    "decay_rate": (False, 0.0, 1.0 + 1e-9, True),
    "batch_size": (True, 1, 65536, False),
    "dropout": (False, 0.0, 1.0 - 1e-9, False),
    "weight_decay": (False, 0.0, 10.0, False),
    "clip_norm": (False, 0.0, 1e9, False),
    "bn_momentum": (False, 0.0, 1.0 - 1e-9, False),
    "L": (True, 1, 64, False),
    "K": (True, 1, 256, False),
    "d": (True, 1, 1024, False),
}


def _check_range(low: float, high: float, default: float, log: bool) -> None:
    if low > high:
        raise ValueError(f"expected low <= high, received low={low} and high={high}")
    if not low <= default <= high:
        raise ValueError(f"expected a default within [{low}, {high}], received {default}")
    if log and low <= 0:
        raise ValueError(f"a logarithmic range needs low > 0, received low={low}")


class FloatRange(BaseModel):
    """A real interval, searched linearly or logarithmically."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["float"] = "float"
    low: float
    high: float
    log: bool = False
    default: float

    @model_validator(mode="after")
    def _ordered(self) -> "FloatRange":
        _check_range(self.low, self.high, self.default, self.log)
        return self


class IntRange(BaseModel):
    """A whole-number interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["int"] = "int"
    low: int
    high: int
    log: bool = False
    default: int

    @model_validator(mode="after")
    def _ordered(self) -> "IntRange":
        _check_range(self.low, self.high, self.default, self.log)
        return self


class Choice(BaseModel):
    """A short list of values without an order the sampler should use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["choice"] = "choice"
    choices: tuple[bool | int | float | str, ...] = Field(min_length=1)
    default: bool | int | float | str

    @model_validator(mode="after")
    def _default_is_a_choice(self) -> "Choice":
        if self.default not in self.choices:
            raise ValueError(f"expected a default among {list(self.choices)}, received {self.default!r}")
        return self


Dimension = Annotated[FloatRange | IntRange | Choice, Field(discriminator="kind")]


class SearchSpace(BaseModel):
    """All hyperparameters of a config. A dimension with a single value is fixed and not searched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: Dimension = Field(
        default=FloatRange(low=5e-4, high=2e-2, log=True, default=2e-3),
        description="Adam's learning rate at quick scale",
    )
    decay_epoch: Dimension = Field(
        default=IntRange(low=3, high=20, default=10), description="epochs between two decays, at quick scale"
    )
    decay_rate: Dimension = Field(
        default=FloatRange(low=0.5, high=0.95, default=0.7), description="factor of one staircase decay"
    )
    batch_size: Dimension = Field(
        default=Choice(choices=(16, 32, 64), default=32), description="windows a step, at quick scale"
    )
    dropout: Dimension = Field(
        default=FloatRange(low=0.0, high=0.3, default=0.1), description="rate before each of the two output layers"
    )
    weight_decay: Dimension = Field(
        default=Choice(choices=(0.0, 1e-5, 1e-4, 1e-3), default=0.0), description="decoupled weight decay"
    )
    clip_norm: Dimension = Field(
        default=Choice(choices=(0.0, 1.0, 5.0), default=0.0), description="global gradient norm limit; 0 is none"
    )
    causal: Dimension = Field(
        default=Choice(choices=(True, False), default=True),
        description="causal mask in temporal attention (on in the original's METR variant, off in its PeMS variant)",
    )
    bn_momentum: Dimension = Field(
        default=FloatRange(low=0.8, high=0.99, default=0.99), description="momentum of the moving BN statistics"
    )
    L: Dimension | None = Field(default=None, description="ST-attention blocks at quick scale; none: the stage's")
    K: Dimension | None = Field(default=None, description="attention heads at quick scale; none: the stage's")
    d: Dimension | None = Field(default=None, description="channels of a head at quick scale; none: the stage's")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, raw: Any) -> Any:
        """Let TOML say `dropout = 0.1` (fixed) or give only the bounds that differ from the default dimension."""
        if not isinstance(raw, Mapping):
            return raw
        full: dict[str, Any] = {}
        for name, given in raw.items():
            field = cls.model_fields.get(name)
            if isinstance(given, bool | int | float | str):
                full[name] = Choice(choices=(given,), default=given)
            elif isinstance(given, Mapping) and "kind" not in given and field is not None:
                guide = field.default or _stage_size(name)
                full[name] = _completed(dict(given), guide)
            else:
                full[name] = given
        return full

    @model_validator(mode="after")
    def _possible_values(self) -> "SearchSpace":
        for name, dimension in self.dimensions().items():
            if isinstance(dimension, Choice):
                values: tuple[Any, ...] = dimension.choices
            else:
                values = (dimension.low, dimension.high)
            for value in values:
                _check_value(name, value)
        return self

    def dimensions(self) -> dict[str, FloatRange | IntRange | Choice]:
        """The dimensions that are part of this study, in a fixed order."""
        named = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: dimension for name, dimension in named.items() if dimension is not None}

    def preset(self) -> dict[str, ParamValue]:
        """The guide's own config: every dimension at its default."""
        return {name: dimension.default for name, dimension in self.dimensions().items()}


def _check_value(name: str, value: Any) -> None:
    if name == "causal":
        if not isinstance(value, bool):
            raise ValueError(f"{name}: expected true or false, received {value!r}")
        return
    whole, low, high, excluded = _LIMITS[name]
    kind = "a whole number" if whole else "a number"
    if isinstance(value, bool | str) or not isfinite(value) or (whole and value != int(value)):
        raise ValueError(f"{name}: expected {kind}, received {value!r}")
    if not low <= value <= high or (excluded and value in (low, high)):
        bound = "above" if excluded else "from"
        raise ValueError(f"{name}: expected {kind} {bound} {low:g} up to {high:g}, received {value!r}")


def _stage_size(name: str) -> IntRange:
    size = getattr(PRESETS["quick"], name)
    return IntRange(low=size, high=size, default=size)


def _completed(given: dict[str, Any], default: Any) -> dict[str, Any]:
    if "choices" in given:
        choices = given["choices"]
        kept = getattr(default, "default", None)
        given.setdefault("default", kept if kept in choices else choices[0] if choices else None)
        return {"kind": "choice", **given}
    whole = all(isinstance(given.get(bound, 0), int) for bound in ("low", "high"))
    base: dict[str, Any] = {"kind": "int" if whole else "float"}
    if isinstance(default, FloatRange | IntRange):
        base = default.model_dump()
    merged = {**base, **given}
    if "default" not in given and {"low", "high"} <= merged.keys():
        # A narrowed range keeps the guide's value where it can and else takes the nearest bound.
        merged["default"] = min(max(base.get("default", merged["low"]), merged["low"]), merged["high"])
    return merged
