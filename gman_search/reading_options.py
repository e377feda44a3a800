"""How a file of readings is to be read, where the file alone does not say it (pure)."""

from math import isfinite
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["CHOOSE_CHANNEL", "ReadingOptions"]

CHOOSE_CHANNEL = "choose one with --channel NAME (run and train: --set data.channel=NAME)"
"""What to do about a file of several quantities; ends a message."""


class ReadingOptions(BaseModel):
    """Settings of a study's `[data]` table that decide what a file's cells mean.

    A study keeps them with every model it saves: recent readings must be read as those of the training were.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: str | None = Field(default=None, description="time of the first row where the file has no time column")
    step: str | None = Field(default=None, description="time between rows, such as 5min")
    channel: int | str | None = Field(
        default=None, description="which quantity, by number or name, where the file has several"
    )
    sheet: str | None = Field(
        default=None, description="which sheet of an Excel workbook has the readings, where several have a table"
    )
    axes: str | None = Field(
        default=None,
        description="order of the axes of an array (.npy, .npz), such as sensor,time; none: time,sensor,channel",
    )
    min_observed: float = Field(
        default=0,
        ge=0,
        le=100,
        description="percent: PeMS readings whose `% Observed` is lower were imputed by PeMS and count as missing",
    )
    missing_values: tuple[Literal["zero", "nan", "negative"], ...] = Field(
        default=("zero", "nan"), description="what is no reading; it counts nowhere: not in loss, metrics or scaler"
    )

    unit: str = Field(default="mph", description="unit of the readings, shown with every number")
    clean: bool = Field(
        default=False,
        description="leave out readings that no road has: stuck for hours, above what is possible in `unit`, jumping, "
        "on straight lines; they count as missing in training, errors and forecasts",
    )

    missing_codes: tuple[float, ...] = Field(
        default=(), description="numbers that mean a missing reading, such as [99999, -1], compared exactly"
    )
    decimal: Literal["auto", ".", ","] = Field(
        default="auto", description="sign before decimals in text; auto: what the file shows, or a refusal"
    )
    day_first: bool | None = Field(
        default=None, description="whether 06/03/2025 is 6 March; none: what the file shows; a model keeps it"
    )
    timezone: str | None = Field(
        default=None,
        description="zone of the sensors, such as Europe/Berlin: times with a zone or counted since 1970 become local",
    )
    sensor_column: str | None = Field(
        default=None, description="column that names the sensor of each row of a long table; none: a usual name"
    )
    ignore_columns: tuple[str, ...] = Field(
        default=(), description='columns that are no sensors, by patterns such as ["hour", "*_quality"]'
    )

    @field_validator("missing_codes", "ignore_columns", mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, given: object) -> object:
        """--set data.ignore_columns=hour needs no brackets."""
        return (given,) if isinstance(given, str | int | float) else given

    @field_validator("missing_codes")
    @classmethod
    def _codes_are_numbers(cls, codes: tuple[float, ...]) -> tuple[float, ...]:
        if any(not isfinite(code) or code == 0 for code in codes):
            raise ValueError(f"expected numbers other than 0, which is missing anyway; received {list(codes)}")
        return codes

    @field_validator("missing_values")
    @classmethod
    def _zeros_are_missing(cls, missing: tuple[str, ...]) -> tuple[str, ...]:
        if "zero" not in missing:
            raise ValueError(
                f'"zero" must be in it: loss and metrics leave zeros out, as GMAN\'s do; received {missing}'
            )
        return missing

    @field_validator("axes")
    @classmethod
    def _all_axes_once(cls, axes: str | None) -> str | None:
        names = [] if axes is None else [name.strip() for name in axes.split(",")]
        if axes is not None and sorted(names) not in (["sensor", "time"], ["channel", "sensor", "time"]):
            raise ValueError(f"expected time, sensor (and channel) once each, such as sensor,time; received {axes!r}")
        return axes if axes is None else ",".join(names)

    @property
    def reading(self) -> "ReadingOptions":
        """These settings alone, of something that has further ones."""
        return ReadingOptions(**{name: getattr(self, name) for name in ReadingOptions.model_fields})

    def with_given(self, **given: object) -> Self:
        """A copy in which those that are not None replace the present ones."""
        return self.model_copy(update={name: value for name, value in given.items() if value is not None})
