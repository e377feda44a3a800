"""Searches of equal wall clock on the METR-LA week (20 sensors): ours, Optuna with Hyperband, KerasTuner's Hyperband,
and none at all.

    python benchmarks/head_to_head.py [--data DIR] [--minutes 60] [--budget fifth] [--contender NAME] [--keep]
    python benchmarks/head_to_head.py --summary

Each has both cores as two workers of one thread. Ours has a budget of `contest_budget.py`: the cut of the recorded
curves, or a fifth of the guide's epochs. The others train the same model class at full scale with the same compiled
step, data and search space, for up to as many epochs as all our stages together; `preset` trains the guide's config and
searches nothing; see `contender.py`. KerasTuner must be importable: `pip install --target FOLDER --no-deps keras-tuner
kt-legacy`, and PYTHONPATH=FOLDER. Ours is `gman-search run --trials fit --hours`.
Afterwards, not counted in the time, the weights of everything that was the best of its search at its time are tested.
What is kept already (contender, seed, minutes, budget) is not run again.
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

from contest_budget import BUDGETS, ladder_stages
from markdown_tables import markdown_table
from peer_searches import incumbents, their_endings
from recorder import open_task
from results_io import RESULTS, described, keep

from gman_search.halving.evaluations import State
from gman_search.tuning.study_loader import open_record

CONTENDERS = ("gman-search", "optuna", "keras-tuner", "preset")
SPEC = """name = "contest"
seed = {seed}
budget = "guide"
[data]
readings = "{data}/metr-la-week/los_speed.csv"
adjacency = "{data}/metr-la-week/los_adj.csv"
embedding = "{data}/metr-la-week/SE(METR).txt"
start = "2012-03-01T00:00"
step = "5min"
sensors = 20
{stages}
[halving]
reduction_factor = {eta}
[search]
workers = 2
threads = 1
"""


def our_spec(data: Path, seed: int, eta: int | str, budget: str) -> str:
    """The specification of our search."""
    stages = ""
    for stage, changes in ladder_stages(budget).items():
        stages += f"[stages.{stage}]\n"
        stages += "".join(f"{key} = {value}\n" for key, value in changes.model_dump(exclude_none=True).items())
    return SPEC.format(seed=seed, data=data.resolve(), stages=stages, eta=json.dumps(eta))


def our_endings(
    work: Path, data: Path, seed: int, minutes: float, eta: int | str, budget: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Endings of our search, and its trials and reduction factors."""
    (work / "contest.toml").write_text(our_spec(data, seed, eta, budget), encoding="utf-8")
    command = [sys.executable, "-m", "gman_search", "run", "--spec", "contest.toml", "--trials", "fit"]
    began = time.time()
    subprocess.run([*command, "--hours", str(minutes / 60), "--quiet"], cwd=work, check=True)
    record, folder = open_record("contest", work / "studies")
    endings = [
        {
            "seconds": row.facts["ended"] - began,
            "val": row.val_mae,
            "stage": row.stage,
            "folder": str(folder.path / row.facts["folder"]),
        }
        for row in record.evaluations
        if row.state is State.COMPLETE
    ]
    schedule = {"trials": record.schedule.trials, "etas": list(record.schedule.reduction_factors)}
    return sorted(endings, key=lambda ending: ending["seconds"]), schedule


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By contest: every contender's winner, how soon ours stayed at or below each peer's end, and each peer at ours."""
    found = []
    ours = {_contest(row): row for row in rows if row["contender"] == "gman-search" and row["course"]}
    for row in rows:
        own = ours.get(_contest(row))
        if own is None or own is row or not row["course"]:
            continue
        end, our_end = row["course"][-1]["test"], own["course"][-1]["test"]
        told = {"minutes": row["minutes"], "budget": row["budget"], "seed": row["seed"]}
        told |= {"peer": row["contender"], "peer_test": end}
        told |= {"peer_seconds": row["course"][-1]["seconds"], "our_test": our_end}
        told |= {"reached_by_us_after": _stays_below(own, end), "reached_by_peer_after": _stays_below(row, our_end)}
        found.append(told)
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """Every contender's end, and when ours stayed at or below each peer's, in Markdown."""
    reached = {(_contest(told), told["peer"]): told["reached_by_us_after"] for told in summary(rows)}
    head = (
        "minutes",
        "budget",
        "seed",
        "search",
        "evaluations",
        "validation MAE",
        "test MAE",
        "after, s",
        "ours matches its test MAE after, s",
    )
    body = []
    for row in rows:
        end, own = row["course"][-1], reached.get((_contest(row), row["contender"]))
        as_good = "-" if row["contender"] == "gman-search" else "never" if own is None else f"{own:.0f}"
        told = [f"{row['minutes']:g}", row["budget"], row["seed"], row["contender"], row["endings"]]
        body.append([*told, f"{end['val']:.3f}", f"{end['test']:.3f}", f"{end['seconds']:.0f}", as_good])
    return markdown_table(head, body)


def _contest(row: dict[str, Any]) -> tuple[float, str, int]:
    """What contenders must share to be compared."""
    return row["minutes"], row["budget"], row["seed"]


def _stays_below(row: dict[str, Any], target: float) -> float | None:
    """Seconds after which a contender's incumbent stays at or below a test MAE."""
    above = [index for index, at in enumerate(row["course"]) if at["test"] > target]
    first = above[-1] + 1 if above else 0
    return row["course"][first]["seconds"] if first < len(row["course"]) else None


def main() -> None:
    """Run what is not kept yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--budget", choices=list(BUDGETS), default="fifth")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--eta", default="cost", help="our reduction factor: a number, or the product's own choice")
    parser.add_argument("--contender", choices=CONTENDERS, action="append")
    for name in ("keep", "json", "summary"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    file = RESULTS / "head-to-head.json"
    if chosen.summary:
        print(table(json.loads(file.read_text(encoding="utf-8"))["runs"]))
        return
    if chosen.data is None:
        parser.error("the week needs --data (or GMAN_SEARCH_DATA), a folder that holds metr-la-week/")
    data = Path(chosen.data).resolve()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    rows = json.loads(file.read_text())["runs"] if chosen.keep and file.is_file() else []
    for seed in range(chosen.seeds):
        for name in chosen.contender or CONTENDERS:
            row = {"contender": name, "seed": seed, "minutes": chosen.minutes, "budget": chosen.budget}
            if any(row.items() <= kept.items() for kept in rows if "course" in kept):
                continue
            with tempfile.TemporaryDirectory() as text:
                work = Path(text)
                if name == "gman-search":
                    eta = int(chosen.eta) if chosen.eta.isdigit() else chosen.eta
                    endings, schedule = our_endings(work, data, seed, chosen.minutes, eta, chosen.budget)
                    row |= {"eta": chosen.eta, **schedule}
                else:
                    words = ("--data", str(data), "--budget", chosen.budget)
                    endings = their_endings(name, work, seed, chosen.minutes, *words)
                row |= {"endings": len(endings), "at_full": sum(ending["stage"] == "full" for ending in endings)}
                rows.append({**row, "course": incumbents(endings, open_task("week", data))})
            print(json.dumps({**rows[-1], "course": rows[-1]["course"][-1:]}), file=sys.stderr, flush=True)
            document = described("head-to-head", runs=rows, summary=summary(rows))
            if chosen.keep:
                keep("head-to-head", document)
    if chosen.json:
        print(json.dumps(described("head-to-head", runs=rows, summary=summary(rows)), indent=2))


if __name__ == "__main__":
    main()
