"""What makes one simulated day: who drives where and when, incidents, rain.

All times are seconds since midnight. Everything random comes from the generator passed in.
"""

from dataclasses import dataclass, field

import numpy as np

from gman_search.data.demo.network import links

__all__ = ["DAY", "Incident", "Rain", "Scenario", "draw_scenario"]

DAY = 86_400
STEP = 300
HOUR = 3_600.0
SATURDAY, FRIDAY = 5, 4

# Origin, destination, then vehicles per hour: all day, extra in the morning, in the evening, at weekends.
# E0/W0 are the region to the west, E112/W112 the region to the east, B84 the town, the other B the suburbs.
TRIPS = (
    ("E0", "E112", 800, 450, 350, 450),
    ("E0", "I84", 230, 1000, 150, 420),
    ("E0", "B56", 100, 300, 100, 150),
    ("B0", "I84", 130, 350, 100, 160),
    ("B28", "I84", 150, 480, 100, 220),
    ("B28", "E112", 100, 280, 120, 120),
    ("B56", "E112", 100, 250, 100, 120),
    ("B56", "I84", 120, 220, 120, 150),
    ("W112", "W0", 800, 300, 550, 450),
    ("W112", "I84", 150, 450, 120, 200),
    ("W112", "B56", 100, 120, 220, 120),
    ("W112", "B28", 100, 100, 280, 120),
    ("O84", "W0", 230, 150, 1000, 400),
    ("O84", "B28", 150, 100, 480, 200),
    ("O84", "B0", 130, 100, 350, 160),
    ("O84", "B56", 120, 120, 240, 150),
    ("B56", "W0", 100, 100, 350, 130),
    ("B28", "W0", 80, 100, 200, 100),
)
DEMAND = 1.2
INTO_TOWN, OUT_OF_TOWN = "I84", "O84"
WEEKDAY_SHAPE = ((0.96, 0.93), (1.02, 0.98), (1.03, 1.0), (1.02, 1.04), (0.93, 1.10))
"""Share of the usual morning and evening rush, Monday to Friday."""


@dataclass(frozen=True)
class Incident:
    """Only `left` of a link's capacity is there from `start` to `end`."""

    link: str
    start: float
    end: float
    left: float


@dataclass(frozen=True)
class Rain:
    """From `start` to `end`, free-flow speeds and capacities everywhere are multiplied by these."""

    start: float
    end: float
    speed: float
    capacity: float


@dataclass(frozen=True)
class Scenario:
    """One day: `trips[(origin, destination)]` are departure times in seconds, each of one platoon."""

    trips: dict[tuple[str, str], np.ndarray]
    incidents: list[Incident] = field(default_factory=list)
    rain: list[Rain] = field(default_factory=list)


def draw_scenario(weekday: int, platoon: int, rng: np.random.Generator) -> Scenario:
    """Draw a day.

    Args:
        weekday: 0 is Monday.
        platoon: vehicles that travel as one.
        rng: the day's own generator.
    """
    rain = _rain(rng)
    return Scenario(_trips(weekday, platoon, bool(rain), rng), _incidents(weekday, bool(rain), rng), rain)


def _bump(hours: np.ndarray, centre: float, width: float) -> np.ndarray:
    return np.exp(-0.5 * np.square((hours - centre) / width))


def _smooth_noise(rng: np.random.Generator, deviation: float, hours: float) -> np.ndarray:
    """A smooth random factor around 1 at each of the day's 288 steps, forgetting itself over `hours`."""
    steps = np.arange(DAY // STEP)
    kernel = np.exp(-0.5 * np.square((steps - steps[:, None]) * STEP / (hours * HOUR)))
    kernel /= np.sqrt(np.square(kernel).sum(axis=1, keepdims=True))
    return np.exp(deviation * kernel @ rng.standard_normal(len(steps)))


def _trips(
    weekday: int, platoon: int, wet: bool, rng: np.random.Generator
) -> dict[tuple[str, str], np.ndarray]:
    hours = (np.arange(DAY // STEP) + 0.5) * STEP / HOUR
    weekend = weekday >= SATURDAY
    # Day-to-day variation: the whole day, each rush, when each rush comes, and slow drifts within the day. History
    # alone knows none of it; the readings of the last hour show most of it.
    whole = np.exp(rng.normal(0, 0.08)) * (0.97 if wet else 1.0)
    morning, evening = np.exp(rng.normal(0, 0.16, size=2))
    morning_at, evening_at = 7.8 + rng.normal(0, 0.25), 17.0 + rng.normal(0, 0.3)
    quiet = not weekend and rng.random() < 0.06  # a school holiday: a weak rush
    event = rng.random() < (0.30 if weekday in (FRIDAY, SATURDAY) else 0.08)
    event_at = rng.uniform(18.5, 20.0) if not weekend else rng.uniform(14.0, 19.5)
    shape = (0.0, 0.0) if weekend else WEEKDAY_SHAPE[weekday]
    strength = 0.6 if quiet else 1.0
    base = 0.05 + 0.95 / ((1 + np.exp(-(hours - 6.3) * 2.2)) * (1 + np.exp((hours - 20.8) * 1.4)))
    if weekend:
        base = 0.05 + 0.95 / ((1 + np.exp(-(hours - 8.8) * 1.3)) * (1 + np.exp((hours - 21.5) * 1.2)))
    early = strength * morning * shape[0] * _bump(hours, morning_at, 1.0)
    late = strength * evening * shape[1] * _bump(hours, evening_at, 1.3)
    leisure = weekend * morning * _bump(hours, 13.2 if weekday == SATURDAY else 15.6, 2.4)
    drifts = {way: _smooth_noise(rng, 0.14, 1.3) for way in ("in", "out")}
    found = {}
    for origin, target, steady, at_morning, at_evening, at_weekend in TRIPS:
        way = "out" if origin == OUT_OF_TOWN or target in ("W0",) else "in"
        flow = steady * base + at_morning * early + at_evening * late + at_weekend * leisure
        flow = DEMAND * flow * whole * drifts[way] * _smooth_noise(rng, 0.08, 0.6)
        if event and target == INTO_TOWN:
            flow = flow + 330 * _bump(hours, event_at - 1.0, 0.45)
        if event and origin == OUT_OF_TOWN:
            flow = flow + 480 * _bump(hours, event_at + 2.6, 0.35)
        found[origin, target] = _departures(flow, platoon, rng)
    return found


def _departures(flow: np.ndarray, platoon: int, rng: np.random.Generator) -> np.ndarray:
    """Departure times of platoons that follow `flow` (288,) vehicles per hour, each a little early or late."""
    edges = np.arange(len(flow) + 1) * float(STEP)
    passed = np.concatenate([[0.0], np.cumsum(flow * STEP / HOUR / platoon)])
    ranks = np.arange(int(passed[-1])) + rng.random(int(passed[-1]))
    return np.sort(np.interp(ranks, passed, edges))


def _incidents(weekday: int, wet: bool, rng: np.random.Generator) -> list[Incident]:
    names = [link.name for link in links() if link.road in ("SR-9 East", "SR-9 West")]
    side = [link.name for link in links() if link.road.startswith("Mill Road")]
    found = []
    for _ in range(rng.poisson((2.5 if weekday >= SATURDAY else 4.0) * (1.4 if wet else 1.0))):
        freeway = rng.random() < 0.9
        link = str(rng.choice(names if freeway else side))
        start = float(np.clip(rng.normal(13.5, 4.5), 5.0, 22.0)) * HOUR
        length = float(rng.uniform(20, 90)) * 60
        found.append(Incident(link, start, min(start + length, DAY), float(rng.uniform(0.3, 0.6))))
    return found


def _rain(rng: np.random.Generator) -> list[Rain]:
    if rng.random() > 0.22:
        return []
    start = float(rng.uniform(3, 18)) * HOUR
    end = min(start + float(rng.uniform(2, 8)) * HOUR, float(DAY))
    heavy = float(rng.uniform(0.3, 1.0))
    return [Rain(start, end, 1 - 0.12 * heavy, 1 - 0.14 * heavy)]
