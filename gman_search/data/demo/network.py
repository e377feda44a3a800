"""The demo's roads and sensors: a freeway in two directions, a parallel arterial, ramps between them.

Positions are metres east (x) and north (y) of the freeway's western end. Nodes are named by road and by distance in
hundreds of metres: `E28` is 2.8 km along the eastbound freeway, `W28` the westbound side of it, `B28` the arterial.
"""

import heapq
import math
from dataclasses import dataclass

__all__ = ["MPS_PER_MPH", "Link", "Sensor", "capacity", "links", "node_position", "road_distances", "sensors"]

MPS_PER_MPH = 0.44704
REACTION_TIME = 1.5
"""Seconds a driver keeps to the vehicle ahead; UXsim knows only one value for the whole network."""
JAM_DENSITY = 0.13
"""Standing vehicles per metre and lane."""

FREEWAY_LENGTH = 11_200
FREEWAY_STEP = 700
ARTERIAL_STEP = 1_400
SUBURBS = (2_800, 5_600)
TOWN = 8_400
EAST_NARROWS = {7_700: 0.80, 9_100: 0.62}
"""Share of the full capacity on the eastbound link that starts there: the bridge before the town, the grade after."""
WEST_NARROWS = {4_900: 0.82, 1_400: 0.84}
"""The same westbound: where the suburb's traffic has merged, and the curves towards the region."""

LATITUDE, LONGITUDE = 44.6120, -119.2740
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Link:
    """A one-way road from node `start` to node `end`; length in metres, speed in mph, capacity in vehicles/s."""

    start: str
    end: str
    road: str
    length: float
    lanes: int
    free_flow: float
    capacity: float
    priority: float = 1.0

    @property
    def name(self) -> str:
        """The name UXsim knows the link by."""
        return f"{self.start}-{self.end}"


@dataclass(frozen=True)
class Sensor:
    """A detector half-way along a link; latitude and longitude in degrees."""

    name: str
    link: str
    road: str
    latitude: float
    longitude: float


def capacity(free_flow: float, lanes: int) -> float:
    """Vehicles per second the fundamental diagram allows at `free_flow` mph."""
    forward = free_flow * MPS_PER_MPH
    backward = 1 / (REACTION_TIME * JAM_DENSITY)
    return lanes * JAM_DENSITY * forward * backward / (forward + backward)


def node_position(node: str) -> tuple[float, float]:
    """Metres (x, y) of a node: the freeway bends a little, the arterial runs about 700 m south of it."""
    x = float(node[1:]) * 100
    bend = 350 * math.sin(x / 3_500)
    offset = {"E": -15.0, "W": 15.0, "B": -700.0, "I": -450.0, "O": -450.0}[node[0]]
    return x, bend + offset


def links() -> list[Link]:
    """All links of the network, in a fixed order."""
    return [*_freeway(), *_arterial(), *_ramps()]


def _node(road: str, x: int) -> str:
    return f"{road}{x // 100}"


def _freeway() -> list[Link]:
    found = []
    for x in range(0, FREEWAY_LENGTH, FREEWAY_STEP):
        ahead = x + FREEWAY_STEP
        full = capacity(65, 2)
        # A bottleneck needs only a little less room than the road before it for a queue to form at its start.
        east = full * EAST_NARROWS.get(x, 1.0)
        west = full * WEST_NARROWS.get(ahead, 1.0)
        found.append(Link(_node("E", x), _node("E", ahead), "SR-9 East", FREEWAY_STEP, 2, 65, east, 2.0))
        found.append(Link(_node("W", ahead), _node("W", x), "SR-9 West", FREEWAY_STEP, 2, 65, west, 2.0))
    return found


def _arterial() -> list[Link]:
    # Traffic lights are not simulated one by one: they leave each approach a share of its green time.
    green = 0.6 * capacity(40, 2)
    found = []
    for x in range(0, FREEWAY_LENGTH, ARTERIAL_STEP):
        ahead = x + ARTERIAL_STEP
        for start, end, way in ((x, ahead, "East"), (ahead, x, "West")):
            found.append(Link(_node("B", start), _node("B", end), f"Mill Road {way}", ARTERIAL_STEP, 2, 40, green))
    return found


def _ramps() -> list[Link]:
    found = []
    for x in SUBURBS:
        room = 0.9 * capacity(40, 1)
        for side, way in (("E", "East"), ("W", "West")):
            freeway, arterial = _node(side, x), _node("B", x)
            found.append(Link(freeway, arterial, f"SR-9 {way} off-ramp", 700, 1, 40, room))
            found.append(Link(arterial, freeway, f"SR-9 {way} on-ramp", 700, 1, 40, room))
    # The town is entered at one node and left at another, so that nobody drives through it: a queue out of the town
    # that meets one into it would lock the whole network until midnight.
    room = 0.7 * capacity(40, 2)
    enter, leave = _node("I", TOWN), _node("O", TOWN)
    for side, way in (("E", "East"), ("W", "West")):
        found.append(Link(_node(side, TOWN), enter, f"SR-9 {way} off-ramp", 700, 2, 40, room))
        found.append(Link(leave, _node(side, TOWN), f"SR-9 {way} on-ramp", 700, 2, 40, room))
    found.append(Link(_node("B", TOWN), enter, "Market Street", 300, 2, 40, room))
    found.append(Link(leave, _node("B", TOWN), "Market Street", 300, 2, 40, room))
    return found


SENSOR_LINKS = (
    *(f"E{x}-E{x + 7}" for x in (14, 28, 42, 56, 70, 84)),
    *(f"W{x}-W{x - 7}" for x in (98, 84, 70, 56, 42, 28)),
    "B42-B56",
    "B70-B84",
    "B84-B70",
    "B56-B42",
    "E84-I84",
    "O84-W84",
)


def sensors() -> list[Sensor]:
    """The 18 sensors: six on each freeway direction, four on the arterial, two on the town's ramps."""
    by_name = {link.name: link for link in links()}
    found = []
    for number, name in enumerate(SENSOR_LINKS):
        link = by_name[name]
        (x0, y0), (x1, y1) = node_position(link.start), node_position(link.end)
        latitude = LATITUDE + (y0 + y1) / 2 / METRES_PER_DEGREE
        longitude = LONGITUDE + (x0 + x1) / 2 / (METRES_PER_DEGREE * math.cos(math.radians(LATITUDE)))
        found.append(Sensor(str(9001 + number), name, link.road, round(latitude, 5), round(longitude, 5)))
    return found


def road_distances(within: float) -> list[tuple[str, str, int]]:
    """(from, to, metres) along the roads for every ordered pair of sensors at most `within` metres apart."""
    by_name = {link.name: link for link in links()}
    found = []
    for origin in sensors():
        first = by_name[origin.link]
        reached = _shortest(first.end)
        for target in sensors():
            last = by_name[target.link]
            cost = first.length / 2 + reached.get(last.start, math.inf) + last.length / 2
            if target != origin and cost <= within:
                found.append((origin.name, target.name, round(cost)))
    return found


def _shortest(start: str) -> dict[str, float]:
    """Metres from `start` to every node that can be driven to (Dijkstra)."""
    reached: dict[str, float] = {}
    queue = [(0.0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node in reached:
            continue
        reached[node] = cost
        for link in links():
            if link.start == node:
                heapq.heappush(queue, (cost + link.length, link.end))
    return reached
