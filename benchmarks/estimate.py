"""Do evaluations take as long as the dry run says? Each stage estimated, then trained, on the demo and on the week.

    python benchmarks/estimate.py [--data DIR] [--sensors 20 207] [--keep] [--json]

Estimated is what `gman-search run --dry-run` and `data check` print, and what the time to go starts from; measured is
the time of `gman-search train` with the guide's settings and a laptop's budget, once with TensorFlow's start (`wall`)
and once without (`measured`). With 207 sensors only the quick stage. Nothing else should run meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kept import described, keep

DEMO = Path(__file__).parents[1] / "studies" / "demo.toml"
STAGES = ("quick", "medium", "full")
WEEK = """name = "{name}"
[data]
speed = "{data}/metr-la-week/los_speed.csv"
adjacency = "{data}/metr-la-week/los_adj.csv"
start = "2012-03-01T00:00"
step = "5min"
sensors = {sensors}
"""


def asked(folder: Path, *words: str) -> dict[str, Any]:
    """The JSON document that a command prints."""
    command = [sys.executable, "-m", "gman_search", *words, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed: {done.stderr[-500:]}")
    return dict(json.loads(done.stdout))


def compared(name: str, spec: list[str], stages: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    """Estimate and measurement of every stage of one task."""
    planned = {row["name"]: row["seconds_of_one"] for row in asked(folder, "run", *spec, "--dry-run")["stages"]}
    rows = []
    for stage in stages:
        began = time.perf_counter()
        trained = asked(folder, "train", *spec, "--stage", stage)
        wall = time.perf_counter() - began
        row = {"task": name, "stage": stage, "estimated": round(planned[stage], 1)}
        row |= {"measured": round(trained["seconds"], 1), "wall": round(wall, 1)}
        rows.append({**row, "estimated/measured": round(planned[stage] / trained["seconds"], 2)})
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), file=sys.stderr, flush=True)
    return rows


def main() -> None:
    """Compare on the demo, and on the week where its folder is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds metr-la-week/")
    parser.add_argument("--sensors", type=int, nargs="*", default=[20, 207], help="of the week (default: 20 207)")
    for name in ("keep", "json"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        rows = compared("demo", ["--spec", str(DEMO)], STAGES, folder)
        for sensors in chosen.sensors if chosen.data else []:
            spec = folder / f"week{sensors}.toml"
            spec.write_text(WEEK.format(name=spec.stem, data=chosen.data.resolve(), sensors=sensors))
            stages = STAGES if sensors <= 50 else STAGES[:1]
            rows += compared(f"week, {sensors} sensors", ["--spec", str(spec)], stages, folder)
    document = described("estimate", rows=rows)
    if chosen.keep:
        keep("estimate", document)
    if chosen.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
