"""The three stages of a search and their presets.

A stage fixes the size of the model (L blocks, K heads of d channels, as in the GMAN paper) and the budget of one
evaluation. Hyperparameters that depend on the stage (learning rate, decay epoch, batch size) are searched at the scale
of the guide's quick stage and carried to each stage by its ratio to that, so that one config means the same everywhere.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["BUDGETS", "PRESETS", "Stage", "StageOverrides", "budget_stages"]


class Stage(BaseModel):
    """Size of the model and budget of one evaluation at this stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="quick, medium or full")
    L: int = Field(ge=1, description="number of ST-attention blocks in the encoder, and again in the decoder")
    K: int = Field(ge=1, description="number of attention heads")
    d: int = Field(ge=1, description="channels of one head; the model is D = K*d channels wide")
    batch_size: int = Field(ge=1, description="windows in one training step")
    max_epochs: int = Field(ge=1, description="epochs after which an evaluation ends at the latest")
    steps_per_epoch: int | None = Field(
        default=None, ge=1, description="steps of an epoch, at this stage's batch_size; none: one pass over all windows"
    )
    learning_rate: float = Field(gt=0, description="the guide's Adam learning rate at this stage")
    decay_epoch: float = Field(gt=0, description="epochs between two learning-rate decays; fractions are steps")
    patience: int = Field(default=10, ge=1, description="epochs without a better validation MAE before stopping")
    warmup_steps: int = Field(default=20, ge=0, description="steps over which the learning rate rises after growth")
    bn_momentum_rule: Literal["counted", "original", "constant"] = Field(
        default="counted", description="how the momentum of the BN statistics rises to the config's bn_momentum"
    )
    xla: Literal["auto", "on", "off"] = Field(default="auto", description="compile the step with XLA")
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="of products and activations in training; the lower ones are for GPUs"
    )

    @property
    def D(self) -> int:
        """Width of the model: K*d channels."""
        return self.K * self.d

    @property
    def log_folder(self) -> str:
        """TensorBoard folder of the stage, as in the three-stage guide."""
        return "fit" if self.name == "full" else f"fit_{self.name}"


class StageOverrides(BaseModel):
    """The same fields, all optional: what a TOML file or a flag may change of a preset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    L: int | None = Field(default=None, ge=1)
    K: int | None = Field(default=None, ge=1)
    d: int | None = Field(default=None, ge=1)
    batch_size: int | None = Field(default=None, ge=1)
    max_epochs: int | None = Field(default=None, ge=1)
    steps_per_epoch: int | None = Field(default=None, ge=1)
    learning_rate: float | None = Field(default=None, gt=0)
    decay_epoch: float | None = Field(default=None, gt=0)
    patience: int | None = Field(default=None, ge=1)
    warmup_steps: int | None = Field(default=None, ge=0)
    bn_momentum_rule: Literal["counted", "original", "constant"] | None = None
    xla: Literal["auto", "on", "off"] | None = None
    precision: Literal["float32", "bfloat16", "float16"] | None = None

    def apply(self, preset: Stage) -> Stage:
        """The preset with every field that is set here replaced."""
        return preset.model_copy(update=self.model_dump(exclude_none=True))


PRESETS: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage(
            name="quick", L=2, K=4, d=4, batch_size=32, max_epochs=50, learning_rate=0.002, decay_epoch=10, xla="off"
        ),
        Stage(name="medium", L=3, K=6, d=6, batch_size=24, max_epochs=80, learning_rate=0.0015, decay_epoch=8),
        Stage(name="full", L=5, K=8, d=8, batch_size=12, max_epochs=100, learning_rate=0.001, decay_epoch=5),
    )
}

BUDGETS: dict[str, dict[str, StageOverrides]] = {
    # The guide's epochs, each one pass over all training windows: for a GPU.
    "guide": {},
    # The same models on two CPU cores in minutes. Decay epochs shrink exactly as the epochs do (10 of 50, 8 of 80,
    # 5 of 100), so the learning rate goes through the guide's whole schedule in the shorter time.
    "laptop": {
        "quick": StageOverrides(max_epochs=5, steps_per_epoch=16, decay_epoch=1.0, patience=5),
        "medium": StageOverrides(max_epochs=6, steps_per_epoch=16, decay_epoch=0.6, patience=6),
        "full": StageOverrides(max_epochs=8, steps_per_epoch=20, decay_epoch=0.4, patience=8),
    },
}
BUDGETS["auto"] = BUDGETS["laptop"]


def budget_stages(budget: str, scale: float = 1.0) -> tuple[Stage, ...]:
    """The stages of a budget from small to large.

    Args:
        budget: a key of BUDGETS.
        scale: training steps of each stage as a multiple of the laptop's, for `auto`. More steps are more epochs and
            longer ones alike, with at most the guide's epochs; the learning rate goes through its whole schedule.

    Example:
        >>> [(stage.max_epochs, stage.steps_per_epoch) for stage in budget_stages("auto", 4.0)]
        [(10, 32), (12, 32), (16, 40)]
    """
    return tuple(
        _scaled(BUDGETS[budget].get(name, StageOverrides()).apply(guide), guide, scale if budget == "auto" else 1.0)
        for name, guide in PRESETS.items()
    )


def _scaled(stage: Stage, guide: Stage, scale: float) -> Stage:
    if scale == 1.0 or stage.steps_per_epoch is None:
        return stage
    epochs = min(guide.max_epochs, max(1, round(stage.max_epochs * scale**0.5)))
    return stage.model_copy(
        update={
            "max_epochs": epochs,
            "steps_per_epoch": max(1, round(scale * stage.max_epochs * stage.steps_per_epoch / epochs)),
            "decay_epoch": guide.decay_epoch * epochs / guide.max_epochs,
            "patience": min(epochs, max(stage.patience, guide.patience)),
        }
    )
