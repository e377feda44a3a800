"""What a road can have, by the unit of the readings (pure).

The speeds are means of all vehicles in a step, which no network of sensors exceeds; the jumps are more than a stop from
free flow makes. In the METR-LA week every jump of 50 mph is an incident that begins or ends (the largest: 66), and the
most valuable readings there are: they must stay.
"""

from dataclasses import dataclass

__all__ = ["Limits", "limits_of"]

VEHICLES_PER_HOUR = 25_000.0
"""Ten lanes at capacity; also more than any smaller step can count."""
SPEEDS = {"mph": (150.0, 80.0), "km/h": (240.0, 130.0), "m/s": (67.0, 36.0)}
SPELLINGS = {"mi/h": "mph", "miles/h": "mph", "kmh": "km/h", "kph": "km/h", "km/hr": "km/h", "mps": "m/s"}
SHARES = {"%": 100.0, "percent": 100.0, "share": 1.0}


@dataclass(frozen=True)
class Limits:
    """The highest reading, and the change within one step, that are still plausible; None: anything is."""

    highest: float | None = None
    jump: float | None = None


def limits_of(unit: str, step_minutes: int) -> Limits:
    """The limits of readings in `unit`; of a unit that is not known here there are none."""
    name = "".join(unit.lower().split())
    name = SPELLINGS.get(name, name)
    if name in SPEEDS:
        return Limits(*SPEEDS[name])
    if name in SHARES:
        return Limits(SHARES[name])
    if name.startswith("veh"):
        return Limits(VEHICLES_PER_HOUR * max(1.0, step_minutes / 60))
    return Limits()
