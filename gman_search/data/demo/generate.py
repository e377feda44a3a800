"""Makes the bundled demo anew: simulates its days, adds what detectors add, and writes the files.

Run `python -m gman_search.data.demo.generate`; it needs UXsim (`pip install "gman-search[demo]"`). With `--check` it
also prints how well simple forecasters do, which needs scikit-learn.
"""

import argparse
import gzip
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd

from gman_search.data.demo.simulate import (
    RAMP,
    SECTION,
    SENSORS,
    STEP,
    STEPS_PER_DAY,
    DayPlan,
    Sensor,
    plan_days,
    simulate_day,
)

__all__ = ["main", "observe", "road_distance"]

START = "2025-03-03"  # a Monday
NEAR = 8000.0  # metres: farther pairs are not listed
LATITUDE, LONGITUDE = 44.6000, -119.3000  # the freeway's western end; the place is made up
METRES_PER_DEGREE = 111_320.0

NOISE = (1.0, 1.5)  # mph: standard deviations of the sensors' white noise are drawn from this range
CALIBRATION = 0.015  # sensors read too fast or too slow by about this share
DROPOUTS = 0.013  # share of single readings lost
OUTAGES_PER_DAY = 0.09  # of one sensor
OUTAGE_HOURS = (1.0, 8.0)
SLOWEST, FASTEST = 2.0, 79.0  # mph: a reading is never 0, which means missing


def observe(speeds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What sensors report of true speeds (S, N) in mph: noisy, one decimal, 0 where a reading is missing."""
    steps, sensors = speeds.shape
    noise = rng.normal(0.0, 1.0, speeds.shape) * rng.uniform(*NOISE, sensors)
    readings = np.clip(speeds * rng.normal(1.0, CALIBRATION, sensors) + noise, SLOWEST, FASTEST).round(1)
    readings[rng.random(speeds.shape) < DROPOUTS] = 0.0
    for sensor in range(sensors):
        for _ in range(rng.poisson(OUTAGES_PER_DAY * steps / STEPS_PER_DAY)):
            first = int(rng.integers(steps))
            readings[first : first + round(rng.uniform(*OUTAGE_HOURS) * 3600 / STEP), sensor] = 0.0
    return readings


def road_distance(start: Sensor, end: Sensor) -> float:
    """Metres along the roads from one sensor to another; infinite where the way would need a turn back.

    Changing roads takes a ramp: at the first interchange ahead of `start`, so it must come before `end`.
    """
    ahead = (end.position - start.position) * (1 if start.east else -1)
    if start.east != end.east or ahead <= 0:
        return math.inf
    return ahead + (0.0 if start.freeway == end.freeway else RAMP)


def _write(folder: Path, readings: np.ndarray) -> None:
    times = pd.date_range(START, periods=len(readings), freq=f"{STEP}s").strftime("%Y-%m-%dT%H:%M")
    frame = pd.DataFrame(readings, columns=[sensor.name for sensor in SENSORS])
    frame.insert(0, "time", times)
    text = frame.to_csv(index=False, float_format="%.1f", lineterminator="\n").replace(",0.0", ",0")
    packed = io.BytesIO()
    # No file name and no date inside: the same readings give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as stream:
        stream.write(text.encode())
    (folder / "speed.csv.gz").write_bytes(packed.getvalue())
    pairs = [(a.name, b.name, road_distance(a, b)) for a in SENSORS for b in SENSORS]
    lines = [f"{start},{end},{cost:.0f}" for start, end, cost in pairs if cost <= NEAR]
    (folder / "distances.csv").write_text("\n".join(["from,to,cost", *lines, ""]), encoding="utf-8", newline="\n")
    lines = [",".join(_place(sensor)) for sensor in SENSORS]
    (folder / "sensors.csv").write_text(
        "\n".join(["sensor,latitude,longitude,road", *lines, ""]), encoding="utf-8", newline="\n"
    )


def _place(sensor: Sensor) -> tuple[str, str, str, str]:
    across = (0.0 if sensor.freeway else -500.0) + (-10.0 if sensor.east else 10.0)  # metres north
    latitude = LATITUDE + across / METRES_PER_DEGREE
    longitude = LONGITUDE + sensor.position / (METRES_PER_DEGREE * math.cos(math.radians(LATITUDE)))
    road = f"{'freeway' if sensor.freeway else 'arterial'} {'eastbound' if sensor.east else 'westbound'}"
    return sensor.name, f"{latitude:.5f}", f"{longitude:.5f}", road


def _print_incident(plans: list[DayPlan], speeds: np.ndarray) -> None:
    """Print the true speeds around the freeway incident whose queue reached farthest: it must grow upstream."""
    best, shown = 0.0, None
    for day, plan in enumerate(plans):
        for incident in plan.incidents:
            way, section = incident.link[1], int(incident.link[2]) - 1
            # Sensors from the one before the incident back against the traffic.
            back = [x for x in SENSORS if x.freeway and x.name[1] == way]
            back = [x for x in back if (x.position - (section + 0.5) * SECTION) * (1 if x.east else -1) <= 0]
            if incident.link[0] != "F" or len(back) < 4:
                continue
            back = sorted(back, key=lambda x: abs(x.position - (section + 0.5) * SECTION))[:4]
            columns = [SENSORS.index(x) for x in back]
            rows = slice(day * STEPS_PER_DAY + incident.first - 2, day * STEPS_PER_DAY + incident.end + 8)
            near = speeds[rows][:, columns]
            before = speeds[rows.start - 6 : rows.start][:, columns]
            free = before.min(initial=99.0) > 55
            drop = float((before.mean(axis=0) - near.min(axis=0)).sum()) if free else 0.0
            if drop > best:
                best, shown = drop, (incident, day, [x.name for x in back], near)
    if shown is None:
        print("no freeway incident in free-flowing traffic")
        return
    incident, day, names, near = shown
    print(f"day {day}: {incident}")
    print("mph at sensors from the incident backwards, every 10 minutes from 10 minutes before it:")
    print(pd.DataFrame(near[::2].round().astype(int), columns=names).T.to_string(header=False))


def main(arguments: list[str] | None = None) -> None:
    """Simulate, write, and with `--check` measure."""
    parser = argparse.ArgumentParser(description="Make the bundled demo network again.")
    parser.add_argument("--days", type=int, default=35, help="days from Monday 2025-03-03 (default 35)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    parser.add_argument("--check", action="store_true", help="print an incident and what simple forecasters reach")
    options = parser.parse_args(arguments)
    plan_seed, sensor_seed = np.random.SeedSequence(options.seed).spawn(2)
    plans = plan_days(options.days, plan_seed)
    speeds = np.concatenate([simulate_day(plan) for plan in plans])
    readings = observe(speeds, np.random.default_rng(sensor_seed))
    options.out.mkdir(parents=True, exist_ok=True)
    _write(options.out, readings)
    if options.check:
        from gman_search.data.demo.check import measure

        _print_incident(plans, speeds)
        print(measure(options.out / "speed.csv.gz"))


if __name__ == "__main__":
    main()
