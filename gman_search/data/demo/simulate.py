"""The demo's network, its days, and the simulation of one day with UXsim.

A freeway with two directions runs beside an arterial road; ramps join them at seven interchanges. Eastbound traffic
peaks in the morning and westbound traffic in the afternoon. Everything is in metres, seconds and vehicles; only the
measured speeds are in miles per hour.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["SENSORS", "STEP", "STEPS_PER_DAY", "DayPlan", "Incident", "Sensor", "plan_days", "simulate_day"]

STEP = 300  # seconds between two readings
STEPS_PER_DAY = 86400 // STEP
MPH = 0.44704  # metres per second in one mile per hour

SECTIONS = 6  # between the seven interchanges of the freeway, and of the arterial
APPROACH, DETECTOR, EXIT = 600.0, 600.0, 600.0  # metres: a section's links; the middle one carries the sensor
SECTION = APPROACH + DETECTOR + EXIT
RAMP = 500.0  # metres
FREEWAY_SPEED, ARTERIAL_SPEED, RAMP_SPEED = 66 * MPH, 41 * MPH, 25 * MPH
JAM_DENSITY = 0.14  # vehicles per metre and lane
REACTION_TIME = 1.5  # seconds; with the speeds above, about 2050 vehicles an hour and freeway lane
PLATOON = 2  # vehicles moved as one; a simulation step is PLATOON * REACTION_TIME seconds
ARTERIAL_SENSORS = (1, 3, 4)  # sections (0 is the westernmost) whose arterial links carry sensors
ARTERIAL_OUTFLOW = 0.34  # vehicles per second through the traffic lights at the end of a section
BOTTLENECKS = {"FE5": 0.76, "FE3": 0.88, "FW2": 0.76, "FW4": 0.86}  # share of the lanes' capacity past the sensor
DEMAND = 1.21  # factor on all trips; chosen so that queues form on most, not all, weekdays
PRIOR_VEHICLES = 6.0  # as if so many passed at free flow: keeps single vehicles at night from setting the reading
FLOW_EFFECT = 0.10  # slowdown at capacity: the simulator's vehicles keep free-flow speed until then, real ones do not


@dataclass(frozen=True)
class Sensor:
    """A loop detector; `east` tells the direction of its road, `position` is metres from the western end."""

    name: str
    freeway: bool
    east: bool
    position: float


@dataclass(frozen=True)
class Incident:
    """`link` lets only `factor` of its capacity out from step `first` up to, not including, `end`."""

    link: str
    first: int
    end: int
    factor: float


@dataclass(frozen=True)
class DayPlan:
    """One day before it is simulated: `volumes` (STEPS_PER_DAY, len(TRIPS)) vehicles, `rain` (STEPS_PER_DAY,) bool."""

    volumes: np.ndarray
    incidents: tuple[Incident, ...]
    rain: np.ndarray
    seed: int


SENSORS = tuple(
    Sensor(f"{road}{way}{section + 1}", road == "F", way == "E", (section + 0.5) * SECTION)
    for road, sections in (("F", range(SECTIONS)), ("A", ARTERIAL_SENSORS))
    for way in "EW"
    for section in sections
)

# Trips of one direction by interchange in travel order (0 first, 6 last; -1 the freeway before the first, 7 after the
# last), with vehicles per second at a rush hour of factor 1.
EASTWARD = (
    (-1, 7, 0.70), (-1, 4, 0.11), (-1, 5, 0.18), (-1, 6, 0.09), (0, 7, 0.12), (1, 7, 0.14), (2, 7, 0.13), (3, 7, 0.12),
    (4, 7, 0.07), (1, 5, 0.07), (2, 6, 0.07), (0, 4, 0.07), (0, 2, 0.18), (1, 3, 0.18), (2, 4, 0.20), (3, 5, 0.20),
    (4, 6, 0.18),
)  # fmt: skip
TRIPS = tuple(("E", *trip) for trip in EASTWARD) + tuple(("W", *trip) for trip in EASTWARD)
EVENT_TRIPS = ((-1, 5), (0, 4), (1, 5))  # eastward trips to the venue; their mirror images lead home


def plan_days(days: int, seed: np.random.SeedSequence) -> list[DayPlan]:
    """Plans of consecutive days, the first a Monday; each day has a seed of its own."""
    calendar_seed, *day_seeds = seed.spawn(days + 1)
    calendar = np.random.default_rng(calendar_seed)
    events = set(calendar.choice(days, size=max(1, days // 7), replace=False).tolist())
    rain = set(calendar.choice(days, size=max(1, days // 8), replace=False).tolist())
    return [
        _plan_day(day % 7, day in events, day in rain, np.random.default_rng(day_seed))
        for day, day_seed in enumerate(day_seeds)
    ]


def _plan_day(weekday: int, event: bool, rainy: bool, rng: np.random.Generator) -> DayPlan:
    hours = np.arange(STEPS_PER_DAY) * STEP / 3600
    day_factor = rng.lognormal(0.0, 0.07)
    columns = []
    for way in "EW":
        level = _profile(hours, weekday, way, rng) * day_factor * rng.lognormal(0.0, 0.05)
        level *= np.exp(_smooth_noise(rng, sd=0.11, hours=1.0))
        extra = _event(hours, way, rng) if event else np.zeros_like(hours)
        for first, last, flow in EASTWARD:
            to_venue = (first, last) in EVENT_TRIPS if way == "E" else first in (1, 2) and last == 7
            columns.append(DEMAND * flow * STEP * (level + 2.0 * extra * to_venue))
    raining = np.zeros(STEPS_PER_DAY, dtype=bool)
    if rainy:
        start = rng.uniform(4, 14)
        raining = (hours >= start) & (hours < start + rng.uniform(3, 10))
    return DayPlan(
        volumes=np.stack(columns, axis=1),
        incidents=_incidents(3.5 if weekday < 5 else 2.2, rng),
        rain=raining,
        seed=int(rng.integers(2**31)),
    )


def _profile(hours: np.ndarray, weekday: int, way: str, rng: np.random.Generator) -> np.ndarray:
    """Demand of one direction over the day, 1 at the top of its own rush hour."""
    late = rng.normal(0.0, 0.35)  # hours: rush hours do not start on the minute
    asleep = 1 / (1 + np.exp(-(hours - 5.6) / 0.45)) * (1 - 0.75 / (1 + np.exp(-(hours - 20.5) / 0.9)))
    if weekday >= 5:
        top, level = (13.5, 0.70) if weekday == 5 else (15.5, 0.64)
        homeward = 0.26 if weekday == 6 and way == "W" else 0.0  # Sunday evening
        late_start = 1 / (1 + np.exp(-(hours - 8.5) / 0.8))
        day = level * np.exp(-np.square((hours - top - late) / 4.5)) + homeward * _bump(hours, 18 + late, 1.2)
        return 0.05 + late_start * day
    friday = weekday == 4
    morning, evening = rng.lognormal(0.0, 0.15, size=2)  # how strong today's rush hours are
    morning *= _bump(hours, 7.7 + late, 0.95) * (0.51 if way == "E" else 0.16) * (0.9 if friday else 1.0)
    evening *= _bump(hours, (16.4 if friday else 17.2) + late, 1.25) * (0.20 if way == "E" else 0.53)
    return np.asarray(0.05 + asleep * (0.47 if way == "E" else 0.45) + morning + evening * (1.08 if friday else 1.0))


def _event(hours: np.ndarray, way: str, rng: np.random.Generator) -> np.ndarray:
    start = rng.uniform(18.5, 20)
    return _bump(hours, start - 0.8, 0.5) if way == "E" else _bump(hours, start + 2.6, 0.45)


def _bump(hours: np.ndarray, centre: float, width: float) -> np.ndarray:
    return np.exp(-np.square((hours - centre) / width))


def _smooth_noise(rng: np.random.Generator, *, sd: float, hours: float) -> np.ndarray:
    """Noise that forgets itself over `hours`."""
    keep = np.exp(-STEP / (3600 * hours))
    shocks = rng.normal(0.0, sd * np.sqrt(1 - keep**2), STEPS_PER_DAY)
    values = np.empty(STEPS_PER_DAY)
    value = rng.normal(0.0, sd)
    for step, shock in enumerate(shocks):
        value = keep * value + shock
        values[step] = value
    return values


def _incidents(mean: float, rng: np.random.Generator) -> tuple[Incident, ...]:
    found = []
    for _ in range(rng.poisson(mean)):
        road = "F" if rng.random() < 0.8 else "A"
        link = f"{road}{rng.choice(['E', 'W'])}{rng.integers(1, SECTIONS + 1)}" + str(rng.choice(["a", "b"]))
        first = int(np.clip(rng.normal(13.5, 4.0), 5.0, 22.0) * 3600 / STEP)
        minutes = rng.uniform(20, 90)
        found.append(Incident(link, first, first + round(minutes * 60 / STEP), rng.uniform(0.35, 0.65)))
    return tuple(found)


def simulate_day(plan: DayPlan) -> np.ndarray:
    """Mean speeds (STEPS_PER_DAY, len(SENSORS)) in mph, before the sensors' own noise.

    UXsim's C++ engine is used: it needs a second or so for a day in which the Python one needs minutes.
    """
    import uxsim

    world = uxsim.World(
        name="demo", deltan=PLATOON, reaction_time=REACTION_TIME, tmax=86400, random_seed=plan.seed, print_mode=0,
        save_mode=0, duo_update_time=300, duo_update_weight=0.25, vehicle_logging_timestep_interval=-1, cpp=True,
    )  # fmt: skip
    links = _build(world)
    rng = np.random.default_rng(plan.seed)
    for column, (way, first, last, _) in enumerate(TRIPS):
        ends = _node(way, first), _node(way, last)
        for step, platoons in enumerate(rng.poisson(plan.volumes[:, column] / PLATOON)):
            if platoons:  # the small excess keeps rounding in the simulator from dropping the last platoon
                volume = (platoons + 1e-3) * PLATOON
                world.adddemand(*ends, step * STEP, (step + 1) * STEP, volume=volume)
    free_flow = {name: link.u for name, link in links.items()}
    outflow = {name: link.capacity_out for name, link in links.items()}
    previous: dict[str, float] | None = None
    for step in range(STEPS_PER_DAY):
        wet = bool(plan.rain[step])
        factors = {x.link: x.factor for x in plan.incidents if x.first <= step < x.end} | {"rain": float(wet)}
        if factors != previous:  # the run is stopped only where something changes: every stop costs time
            if step:
                world.exec_simulation(until_t=step * STEP - world.DELTAT)
            for name, link in links.items():
                link.change_free_flow_speed(free_flow[name] * (0.9 if wet else 1.0))
                normal = link.capacity if name in factors else outflow[name]
                link.capacity_out = min(normal, outflow[name]) * factors.get(name, 1.0) * (0.88 if wet else 1.0)
            previous = factors
    world.exec_simulation()
    return np.stack([_speeds(links[x.name], free_flow[x.name], plan.rain, world.DELTAT) for x in SENSORS], axis=1)


def _node(way: str, place: int) -> str:
    """Where trips of a direction start and end: an interchange's arterial crossing, or an end of the freeway."""
    index = place if way == "E" else SECTIONS - place
    return f"A{index}" if 0 <= index <= SECTIONS else f"F{way}{'west' if index < 0 else 'east'}"


def _build(world: Any) -> dict[str, Any]:
    """Add nodes and links to `world`; returns the links by name."""
    links = {}

    def add(
        name: str, ends: tuple[str, str], length: float, speed: float, lanes: int, *, out: float | None = None
    ) -> None:
        links[name] = world.addLink(
            name, *ends, length, free_flow_speed=speed, jam_density_per_lane=JAM_DENSITY, number_of_lanes=lanes,
            capacity_out=out, merge_priority=lanes,
        )  # fmt: skip

    for index in range(SECTIONS + 1):
        world.addNode(f"A{index}", index * SECTION, -500)
    for way in "EW":
        for index in range(-1, SECTIONS + 2):
            name = f"F{way}{index}" if 0 <= index <= SECTIONS else f"F{way}{'west' if index < 0 else 'east'}"
            world.addNode(name, index * SECTION, 0 if way == "E" else 50)
        order = ["west", *range(SECTIONS + 1), "east"] if way == "E" else ["east", *range(SECTIONS, -1, -1), "west"]
        add(f"F{way}in", (f"F{way}{order[0]}", f"F{way}{order[1]}"), SECTION, FREEWAY_SPEED, 3)
        add(f"F{way}out", (f"F{way}{order[-2]}", f"F{way}{order[-1]}"), SECTION, FREEWAY_SPEED, 3)
        for index in range(SECTIONS + 1):
            add(f"on{way}{index}", (f"A{index}", f"F{way}{index}"), RAMP, RAMP_SPEED, 1)
            add(f"off{way}{index}", (f"F{way}{index}", f"A{index}"), RAMP, RAMP_SPEED, 1)
        for road, speed, lanes in (("F", FREEWAY_SPEED, 3), ("A", ARTERIAL_SPEED, 2)):
            for section in range(SECTIONS):
                start, end = (section, section + 1) if way == "E" else (section + 1, section)
                stem = f"{road}{way}{section + 1}"
                prefix = f"F{way}" if road == "F" else "A"
                world.addNode(f"{stem}p", (section + 0.33) * SECTION, 0)
                world.addNode(f"{stem}q", (section + 0.67) * SECTION, 0)
                add(f"{stem}a", (f"{prefix}{start}", f"{stem}p"), APPROACH, speed, lanes)
                add(stem, (f"{stem}p", f"{stem}q"), DETECTOR, speed, lanes)
                share = BOTTLENECKS.get(stem)
                out = ARTERIAL_OUTFLOW if road == "A" else share and share * links[stem].capacity
                add(f"{stem}b", (f"{stem}q", f"{prefix}{end}"), EXIT, speed, lanes, out=out)
    return links


def _speeds(link: Any, free_flow: float, rain: np.ndarray, seconds: float) -> np.ndarray:
    """Mean speed on `link` (STEPS_PER_DAY,) in mph: distance travelled over time spent, from its cumulative counts."""
    per_step = round(STEP / seconds)
    arrived = np.asarray(link.cum_arrival, dtype=float)[: per_step * STEPS_PER_DAY]
    left = np.asarray(link.cum_departure, dtype=float)[: per_step * STEPS_PER_DAY]
    present = (arrived - left).reshape(STEPS_PER_DAY, per_step).sum(axis=1) * seconds  # vehicle seconds
    passed = (arrived + left).reshape(STEPS_PER_DAY, per_step)
    vehicles = np.diff(passed[:, -1], prepend=0.0) / 2
    free = free_flow * np.where(rain, 0.9, 1.0)
    speed = link.length * (vehicles + PRIOR_VEHICLES) / (present + PRIOR_VEHICLES * link.length / free)
    load = vehicles / STEP / link.capacity
    return np.asarray(np.minimum(speed, free) * (1 - FLOW_EFFECT * np.square(np.minimum(load, 1))) / MPH)
