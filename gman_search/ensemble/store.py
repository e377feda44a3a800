"""An ensemble on disk: its description, interval widths, usual values, and every member as it is saved by itself.

`ensemble.json` has sizes, members with their weights, and the check; `ensemble.npz` has the arrays; `members/N` are the
members in the order of `ensemble.json`: saved models and baselines. Nothing is pickled.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gman_search.data.holidays import NO_HOLIDAYS
from gman_search.ensemble.candidate import is_exportable
from gman_search.errors import DataError
from gman_search.forecasting.intervals import Intervals
from gman_search.forecasting.model_io import DataConfig
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.io.atomic import write_text

__all__ = [
    "ABOUT",
    "EnsembleConfig",
    "SavedEnsemble",
    "SavedMember",
    "WithoutTrees",
    "is_ensemble",
    "member_folder",
    "read_config",
    "read_ensemble",
    "write_ensemble",
]

ABOUT, ARRAYS = "ensemble.json", "ensemble.npz"
SCHEMA = "gman-search/ensemble/1"

Array = NDArray[np.floating]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class SavedMember(_Frozen):
    """One member; `weights` (Q,) are its shares of the forecast at each step."""

    name: str
    kind: Literal["evaluation", "baseline"]
    key: str | None = None
    weights: tuple[float, ...]


class WithoutTrees(_Frozen):
    """MAE on the test part, mean of the steps, of all members and of those that can be exported."""

    with_all: float
    exported: float


class EnsembleConfig(DataConfig):
    """The description of an ensemble.

    `val_mae` is on the windows that the weights were chosen on, `forecast_ms` the time of one forecast. `without_trees`
    is None where every member can be exported, or none.
    """

    members: tuple[SavedMember, ...] = Field(min_length=1)
    val_mae: float
    check: dict[str, Any]
    forecast_ms: float
    without_trees: WithoutTrees | None = None

    @property
    def left_out_of_exports(self) -> list[str]:
        """Names of the members that an export cannot hold."""
        return [member.name for member in self.members if not is_exportable(member.kind, member.name)]

    @property
    def weights(self) -> Array:
        """(Q, M); rows add up to 1."""
        return np.array([member.weights for member in self.members]).T


@dataclass(frozen=True)
class SavedEnsemble:
    """All that forecasting needs but the members, which lie in `folder`.

    `usual` (7, T, N) are the usual readings of each day of the week and time of day, in the data's unit.
    `exported_intervals` are those of the members that can be exported, where these are some. `holidays` as in
    `SavedModel`.
    """

    folder: Path
    config: EnsembleConfig
    intervals: Intervals
    usual: Array
    exported_intervals: Intervals | None = None
    holidays: NDArray[np.datetime64] = field(default_factory=lambda: NO_HOLIDAYS)


def is_ensemble(folder: Path) -> bool:
    """Whether an ensemble was saved in `folder`."""
    return (folder / ABOUT).is_file()


def member_folder(folder: Path, number: int) -> Path:
    """Where the member of that number, from 0, is saved."""
    return folder / "members" / str(number)


def write_ensemble(ensemble: SavedEnsemble) -> None:
    """Write what is not a member into `ensemble.folder`."""
    description = {"schema": SCHEMA, **ensemble.config.model_dump(mode="json")}
    arrays: dict[str, NDArray[Any]] = {
        "interval_widths": ensemble.intervals.widths,
        "interval_usual": ensemble.intervals.free_flow,
        "usual": ensemble.usual,
    }
    if len(ensemble.holidays):
        arrays["holidays"] = ensemble.holidays.astype("datetime64[D]").astype(np.int64)
    if ensemble.exported_intervals is not None:
        arrays["exported_widths"] = ensemble.exported_intervals.widths
    write_arrays(ensemble.folder / ARRAYS, arrays, {"schema": SCHEMA})
    write_text(ensemble.folder / ABOUT, json.dumps(description, indent=2) + "\n")


def read_config(folder: Path) -> EnsembleConfig:
    """The description of the ensemble in `folder`, without its arrays.

    Raises:
        DataError: there is none, it is damaged, or of another version.
    """
    file = folder / ABOUT
    try:
        description = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"expected an ensemble in {folder}; there is no {ABOUT}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: expected the description of an ensemble; it is damaged: {error}") from None
    schema = description.get("schema") if isinstance(description, dict) else None
    if schema != SCHEMA:
        raise DataError(f"{file}: expected {SCHEMA}; received {schema!r}: run the search again with this version")
    try:
        config = EnsembleConfig.model_validate(description)
    except ValidationError as error:
        issue = error.errors()[0]
        where = ".".join(str(part) for part in issue["loc"])
        raise DataError(f"{file}: expected a description of the ensemble; {where}: {issue['msg']}") from None
    if any(len(member.weights) != config.Q for member in config.members) or not _add_up(config.weights):
        raise DataError(f"{file}: expected weights of {config.Q} steps that add up to 1; received others")
    return config


def read_ensemble(folder: Path) -> SavedEnsemble:
    """The ensemble in `folder`.

    Raises:
        DataError: there is none, it is damaged, of another version, or a member is missing.
    """
    config = read_config(folder)
    for number, member in enumerate(config.members):
        if not member_folder(folder, number).is_dir():
            raise DataError(f"expected {member.name} in {member_folder(folder, number)}; it is missing")
    arrays, _ = read_arrays(folder / ARRAYS)
    usual = _array(folder, arrays, "usual", (7, config.T, len(config.sensors)))
    free = _array(folder, arrays, "interval_usual", usual.shape[2:])
    intervals = Intervals(_array(folder, arrays, "interval_widths", (None, config.Q, None)), free)
    exported = None
    if "exported_widths" in arrays:
        exported = Intervals(_array(folder, arrays, "exported_widths", intervals.widths.shape), free)
    days = arrays.get("holidays")
    holidays = NO_HOLIDAYS if days is None else days.astype("datetime64[D]")
    return SavedEnsemble(folder, config, intervals, usual, exported, holidays)


def _add_up(weights: Array) -> bool:
    return bool((weights >= 0).all() and np.allclose(weights.sum(axis=1), 1.0, atol=1e-6))


def _array(folder: Path, arrays: dict[str, Any], name: str, shape: tuple[int | None, ...]) -> Array:
    array: Array | None = arrays.get(name)
    if array is None:
        raise DataError(f"{folder / ARRAYS}: expected an array {name}; there is none of that name")
    fits = len(array.shape) == len(shape) and all(
        size in (None, found) for size, found in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise DataError(f"{folder / ARRAYS}: expected {name} of shape {shape}; received {array.shape}")
    return array
