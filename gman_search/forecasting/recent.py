"""Recent readings, read as those of the training were: what a file leaves open is decided by what the model knows."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from gman_search.data.series import TrafficSeries
from gman_search.data.tables.dates import BY_DAY_FIRST
from gman_search.errors import DataError
from gman_search.forecasting.readings import Readings, read_readings
from gman_search.forecasting.recent_wording import message_for_recent, note_for_recent
from gman_search.reading_options import ReadingOptions

if TYPE_CHECKING:
    from gman_search.forecasting.model_io import DataConfig

__all__ = ["Training", "read_recent"]

NEAR = np.timedelta64(1440, "m")
"""How long before or after the training's end readings may end or begin, that follow on it."""


@dataclass(frozen=True)
class Training:
    """What a model knows of its training: sensors, the step in minutes, and the time of the last row, if it is kept."""

    sensors: tuple[str, ...] = ()
    step_minutes: int | None = None
    last: np.datetime64 | None = None

    @classmethod
    def of(cls, config: "DataConfig") -> Self:
        """That of a saved model."""
        last = None if config.trained_on is None else config.trained_on.time("last")
        return cls(config.sensors, config.step_minutes, last)


def read_recent(source: Readings, options: ReadingOptions, training: Training) -> TrafficSeries:
    """Readings as a series, by the rules that held in training.

    Args:
        source: in any form.
        options: the rules, with `start`, `step` and `channel` of this file.
        training: decides where a training file that showed no order of day and month leaves this one's open.

    Raises:
        DataError: as `read_readings`, or dates can be read in two ways that the end of the training does not decide.
            No message names a setting, as a saved model takes none.
    """
    if isinstance(source, TrafficSeries):
        return read_readings(source, options)
    try:
        found = _read(source, options, training)
        if options.day_first is None and found.day_first is not None:
            found = _in_order(source, options, training, found)
    except DataError as error:
        raise DataError(message_for_recent(str(error))) from None
    return replace(found, notes=tuple(note_for_recent(note) for note in found.notes))


def _read(source: Readings, options: ReadingOptions, training: Training) -> TrafficSeries:
    """The readings; also those of a wide table where the training's was long, with a column of sensors."""
    try:
        return read_readings(source, options)
    except DataError:
        if options.sensor_column is None or not training.sensors:
            raise
        try:
            wide = read_readings(source, options.model_copy(update={"sensor_column": None}))
        except DataError:
            wide = None
        if wide is None or not set(training.sensors) <= set(wide.sensors):
            raise
        return wide


def _in_order(source: Readings, options: ReadingOptions, training: Training, found: TrafficSeries) -> TrafficSeries:
    """`found`, or the same readings with day and month the other way round, whichever follows on the training.

    Raises:
        DataError: either may.
    """
    try:
        other = _read(source, options.model_copy(update={"day_first": not found.day_first}), training)
    except DataError:
        return found  # there is no such date, or steps are not regular
    if len(other.times) == len(found.times) and (other.times == found.times).all():
        return found
    ways = [found, other]
    for fits in (_has_step, _is_compact, _follows, _is_later):
        ways = [way for way in ways if fits(way, training, ways)] or ways
    if len(ways) > 1:
        end = "" if training.last is None else f", and the end of the training at {_shown(training.last)} does not tell"
        where = f"{source}: " if isinstance(source, str | Path) else ""
        raise DataError(
            f"{where}expected dates that can be read in one way; the recent readings may begin at "
            f"{_shown(found.times[0])} or {_shown(other.times[0])}{end}: write times like 2025-03-03 00:05"
        )
    chosen = ways[0]
    if chosen is found and len(found.times) < len(other.times):
        return found  # its steps are regular, which is noted
    told = (
        f"dates were read as {BY_DAY_FIRST[bool(chosen.day_first)]}, by which they begin at {_shown(chosen.times[0])}"
    )
    kept = tuple(note for note in chosen.notes if "in two ways" not in note)
    return replace(chosen, notes=(*kept, f"{told}, as the end of the training suggests"))


def _has_step(way: TrafficSeries, training: Training, ways: list[TrafficSeries]) -> bool:
    return training.step_minutes in (None, way.step_minutes)


def _is_compact(way: TrafficSeries, training: Training, ways: list[TrafficSeries]) -> bool:
    """Whether no other way has fewer gaps."""
    return len(way.times) == min(len(each.times) for each in ways)


def _follows(way: TrafficSeries, training: Training, ways: list[TrafficSeries]) -> bool:
    """Whether the readings overlap with the training's end or begin right after it."""
    last = training.last
    return last is not None and bool(way.times[0] <= last + NEAR and way.times[-1] >= last - NEAR)


def _is_later(way: TrafficSeries, training: Training, ways: list[TrafficSeries]) -> bool:
    return training.last is not None and bool(way.times[-1] >= training.last - NEAR)


def _shown(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]")).replace("T", " ")
