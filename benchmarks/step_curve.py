"""How a step's time and memory grow with the number of sensors N and with the batch size B.

    python benchmarks/step_curve.py [--json] [--keep]

Quick and full shape; N = 20 to 1000 at B = 8, attention of all to all (not at full size with 1000 sensors: a minute a
step) and by groups; B = 4 to 64 at N = 20. Readings are random: the cost does not depend on them. Every point runs in a
process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from kept import described, keep

SHAPES = {"quick": (2, 4, 4), "full": (5, 8, 8)}
SENSORS = (20, 50, 100, 207, 400, 1000)
POINTS = [
    *[("quick", N, 8, groups) for N in SENSORS for groups in (0, "auto")],
    *[("full", N, 8, groups) for N in SENSORS for groups in (0, "auto") if groups or N < 1000],
    *[(stage, 20, B, 0) for stage in SHAPES for B in (4, 16, 32, 64)],
]


def point(stage: str, sensors: int, batch: int, groups: Any) -> dict[str, Any]:
    """One point, in this process."""
    from step_cases import time_steps

    steps = 7 if sensors <= 100 else 3
    timed = time_steps(None, sensors, SHAPES[stage], batch, steps, "float32", False, groups)
    return {"stage": stage, "N": sensors, "B": batch, "groups": groups, **timed}


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
        names = ("stage", "N", "B", "groups")
        failed = {**dict(zip(names, arguments, strict=True)), "error": f"status {told.returncode}"}
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
