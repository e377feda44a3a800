"""Several files as one series: their rows on one axis of time, their sensors united."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from gman_search.data.readings import Readings
from gman_search.data.size_limits import check_size
from gman_search.data.time_axis import rising_rows
from gman_search.errors import DataError
from gman_search.missing import is_observed

__all__ = ["joined"]

SURE_OF_STEP = 8
"""Rows from which on the smallest step between two of a file is taken for its step."""
SAME = 1e-6
"""Relative difference of two readings that are equal but for the rounding of float32."""


def joined(path: Path, parts: Sequence[Readings], zone: str | None = None) -> Readings:
    """The readings of several files; what a file does not have is missing.

    Args:
        path: the folder or pattern.
        parts: readings of each file, in any order.
        zone: of the local times: it tells when an hour comes twice.

    Raises:
        DataError: files without times, of different steps, with numbered sensors that do not correspond, or with
            different readings of one sensor at one time; both files are named.
    """
    if len(parts) == 1:
        return parts[0]
    _check_clocks(path, parts)
    parts = sorted((_rising(part, zone) for part in parts), key=lambda part: (_times(part)[0], part.path))
    _check_steps(path, parts)
    sensors = _united(path, parts)
    times = np.unique(np.concatenate([_times(part) for part in parts]))
    check_size(path, (len(times), len(sensors)))
    column = {name: index for index, name in enumerate(sensors)}
    places = [
        (np.searchsorted(times, _times(part)), np.array([column[name] for name in part.sensors])) for part in parts
    ]
    values = np.full((len(times), len(sensors)), np.nan)
    shared = 0
    for number, (part, (rows, columns)) in enumerate(zip(parts, places, strict=True)):
        cells = np.ix_(rows, columns)
        before = values[cells]
        # A 0 is a missing reading, as everywhere: the other file's reading counts.
        both = is_observed(before) & is_observed(part.values)
        shared += int(both.any(axis=1).sum())
        different = both & ~np.isclose(before, part.values, rtol=SAME, atol=0)
        if different.any():
            _refuse(path, parts, number, different)
        values[cells] = np.where(np.isnan(before) | ((before == 0) & ~np.isnan(part.values)), part.values, before)

    def place(row: int, index: int | None) -> str:
        for part, (rows, columns) in zip(parts, places, strict=True):
            found = np.flatnonzero(rows == row)
            inner = np.flatnonzero(columns == index)
            if len(found) and (index is None or (len(inner) and not np.isnan(part.values[found[0], inner[0]]))):
                return f"{part.path.name}, {part.place(int(found[0]), int(inner[0]) if len(inner) else None)}"
        return f"time {times[row]}"

    instants = None
    if all(part.instants is not None for part in parts):
        instants = np.empty(len(times), dtype="datetime64[s]")
        for part, (rows, _) in zip(parts, places, strict=True):
            instants[rows] = part.instants
    observed = [part.observed for part in parts if part.observed is not None]
    return Readings(
        path,
        values,
        sensors,
        times,
        place,
        notes=(*_notes(parts), *_coverage(parts, sensors), *_overlap(shared)),
        observed=reduce(add, observed) if observed else None,
        spare=all(part.spare for part in parts),
        instants=instants,
        day_first=_agreed(path, parts, "day_first"),
        decimal=_agreed(path, parts, "decimal"),
    )


def _check_clocks(path: Path, parts: Sequence[Readings]) -> None:
    bare = [part.path.name for part in parts if part.times is None]
    if bare:
        raise DataError(
            f"{path}: expected files with times of their own, to be joined; {len(bare)} of {len(parts)} have none, "
            f"such as {bare[0]}: give a pattern of the files of readings, or add times with "
            f"gman-search data convert {bare[0]} NEW.npz --start TIME --step 5min"
        )

    empty = [part.path for part in parts if not len(part.values)]
    if empty:
        raise DataError(f"{empty[0]}: expected at least one row of readings; received none")


def _times(part: Readings) -> np.ndarray:
    return np.asarray(part.times).astype("datetime64[s]")


def _rising(part: Readings, zone: str | None) -> Readings:
    """With rising times: newest first is turned round, and an hour that clocks had twice is left out."""
    order, notes = rising_rows(part, zone)
    times = _times(part)[order]
    wrong = np.flatnonzero(np.diff(times).astype(np.int64) <= 0)
    if len(wrong):
        row = int(order[wrong[0] + 1])
        raise DataError(
            f"{part.path}, {part.place(row, None)}: expected rising times; received "
            f"{str(times[wrong[0] + 1]).replace('T', ' ')} again or earlier: correct the "
            "times, or if several sensors have rows of their own name their column with data.sensor_column"
        )
    inner = part.place
    return replace(
        part,
        values=part.values[order],
        times=times,
        instants=None if part.instants is None else part.instants[order],
        place=lambda row, column: inner(int(order[row]), column),
        notes=(*part.notes, *notes),
    )


def _check_steps(path: Path, parts: Sequence[Readings]) -> None:
    steps = [
        (int(np.diff(_times(part)).astype(np.int64).min()), part.path.name)
        for part in parts
        if len(part.values) >= SURE_OF_STEP
    ]
    if steps and min(steps)[0] != max(steps)[0]:
        (short, one), (long, other) = min(steps), max(steps)
        raise DataError(
            f"{path}: expected files of one step; received {short // 60} min in {one} and {long // 60} min in {other}: "
            "give a pattern of files of one step"
        )


def _united(path: Path, parts: Sequence[Readings]) -> tuple[str, ...]:
    """All sensors, in the order in which they first appear."""
    numbered = {len(part.sensors): part.path.name for part in parts if _is_numbered(part.sensors)}
    if len(numbered) > 1:
        few, many = min(numbered), max(numbered)
        raise DataError(
            f"{path}: expected the same sensors, or names of sensors, in every file; received {few} numbered ones in "
            f"{numbered[few]} and {many} in {numbered[many]}: put a line with their names above the readings"
        )
    return tuple(dict.fromkeys(name for part in parts for name in part.sensors))


def _is_numbered(sensors: Sequence[str]) -> bool:
    return list(sensors) == [str(index) for index in range(len(sensors))]


def _refuse(path: Path, parts: Sequence[Readings], number: int, different: np.ndarray) -> None:
    """Name the two files, sensor, time and readings."""
    part = parts[number]
    row, index = (int(position[0]) for position in np.nonzero(different))
    name, time = part.sensors[index], _times(part)[row]
    for other in parts[:number]:
        rows = np.flatnonzero(_times(other) == time)
        if name in other.sensors and len(rows):
            reading = other.values[rows[0], other.sensors.index(name)]
            if is_observed(reading):
                break
    advice = "keep the right one of the two files"
    if all(each.sensors == part.sensors for each in parts):
        # Names such as flow and speed in every file are quantities, and the files are sensors.
        own = part.path.name.split(".")[0]
        if len(part.sensors) == 1:
            advice += f", or if each file is of another sensor, name its column by the sensor, such as {own!r}"
        else:
            advice += (
                f", or if each file is of another sensor and {', '.join(map(repr, part.sensors[:3]))} are quantities, "
                f"keep one of them and name its column by the sensor, such as {own!r}"
            )
    raise DataError(
        f"{path}: expected equal readings where files overlap; sensor {name!r} at {str(time).replace('T', ' ')} is "
        f"{reading:g} in {other.path.name} and {part.values[row, index]:g} in {part.path.name}: {advice}"
    )


def _notes(parts: Sequence[Readings]) -> list[str]:
    """What was said of the files: each kind of note once, with the number of files of which it was said."""
    kinds: dict[str, list[str]] = {}
    for part in parts:
        for note in part.notes:
            kinds.setdefault(note.replace(part.path.name, "FILE"), []).append(note)
    return [notes[0] + (f" (and so in {len(notes) - 1} more files)" if notes[1:] else "") for notes in kinds.values()]


def _coverage(parts: Sequence[Readings], sensors: Sequence[str]) -> list[str]:
    counts = Counter(name for part in parts for name in part.sensors)
    partial = [name for name in sensors if counts[name] < len(parts)]
    told = [f"{len(parts)} files are one series: {parts[0].path.name} to {parts[-1].path.name}"]
    if partial:
        absent = next(part.path.name for part in parts if partial[0] not in part.sensors)
        told.append(
            f"{len(partial)} of {len(sensors)} sensors are not in every file, such as {partial[0]} (not in {absent}): "
            "they are missing there"
        )
    return told


def _agreed(path: Path, parts: Sequence[Readings], setting: str) -> Any:
    """What the files show of the order of day and month, or of the decimal mark.

    Raises:
        DataError: one shows this and another that: read each by its own they would not be one series.
    """
    named = sorted(parts, key=lambda part: part.path, reverse=True)
    shown = {getattr(part, setting): part.path.name for part in named if getattr(part, setting) is not None}
    if len(shown) > 1:
        (one, first), (other, second) = sorted(shown.items(), key=lambda item: item[1])[:2]
        raise DataError(
            f"{path}: expected files that are written in one way; read on their own, {first} has {setting} = {one} and "
            f"{second} has {setting} = {other}: say which one is right with data.{setting}"
        )
    return next(iter(shown), None)


def _overlap(rows: int) -> list[str]:
    return [f"files overlap in {rows} rows, with equal readings: they count once"] if rows else []
