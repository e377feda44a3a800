"""Searches that are killed at random moments: does `predict` forecast afterwards?

    python benchmarks/kill_and_predict.py [--kills 20] [--hours 0.1] [--seed 0] [--json] [--keep]

Each time a fresh search of the bundled demo network begins (`gman-search run --hours`) and all its processes are killed
by SIGKILL at a moment drawn evenly from the whole time; then `gman-search predict` runs. A kill before anything could
be delivered leaves nothing to forecast with: `predict` must say so in one line. `served` is what forecast: the ensemble
on the way ("interim"), or the tested one ("ensemble"). The time of the first delivery is measured in every search.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from results_io import described, keep
from rivals_product import COMMAND, environment

NAME = "killed"


def killed_search(hours: float, after: float, folder: Path) -> dict[str, Any]:
    """One search, killed `after` seconds; what it had delivered by then."""
    words = [*COMMAND, "run", "--data", "demo", "--study", NAME, "--hours", f"{hours:g}", "--quiet"]
    study, began, delivered = folder / "studies" / NAME, time.monotonic(), None
    with (folder / "run.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=folder, env=environment(), stdout=log, stderr=log, start_new_session=True)
        while process.poll() is None and time.monotonic() - began < after:
            if delivered is None and (study / "interim" / "ensemble.json").is_file():
                delivered = round(time.monotonic() - began, 1)
            time.sleep(0.1)
        code = process.poll()
        if code is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return {"killed_after": round(after, 1), "first_delivery": delivered, "ended_by_itself": code}


def forecast(folder: Path) -> dict[str, Any]:
    """What `predict` does in the folder of a killed search."""
    study, began = folder / "studies" / NAME, time.monotonic()
    served = next((name for name in ("ensemble", "interim") if (study / name / "ensemble.json").is_file()), None)
    done = subprocess.run(
        [*COMMAND, "predict", NAME, "demo"], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    lines = done.stdout.strip().splitlines()
    return {
        "served": served,
        "code": done.returncode,
        "rows": max(0, len(lines) - 1),
        "seconds": round(time.monotonic() - began, 2),
        "message": "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1][:200],
        "traceback": "Traceback" in done.stderr,
    }


def main() -> None:
    """Kill, forecast, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--hours", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("json", "keep"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    drawn, rows = random.Random(chosen.seed), []
    for _ in range(chosen.kills):
        with tempfile.TemporaryDirectory() as text:
            row = killed_search(chosen.hours, drawn.uniform(0, 3600 * chosen.hours), Path(text))
            rows.append({**row, **forecast(Path(text))})
        print(json.dumps(rows[-1]), flush=True) if not chosen.json else None
        if chosen.keep:
            keep("kill-and-predict", document(chosen, rows))
    if chosen.json:
        print(json.dumps(document(chosen, rows), indent=2))


def document(chosen: argparse.Namespace, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything, and how often it worked."""
    first = [row["first_delivery"] for row in rows if row["first_delivery"] is not None]
    return described(
        "kill-and-predict",
        hours=chosen.hours,
        kills=len(rows),
        delivered=sum(row["served"] is not None for row in rows),
        forecasts=sum(row["code"] == 0 and row["rows"] > 0 for row in rows),
        tracebacks=sum(row["traceback"] for row in rows),
        median_first_delivery=statistics.median(first) if first else None,
        rows=rows,
    )


if __name__ == "__main__":
    main()
