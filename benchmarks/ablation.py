"""What each part of a search brings: the same search with one part left out.

    python benchmarks/ablation.py [--network demo] [--trials 20] [--seed 0] [--only PART ...] [--data DIR] [--no-keep]
    python benchmarks/ablation.py --summary

Each is a search by the product's command line, without a clock: how long trainings are follows from the plan, so what
runs beside it changes nothing. `ensemble` and `boosted trees` cost no search of their own: the whole search's winner is
what is delivered without an ensemble, and its export's error is that without trees. The replies are kept in
results/ablation.jsonl, one line a network, number of configs, seed and part.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from markdown_tables import markdown_table
from results_io import RESULTS, described, keep_lines, kept_lines
from rivals_networks import NAMES, Network, named_network
from rivals_product import SHOWN, told

DATA = Path(__file__).parents[2] / "shared" / "data"
FILE = RESULTS / "ablation.jsonl"
PARTS = {
    "nothing": [],
    "sampler": ["search.n_startup_trials=100000"],
    "shortcuts": ["model.shortcuts=false"],
    "final trainings": ["search.finals=0"],
    "growth": ['halving.warm_start="none"'],
}
"""What is left out, and the settings that leave it out. Without the sampler configs are drawn at random."""
KEY = ("network", "trials", "seed", "without")


def searched(network: Network, trials: int, seed: int, without: str) -> dict[str, Any]:
    """A search without one part: errors of what is delivered, of the winner alone, and where they are from."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        (folder / "study.toml").write_text(network.study(network.name, seed), encoding="utf-8")
        words = ["run", "--spec", "study.toml", "--trials", str(trials)]
        words += [word for setting in PARTS[without] for word in ("--set", setting)]
        began = time.perf_counter()
        document = told(folder, *words, "--json")
        seconds = time.perf_counter() - began
    board = {row["kind"]: row for row in reversed(document["leaderboard"])}
    return {
        **described("ablation"),
        "network": network.name,
        "trials": trials,
        "seed": seed,
        "without": without,
        "seconds": round(seconds, 1),
        "val": round(board["winner"]["val"], 4),
        **{name: {at: round(board[name]["test"][at], 4) for at in (*SHOWN, "mean")} for name in ("ensemble", "winner")},
        "members": [member["name"] for member in document["ensemble"]["members"]],
    }


def kept() -> list[dict[str, Any]]:
    """All kept documents."""
    return kept_lines(FILE)


def keep(new: dict[str, Any]) -> None:
    """Append `new`; it replaces one of the same key."""
    keep_lines(FILE, [new], KEY)


def table(rows: list[dict[str, Any]]) -> str:
    """One line a search."""
    body = [
        [
            row["network"], str(row["trials"]), str(row["seed"]), row["without"],
            *(" / ".join(f"{row[name][at]:.2f}" for at in SHOWN) + f", {row[name]['mean']:.2f}"
              for name in ("ensemble", "winner")),
        ]
        for row in rows
    ]  # fmt: skip
    return markdown_table(["network", "configs", "seed", "without", "ensemble", "winner alone"], body)


def main(words: list[str] | None = None) -> None:
    """Measure what is asked for, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NAMES, default="demo")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=tuple(PARTS), help="may be given more than once")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("GMAN_SEARCH_DATA", DATA)))
    parser.add_argument("--no-keep", action="store_true")
    parser.add_argument("--summary", action="store_true")
    given = parser.parse_args(words)
    if given.summary:
        print(table(kept()))
        return
    network = named_network(given.network, given.data)
    for without in given.only or PARTS:
        found = searched(network, given.trials, given.seed, without)
        if not given.no_keep:
            keep(found)
        print(table([found]), flush=True)


if __name__ == "__main__":
    main()
