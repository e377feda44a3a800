"""Recorded learning curves: configs of the default space at quick, medium and full, on the week and on the demo.

    python benchmarks/curves.py [--data DIR] [--task week] [--share 1/2]
    python benchmarks/curves.py --pack

64 configs grown from stage to stage; 24 of them also cold at medium and full; 16 with a second seed; and those that
searches went for (`incumbent_check.py`), grown or cold at full. What was cut from
a full training is told in `recorder.py` and is the same for all. Runs are appended to results/growth-runs.jsonl, which
`growth.py` shares: what is there is not trained again, so this can be stopped, resumed and shared by processes.
`--pack` trains nothing and writes the curves of all kept runs by the default rules to curves/curves.parquet.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from growth import FILE, share_of
from growth_summary import PLAIN, lineage, rule_name, rule_of
from recorder import RANDOM_CONFIGS, SOUGHT, Recorder, Run, kept_runs, open_task
from replay_surface import PARAMS

from gman_search.model.growth import GrowthRules

TABLE = Path(__file__).parent / "curves" / "curves.parquet"
COLD, TWO_SEEDS = 24, 16
DEFAULT = rule_name({"growth": GrowthRules().model_dump(), "warmup_steps": 20, "rate_rule": "preset"})
"""Of the rules of growth, the product's."""
KINDS = {
    ("quick",): "quick", ("medium", "quick"): "medium", ("full", "medium", "quick"): "full",
    ("medium",): "medium cold", ("full",): "full cold",
}  # fmt: skip
"""Kinds of evaluation, as a replay calls them, by lineage."""


def planned(task: str) -> Iterator[Run]:
    """Every run, the most telling ones first: all configs grown, then cold, then again with another seed."""
    for number in range(RANDOM_CONFIGS):
        yield from grown(task, number, 0)
        if number < COLD:
            yield from (Run(task, number, 0, stage) for stage in ("medium", "full"))
    for number in range(TWO_SEEDS):
        yield from grown(task, number, 1)
        yield from (Run(task, number, 1, stage) for stage in ("medium", "full"))
    for row in json.loads(SOUGHT.read_text(encoding="utf-8")):
        if row["task"] == task:
            number = row["number"]
            yield from grown(task, number, 0) if row["kind"] == "quick" else [Run(task, number, 0, "full")]


def grown(task: str, number: int, seed: int) -> Iterator[Run]:
    """A config from stage to stage."""
    quick = Run(task, number, seed, "quick")
    medium = Run(task, number, seed, "medium", parent=quick, growth=GrowthRules())
    yield from (quick, medium, Run(task, number, seed, "full", parent=medium, growth=GrowthRules()))


def packed(kept: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """A row for every epoch of every run that the product's default rules would make."""
    rows = []
    for row in kept.values():
        if (
            "params" not in row
            or rule_of(row, kept) != (DEFAULT if row["parent"] else PLAIN)
            or row["run"].split(" < ")[0].count("lr=")
            or None in row["test"]
        ):
            continue
        kind = KINDS.get(lineage(row, kept))
        if kind is None:
            continue  # a model that skipped a stage
        common = {name: row[name] for name in ("task", "config", "seed", "stage")}
        common |= {"kind": kind, **{name: float(row["params"][name]) for name in PARAMS}}
        for place in zip(
            row["epoch"], row["steps"], row["train"], row["val"], row["test"], row["seconds"], strict=True
        ):
            rows.append(
                {**common, **dict(zip(("epoch", "steps", "train", "val", "test", "seconds"), place, strict=True))}
            )
    return pd.DataFrame(rows)


def main() -> None:
    """Train what is not kept yet, or pack what is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA"))
    parser.add_argument("--task", choices=["demo", "week"], action="append")
    parser.add_argument("--share", default="1/1", help="which of how many shares to train, such as 1/2")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "gman-search-growth")
    parser.add_argument("--pack", action="store_true")
    chosen = parser.parse_args()
    if chosen.pack:
        table = packed(kept_runs(FILE))
        TABLE.parent.mkdir(exist_ok=True)
        table.to_parquet(TABLE, index=False, compression="zstd")
        print(table.groupby(["task", "kind", "seed"])["config"].nunique().to_string())
        return
    part, of = share_of(chosen.share, parser)
    for task in chosen.task or ["week", "demo"]:
        recorder = Recorder(open_task(task, Path(chosen.data) if chosen.data else None), FILE, chosen.work)
        for run in planned(task):
            if run.config % of == part - 1:
                row = recorder.record(run)
                print(f"{row['best_val']}  {row['whole_seconds']:6.1f} s  {run.name}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
