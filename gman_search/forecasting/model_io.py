"""A model saved with all that forecasting needs: weights, scaler, sensors, embedding, interval widths. No TensorFlow.

It is a folder with `weights.npz`, which has everything, and `model.json`, a copy of its description for people.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gman_search.data.holidays import NO_HOLIDAYS
from gman_search.data.stored import StoredData
from gman_search.errors import DataError
from gman_search.forecasting.intervals import Intervals
from gman_search.forecasting.refit_facts import RefitFacts
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.io.atomic import write_text
from gman_search.reading_options import ReadingOptions
from gman_search.record import Coverage
from gman_search.record_json import finite

if TYPE_CHECKING:
    from gman_search.data.series import TrafficSeries
    from gman_search.data.task import ForecastDataset
    from gman_search.data_spec import DataSpec

__all__ = [
    "DataConfig",
    "ModelConfig",
    "SavedModel",
    "data_facts",
    "is_complete",
    "kept_rules",
    "read_saved_model",
    "write_saved_model",
]  # fmt: skip

CONSTANT = "constant/"
SCHEMA = "gman-search/model/1"


class _Switches(BaseModel):
    causal: bool
    shortcuts: bool = False
    model_config = ConfigDict(extra="allow")


class DataConfig(BaseModel):
    """What anything that forecasts a network says of its data; extra keys are kept.

    `mean` and `std` are those of the training readings. `reading` is how files of readings were read there, but for
    `start` and `step`, which are each file's own. `coverage` maps percents to what was measured of prediction intervals
    on the test part, where it was. `trained_on` tells rows that were seen in training from new ones. `refit` tells of a
    model that was trained on all readings after it was tested.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    P: int = Field(ge=1)
    Q: int = Field(ge=1)
    T: int = Field(ge=1)
    mean: float
    std: float = Field(gt=0)
    unit: str = "mph"
    step_minutes: int = Field(ge=1)
    sensors: tuple[str, ...] = Field(min_length=1)
    reading: ReadingOptions = Field(default_factory=ReadingOptions)
    trained_on: StoredData | None = None
    coverage: dict[int, dict[str, Any]] = Field(default_factory=dict)
    refit: RefitFacts | None = None


def data_facts(task: "ForecastDataset", data: "DataSpec") -> dict[str, Any]:
    """The fields of `DataConfig` for what is trained on `task`; `data` says how readings were read."""
    return {
        "P": task.P,
        "Q": task.Q,
        "T": task.T,
        "mean": float(task.mean),
        "std": float(task.std),
        "unit": task.unit,
        "step_minutes": task.series.step_minutes,
        "sensors": task.series.sensors,
        "trained_on": task.stored.model_dump(),
        "reading": kept_rules(task.series, data).model_dump(),
    }


def kept_rules(series: "TrafficSeries", data: "DataSpec") -> ReadingOptions:
    """How recent readings are to be read: as `data` says, or as the `series` of the training showed.

    `start` and `step` are each file's own.
    """
    shown: dict[str, Any] = {"start": None, "step": None}
    if data.day_first is None:
        shown["day_first"] = series.day_first
    if data.decimal == "auto" and series.decimal is not None:
        shown["decimal"] = series.decimal
    return data.reading.model_copy(update=shown)


class ModelConfig(DataConfig):
    """The description of a saved GMAN; `steps` are those of the training at its size that left the weights."""

    shape: tuple[int, int, int]
    hyperparameters: _Switches
    C: int = 1
    groups: int = Field(default=0, ge=0)
    imputation: Literal["last", "mean", "zero"]
    val_mae: float | None = None
    seed: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class SavedModel:
    """Everything that forecasting needs.

    Args:
        config: sizes, scaler, sensors.
        weights: tensors by their names in the model.
        embedding: (N, E).
        seen: (7 + T,), days of the week and times of day that occurred in training.
        partitions: (2 L, G, M), the groups of each block's group attention in evaluation; none without groups. They are
            random numbers of the TensorFlow that trained the model; saved, they stay the same under any other.
        intervals: what prediction intervals are made of; none if the validation part was not forecast.
        usual: (7, T, N), what sensors usually read in the data's unit, for shortcuts; none without them.
        holidays: days that count as Sundays, from the training data's first year to ten years after its last.
    """

    config: ModelConfig
    weights: Mapping[str, np.ndarray]
    embedding: np.ndarray
    seen: np.ndarray
    partitions: np.ndarray | None = None
    intervals: Intervals | None = None
    usual: np.ndarray | None = None
    holidays: np.ndarray = field(default_factory=lambda: NO_HOLIDAYS)


def is_complete(path: Path) -> bool:
    """Whether `path` is a weights file that forecasting needs nothing else for."""
    _, description = read_arrays(path)
    return "sensors" in description


def read_saved_model(folder: Path) -> SavedModel:
    """The model in `folder`.

    Raises:
        DataError: there is none, it is damaged, or something that forecasting needs is not in it.
    """
    file = folder / "weights.npz"
    arrays, description = read_arrays(file)
    if "sensors" not in description:
        raise DataError(
            f"expected a saved model in {folder}; received weights without scaler and sensors: "
            "name the evaluation as STUDY/STAGE/CONFIG"
        )
    try:
        config = ModelConfig.model_validate(description)
    except ValidationError as error:
        issue = error.errors()[0]
        where = ".".join(str(part) for part in issue["loc"])
        raise DataError(
            f"{folder / 'weights.npz'}: expected a description of the model; {where}: {issue['msg']}"
        ) from None
    constants = {name.removeprefix(CONSTANT): arrays.pop(name) for name in list(arrays) if name.startswith(CONSTANT)}
    sensors = len(config.sensors)
    embedding = _constant(file, constants, "embedding")
    seen = _constant(file, constants, "seen", (7 + config.T,))
    if embedding.shape[:-1] != (sensors,):
        raise DataError(f"{file}: expected an embedding of {sensors} sensors; received shape {embedding.shape}")
    widths, intervals = constants.get("interval_widths"), None
    if widths is not None:
        intervals = Intervals(widths, _constant(file, constants, "interval_usual", (sensors,)))
    usual = _constant(file, constants, "usual", (7, config.T, sensors)) if config.hyperparameters.shortcuts else None
    holidays = _holidays(file, constants)
    return SavedModel(config, arrays, embedding, seen, constants.get("partings"), intervals, usual, holidays)


def _holidays(file: Path, constants: Mapping[str, np.ndarray]) -> np.ndarray:
    """Dates, which are stored as days since 1970-01-01."""
    days = constants.get("holidays", np.array([], dtype=np.int64))
    if days.ndim != 1 or days.dtype != np.int64:
        raise DataError(
            f"{file}: expected {CONSTANT}holidays as whole days in one row; received {days.dtype} {days.shape}"
        )
    return days.astype("datetime64[D]")


def _constant(
    file: Path, constants: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...] | None = None
) -> np.ndarray:
    if name not in constants:
        raise DataError(f"{file}: expected an array {CONSTANT}{name}; there is none of that name")
    array = constants[name]
    if shape is not None and array.shape != shape:
        raise DataError(f"{file}: expected {CONSTANT}{name} of shape {shape}; received {array.shape}")
    return array


def write_saved_model(model: SavedModel, folder: Path, *, coverage: Mapping[int, Coverage] | None = None) -> None:
    """Write weights.npz and model.json; `coverage` is what the test part showed of the intervals."""
    if coverage is not None:
        measured = {percent: finite(asdict(found)) for percent, found in coverage.items()}
        model = replace(model, config=model.config.model_copy(update={"coverage": measured}))
    description = {"schema": SCHEMA, **model.config.model_dump(mode="json")}
    constants = {"embedding": model.embedding, "seen": model.seen, "partings": model.partitions, "usual": model.usual}
    if len(model.holidays):
        constants["holidays"] = model.holidays.astype("datetime64[D]").astype(np.int64)
    if model.intervals is not None:
        constants |= {"interval_widths": model.intervals.widths, "interval_usual": model.intervals.free_flow}
    kept = {CONSTANT + name: array for name, array in constants.items() if array is not None}
    write_arrays(folder / "weights.npz", {**model.weights, **kept}, description)
    write_text(folder / "model.json", json.dumps(description, indent=2) + "\n")
