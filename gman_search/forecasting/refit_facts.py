"""What a refitted model says of itself: what it was trained on, and what nobody has measured (pure)."""

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RefitFacts"]


class RefitFacts(BaseModel):
    """Facts of a refit; extra keys are kept.

    `first` and `until` are the times of the first and the last reading. `windows` were trained on, of which the tested
    model had not been trained on `new_windows`. `steps` has the training steps of each refitted GMAN by name; 0 for one
    whose weights stayed. `tested_mae` is the tested model's mean MAE on the test part, in the data's unit.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    first: str
    until: str
    windows: int = Field(ge=1)
    new_windows: int = Field(ge=0)
    tested_mae: float | None = None
    steps: dict[str, int] = Field(default_factory=dict)

    def sentence(self, unit: str) -> str:
        """What it is and what is not measured."""
        had = "" if self.tested_mae is None else f"; the tested model had {self.tested_mae:.3f} {unit} on the test part"
        return f"refitted: trained on all readings up to {self.until}; its error is not measured{had}"

    @property
    def unchanged(self) -> str:
        """What the refit took over from the tested model."""
        return "ensemble weights, interval widths and the scaler are those chosen before, on the validation part"
