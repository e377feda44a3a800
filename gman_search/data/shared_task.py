"""A task on disk, so that all processes of a search share one copy of its readings.

The run prepares the task once and writes it; workers open the large arrays, (S, N) each, as memory maps. The system
keeps their pages once for all processes, and may drop them when memory is short.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gman_search.data.series import LeftOut, TrafficSeries
from gman_search.data.task import ForecastDataset, load_task
from gman_search.data.usual import UsualValues
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError, DiskFull
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.io.atomic import atomic_folder

__all__ = ["SHARED_FROM", "read_shared", "shared_or_loaded", "sharing", "write_shared"]

SHARED_FROM = 2**22
"""Readings from which on a task is shared; reading and preparing fewer takes a second or two."""
FOLDER = "shared"
SCHEMA = "gman-search/shared/1"
LARGE = ("inputs", "targets", "usual_rows")
SMALL = ("embedding", "day_of_week", "time_of_day", "seen_days", "seen_times")
PLAIN = ("P", "Q", "mean", "std", "unit", "embedding_source", "fingerprint", "groups", "split")
OF_SERIES = ("step_minutes", "day_first", "decimal")


@contextmanager
def sharing(task: ForecastDataset, spec: DataSpec, study: Path) -> Iterator[ForecastDataset]:
    """`task` with its readings in the folder `study`, for `shared_or_loaded` of other processes while the block runs.

    The caller lets go of `task`: the readings of the shared one are on disk, and come into memory as they are used.
    A small task stays as it is, and so does one for which the disk has no room.
    """
    folder = study / FOLDER
    if task.series.values.size < SHARED_FROM or not _can_be_shared(task):
        yield task
        return
    try:
        write_shared(task, spec, folder)
    except (DataError, DiskFull):
        yield task
        return
    shared = read_shared(folder, spec) or task
    del task  # nobody else holds its arrays: from here on there is one copy
    try:
        yield shared
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # maps that are open stay valid


def shared_or_loaded(spec: DataSpec, base: Path, study: Path) -> ForecastDataset:
    """The task of `spec` that a run shares in the folder `study`, else from its files, relative to `base`.

    Raises:
        DataError: as `load_task`.
    """
    return read_shared(study / FOLDER, spec) or load_task(spec, base)


def write_shared(task: ForecastDataset, spec: DataSpec, folder: Path) -> None:
    """Write `task`, made by `spec`, to `folder`, which replaces the one that is there.

    Raises:
        DataError, DiskFull: it cannot be written.
    """
    series = task.series
    plain: dict[str, Any] = {name: getattr(task, name) for name in PLAIN}
    plain |= {
        "schema": SCHEMA,
        "spec": spec.model_dump(mode="json"),
        "train_rows": list(task.train_rows),
        "coordinates": {name: list(place) for name, place in task.coordinates.items()},
        "graph_notes": list(task.graph_notes),
        "sensors": list(series.sensors),
        "notes": list(series.notes),
        "left_out": [{**asdict(one), "first": str(one.first), "last": str(one.last)} for one in series.left_out],
        "series": {name: getattr(series, name) for name in OF_SERIES},
    }
    arrays = {name: getattr(task, name) for name in SMALL}
    arrays |= {"times": series.times, "holiday_dates": task.holiday_dates, "usual": task.usual.table}
    arrays |= {f"starts_{part}": starts for part, starts in task.starts.items()}
    with atomic_folder(folder) as partial:
        for name in LARGE:
            np.save(partial / f"{name}.npy", getattr(task, name))
        write_arrays(partial / "task.npz", arrays, plain)


def read_shared(folder: Path, spec: DataSpec) -> ForecastDataset | None:
    """The task in `folder`, its large arrays as memory maps to be read only; None if there is none made by `spec`."""
    try:
        arrays, plain = read_arrays(folder / "task.npz")
        if plain.get("schema") != SCHEMA or plain["spec"] != spec.model_dump(mode="json"):
            return None
        # As plain arrays: of a memory map's own class every slice would be one, too.
        large: dict[str, Any] = {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in LARGE}
    except (DataError, OSError, ValueError):
        return None  # another run has replaced it just now, or removed it
    series = TrafficSeries(
        values=large["targets"],
        times=arrays["times"],
        sensors=tuple(plain["sensors"]),
        notes=tuple(plain["notes"]),
        left_out=tuple(_left_out(**one) for one in plain["left_out"]),
        **plain["series"],
    )
    first, end = plain["train_rows"]
    same: dict[str, Any] = {name: arrays[name] for name in SMALL} | {name: plain[name] for name in PLAIN} | large
    return ForecastDataset(
        series=series,
        starts={name.removeprefix("starts_"): arrays[name] for name in arrays if name.startswith("starts_")},
        train_rows=(first, end),
        usual=UsualValues(arrays["usual"]),
        coordinates={name: (place[0], place[1]) for name, place in plain["coordinates"].items()},
        holiday_dates=arrays["holiday_dates"],
        graph_notes=tuple(plain["graph_notes"]),
        **same,
    )


def _can_be_shared(task: ForecastDataset) -> bool:
    """Whether its readings are its targets: they are float32, as every file is read."""
    return task.series.values.dtype == np.float32 and task.inputs.ndim == 2


def _left_out(sensor: str, first: str, last: str, rule: str, readings: int) -> LeftOut:
    return LeftOut(sensor, np.datetime64(first), np.datetime64(last), rule, readings)
