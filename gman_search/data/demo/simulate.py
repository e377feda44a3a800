"""One simulated day in UXsim: link speeds in bins of five minutes."""

from typing import Any

import numpy as np

from gman_search.data.demo.network import JAM_DENSITY, MPS_PER_MPH, REACTION_TIME, links, node_position, sensors
from gman_search.data.demo.scenario import DAY, Scenario

__all__ = ["BIN", "PLATOON", "simulate_day"]

BIN = 300
PLATOON = 5
"""Vehicles that UXsim moves as one; one simulated step is PLATOON * REACTION_TIME = 7.5 s, 40 of them a bin."""
CROWDING = 0.07
"""Share of the free-flow speed lost on a full but not congested road, which UXsim's straight branch leaves out."""


def simulate_day(scenario: Scenario, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Run a day.

    Returns:
        speeds (288, N) in mph and flows (288, N) in vehicles per bin at the N sensors; the speed is Edie's, distance
        travelled over time spent on the sensor's link, and the free-flow speed where the link is empty.
    """
    from uxsim import World

    world = World(
        name="demo", deltan=PLATOON, reaction_time=REACTION_TIME, tmax=DAY, random_seed=seed, duo_update_time=300,
        instantaneous_TT_timestep_interval=1, vehicle_logging_timestep_interval=-1, print_mode=0, save_mode=0,
        show_mode=0, cpp=True,
    )  # fmt: skip
    _build(world)
    for (origin, target), times in scenario.trips.items():
        for time in times:
            world.addVehicle(origin, target, float(time))
    _run(world, scenario)
    return _measure(world, scenario)


def _build(world: Any) -> None:
    roads = links()
    for node in sorted({end for link in roads for end in (link.start, link.end)}):
        x, y = node_position(node)
        world.addNode(node, x, y)
    for link in roads:
        world.addLink(
            link.name, link.start, link.end, length=link.length, free_flow_speed=link.free_flow * MPS_PER_MPH,
            jam_density_per_lane=JAM_DENSITY, number_of_lanes=link.lanes, merge_priority=link.priority,
            capacity_out=link.capacity,
        )  # fmt: skip


def _run(world: Any, scenario: Scenario) -> None:
    """Simulate from one change of the roads (incident, rain) to the next."""
    step = PLATOON * REACTION_TIME
    changes = {moment for event in (*scenario.incidents, *scenario.rain) for moment in (event.start, event.end)}
    now = 0
    for moment in sorted(int(change // step) for change in changes):
        if now < moment < DAY // step:
            _set_roads(world, scenario, now * step)
            world.exec_simulation(duration_t2=(moment - now) * step)
            now = moment
    _set_roads(world, scenario, now * step)
    world.exec_simulation()


def _factors(scenario: Scenario, time: float, step: float = PLATOON * REACTION_TIME) -> tuple[float, float]:
    """What rain leaves of speeds and capacities at `time`."""
    for rain in scenario.rain:
        if rain.start // step * step <= time < rain.end // step * step:
            return rain.speed, rain.capacity
    return 1.0, 1.0


def _set_roads(world: Any, scenario: Scenario, time: float) -> None:
    step = PLATOON * REACTION_TIME
    speed, room = _factors(scenario, time)
    left = {
        incident.link: incident.left
        for incident in scenario.incidents
        if incident.start // step * step <= time < incident.end // step * step
    }
    for link in links():
        road = world.get_link(link.name)
        road.change_free_flow_speed(link.free_flow * MPS_PER_MPH * speed)
        road.capacity_out = link.capacity * room * left.get(link.name, 1.0)


def _measure(world: Any, scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    bins, step = DAY // BIN, PLATOON * REACTION_TIME
    steps = int(BIN / step)
    by_name = {link.name: link for link in links()}
    rain = np.array([_factors(scenario, index * BIN)[0] for index in range(bins)])
    speeds, flows = [], []
    for sensor in sensors():
        link, road = by_name[sensor.link], world.get_link(sensor.link)
        arrived = np.asarray(road.cum_arrival)[: bins * steps]
        departed = np.asarray(road.cum_departure)[: bins * steps]
        moving = link.length / np.asarray(road.traveltime_instant)[: bins * steps]
        inside = (arrived - departed).reshape(bins, steps)
        spent = inside.sum(axis=1)
        travelled = (inside * moving.reshape(bins, steps)).sum(axis=1)
        free = link.free_flow * MPS_PER_MPH * rain
        speed = np.where(spent > 0, travelled / np.maximum(spent, 1), free)
        flow = np.diff(departed.reshape(bins, steps)[:, -1], prepend=0.0)
        fullness = np.clip(flow / (link.capacity * BIN), 0, 1)
        speeds.append(np.minimum(speed, free) * (1 - CROWDING * fullness) / MPS_PER_MPH)
        flows.append(flow)
    return np.stack(speeds, axis=1), np.stack(flows, axis=1)
