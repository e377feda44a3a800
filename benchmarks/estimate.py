"""Does a search take as long as the dry run says? Foretold, then run, on the demo and on the METR-LA week.

    python benchmarks/estimate.py [--data DIR] [--sensors 20 207] [--keep] [--json]

Foretold twice, as `gman-search run --dry-run` does: `estimated` by the cost model, and `timed` with `--measure`, by a
few steps of every stage. Measured is one evaluation of each stage by `gman-search train`, one worker with all threads,
the guide's settings and a laptop's budget; and then a whole search with two workers, its stages in seconds of workers
and in all by the clock (`wall`), in which TensorFlow's start, the test and the report count too. `to_go` is what the
live view of the search said after a quarter, a half and three quarters of its evaluations' time. With 207 sensors only
one evaluation at quick. Nothing else should run meanwhile.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from results_io import described, keep

from gman_search.api.stage_status import remaining_seconds, stage_statuses
from gman_search.tuning.study_loader import open_record

DEMO = Path(__file__).parents[1] / "studies" / "demo.toml"
STAGES = ("quick", "medium", "full")
TRIALS = {"demo": 50, "week": 16}
WORKERS = 2
WEEK = """name = "{name}"
[data]
readings = "{data}/metr-la-week/los_speed.csv"
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


def row_of(task: str, what: str, estimated: float, timed: float, measured: float) -> dict[str, Any]:
    """One row, printed at once."""
    row: dict[str, Any] = {"task": task, "what": what}
    row |= {"estimated": round(estimated, 1), "timed": round(timed, 1), "measured": round(measured, 1)}
    row |= {"estimated/measured": round(estimated / measured, 2), "timed/measured": round(timed / measured, 2)}
    print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr, flush=True)
    return row


def foretold(folder: Path, *words: str) -> list[dict[str, Any]]:
    """The plan of a run, estimated and timed."""
    return [asked(folder, "run", *words, "--dry-run", *how) for how in ((), ("--measure",))]


def evaluations(name: str, spec: list[str], stages: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    """One evaluation of every stage."""
    plans = foretold(folder, *spec, "--workers", "1")
    rows = []
    for number, stage in enumerate(stages):
        said = [plan["stages"][number] for plan in plans]
        times = [row["seconds_of_one"] + row["compile_seconds"] for row in said]
        rows.append(row_of(name, f"one {stage}", *times, asked(folder, "train", *spec, "--stage", stage)["seconds"]))
    return rows


def search(name: str, spec: list[str], trials: int, folder: Path) -> list[dict[str, Any]]:
    """A whole search, by stage and by the clock."""
    words = (*spec, "--trials", str(trials), "--workers", str(WORKERS))
    plans = foretold(folder, *words)
    done = asked(folder, "run", *words)
    rows = [
        row_of(
            name,
            f"{stage['evaluations']} {stage['name']}",
            *(plan["stages"][number]["seconds"] for plan in plans),
            stage["seconds"],
        )
        for number, stage in enumerate(done["stages"])
    ]
    return [*rows, row_of(name, "wall", *(plan["wall_seconds"] for plan in plans), done["seconds"])]


def to_go(task: str, spec: list[str], folder: Path) -> list[dict[str, Any]]:
    """What the live view foretold in the course of the search that was run last in `folder`, and what came."""
    name = tomllib.loads(Path(spec[1]).read_text(encoding="utf-8"))["name"]
    record, _ = open_record(name, folder / "studies")
    units = list(record.provenance["cost_units"].values())
    began = min(float(row.facts["began"]) for row in record.evaluations)
    ended = max(float(row.facts["ended"]) for row in record.evaluations)
    rows = []
    for share in (0.25, 0.5, 0.75):
        now = began + share * (ended - began)
        past = [row for row in record.evaluations if float(row.facts["ended"]) <= now]
        told = remaining_seconds(stage_statuses(past, record.schedule), WORKERS, units)
        if told is not None:
            row = {"task": task, "share": share, "told": round(told, 1), "real": round(ended - now, 1)}
            rows.append(row | {"told/real": round(told / (ended - now), 2)})
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
        demo = ["--spec", str(DEMO)]
        rows = evaluations("demo", demo, STAGES, folder) + search("demo", demo, TRIALS["demo"], folder)
        eta = to_go("demo", demo, folder)
        for sensors in chosen.sensors if chosen.data else []:
            spec = folder / f"week{sensors}.toml"
            spec.write_text(WEEK.format(name=spec.stem, data=chosen.data.resolve(), sensors=sensors))
            task, words, small = f"week, {sensors} sensors", ["--spec", str(spec)], sensors <= 50
            rows += evaluations(task, words, STAGES if small else STAGES[:1], folder)
            if small:
                rows += search(task, words, TRIALS["week"], folder)
                eta += to_go(task, words, folder)
    document = described("estimate", rows=rows, to_go=eta)
    if chosen.keep:
        keep("estimate", document)
    if chosen.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
