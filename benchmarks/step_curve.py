"""How a step's time and memory grow with the number of sensors N, the batch size B and the workers.

    python benchmarks/step_curve.py [--json] [--keep]

One worker is a process of two threads; two are processes of one thread, `ms` then being the time of a step of either.
The constants of `gman_search/halving/cost.py` are fitted to these points, so nothing else should run meanwhile.

Quick and full shape; N = 20 to 1000 at B = 8, attention of all to all (not at full size with 1000 sensors: a minute a
step) and by groups; B = 4 to 64 at N = 20; the presets' own batches at N = 20 and 207. Readings are random: the cost
does not depend on them. Every point runs in a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from results_io import described, keep

SHAPES = {"quick": (2, 4, 4), "medium": (3, 6, 6), "full": (5, 8, 8)}
SENSORS = (20, 50, 100, 207, 400, 1000)
PRESETS = [("quick", 20, 32), ("medium", 20, 24), ("full", 20, 12), ("quick", 207, 32), ("full", 207, 12)]
CROWDED = [*PRESETS, ("quick", 20, 8), ("quick", 100, 8), ("full", 100, 8)]
NAMES = ("stage", "N", "B", "groups", "workers")
POINTS = [
    *[("quick", N, 8, groups, 1) for N in SENSORS for groups in (0, "auto")],
    *[("full", N, 8, groups, 1) for N in SENSORS for groups in (0, "auto") if groups or N < 1000],
    *[(stage, 20, B, 0, 1) for stage in ("quick", "full") for B in (4, 16, 32, 64)],
    *[(*preset, 0, 1) for preset in PRESETS if preset != ("quick", 20, 32)],
    *[(*shape, 0, 2) for shape in CROWDED],
]


def point(stage: str, sensors: int, batch: int, groups: Any, workers: int) -> dict[str, Any]:
    """One point, in this process or, with two workers, in two others."""
    from step_cases import time_steps, time_two_workers

    steps = 15 if sensors == 20 else 7 if sensors <= 100 else 3
    measure = time_steps if workers == 1 else time_two_workers
    timed = measure(None, sensors, SHAPES[stage], batch, steps, "float32", False, groups)
    for name in ("ms", "min_ms"):
        timed[name] = round(timed[name] * workers, 1)  # of two workers they are told by step of both
    return {**dict(zip(NAMES, (stage, sensors, batch, groups, workers), strict=True)), **timed}


def main() -> None:
    """All points, the cheap ones first; what does not fit into memory is kept as such."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(point(*json.loads(chosen.here))))
        return
    rows = []
    for arguments in POINTS:
        command = [sys.executable, __file__, "--here", json.dumps(arguments)]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        failed = {**dict(zip(NAMES, arguments, strict=True)), "error": f"status {told.returncode}"}
        rows.append(json.loads(told.stdout) if told.returncode == 0 else failed)
        if not chosen.json:
            print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    document = described("step-curve", points=rows)
    if chosen.json:
        print(json.dumps(document, indent=2))
    if chosen.keep:
        keep("step-curve", document)


if __name__ == "__main__":
    main()
