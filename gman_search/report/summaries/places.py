"""When and where the winner errs: by hour and weekday, and on the map (pure)."""

import math
from dataclasses import dataclass

from gman_search.record import StudyRecord

__all__ = ["CalendarSummary", "PlacedSensor", "SensorMap", "calendar_summary", "sensor_map"]


@dataclass(frozen=True)
class CalendarSummary:
    """Test MAE (7, 24) by weekday and hour of the moment forecast, all steps together; none where nothing was forecast.

    `worst` and `best` are (weekday, hour, MAE).
    """

    unit: str
    cells: tuple[tuple[float | None, ...], ...]
    worst: tuple[int, int, float]
    best: tuple[int, int, float]
    days: int


@dataclass(frozen=True)
class PlacedSensor:
    """A sensor on the map; its MAE is none without a reading in the test part."""

    name: str
    latitude: float
    longitude: float
    mae: float | None


@dataclass(frozen=True)
class SensorMap:
    """All sensors with known coordinates. `stretch` is how much longer a degree of latitude is there."""

    unit: str
    sensors: tuple[PlacedSensor, ...]
    missing: int
    stretch: float


def calendar_summary(record: StudyRecord) -> CalendarSummary | None:
    """The calendar of errors, or none where the test kept none."""
    if record.test is None or not record.test.calendar:
        return None
    cells = tuple(tuple(_known(value) for value in row) for row in record.test.calendar)
    known = [(value, day, hour) for day, row in enumerate(cells) for hour, value in enumerate(row) if value is not None]
    if not known:
        return None
    worst, best = max(known), min(known)
    return CalendarSummary(
        unit=record.unit,
        cells=cells,
        worst=(worst[1], worst[2], worst[0]),
        best=(best[1], best[2], best[0]),
        days=len({day for _, day, _ in known}),
    )


def sensor_map(record: StudyRecord) -> SensorMap | None:
    """The sensors where they stand; none with fewer than three known places."""
    test = record.test
    if test is None or len(test.coordinates) < 3:
        return None
    sensors = tuple(
        PlacedSensor(name, place[0], place[1], _known(test.sensor_mae.get(name)))
        for name, place in sorted(test.coordinates.items())
        if all(map(math.isfinite, place))
    )
    middle = sum(sensor.latitude for sensor in sensors) / max(1, len(sensors))
    missing = len(set(test.sensor_mae) - {sensor.name for sensor in sensors})
    return SensorMap(record.unit, sensors, missing, 1 / max(0.05, math.cos(math.radians(middle))))


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
