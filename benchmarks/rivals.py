"""What the product delivers, compared with what cheap and patient rivals reach on the same windows in the same time.

    python benchmarks/rivals.py [--network NAME | --readings FILE --graph FILE] --minutes 30 --seeds 3 [--json]
    python benchmarks/rivals.py --make-run [--seeds 1]
    python benchmarks/rivals.py --summary [--json]

One after the other, each with all cores: `product`, a search by its command line (`gman-search run --trials fit
--hours`, or `make run`'s on the demo), whose leaderboard has its ensemble, its winner and its baselines; `baselines`,
LightGBM by a plain recipe of this benchmark's own, fitted to the training part and to both; `reference`, the
three-stage guide's config trained alone for all of the time; `autogluon`, AutoGluon-TimeSeries for as long, where it is
installed. `--only` measures some of them; what is measured of one network, time and seed is kept in one line of
results/rivals.jsonl, after each part, and a part that is measured again replaces itself. `--json` prints one document a
seed, one a line.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rivals_kept
from results_io import described
from rivals_autogluon import autogluon
from rivals_bars import bars, summary_tables
from rivals_networks import NAMES, Network, named_network, network_of_files
from rivals_product import OWN_SEED, Part, product
from rivals_reference import reference
from rivals_trees import plain_trees

PARTS = ("product", "baselines", "reference", "autogluon")
DATA = Path(__file__).parents[2] / "shared" / "data"


def measured(
    network: Network, minutes: float, seed: int, only: list[str], make_run: bool, work: Path, show: Callable[..., Any]
) -> dict[str, Part]:
    """Every part of `only`, one after the other; `show(parts)` is called after each."""
    parts: dict[str, Part] = {}
    for name in only:
        with tempfile.TemporaryDirectory(prefix=f"{network.name}-{seed}-{name}-", dir=work) as text:
            folder = Path(text)
            if name == "product":
                parts[name] = product(network, minutes, seed, folder, make_run=make_run)
            elif name == "baselines":
                task = network.task()
                stride = network.spec.stride_of(len(task.starts["val"]))
                once, both = (plain_trees(task, seed, validation_stride=stride, both=both) for both in (False, True))
                parts[name] = Part([*once.rows, *both.rows], once.seconds)
            elif name == "reference":
                parts[name] = reference(network, minutes, seed, folder)
            else:
                parts[name] = autogluon(network.task(), minutes, seed, folder)
        for told in (*parts[name].rows, *parts[name].notes):
            print(f"{network.name}, seed {seed}, {name}: {told}", file=sys.stderr, flush=True)
        show(parts)
    return parts


def main(words: list[str] | None = None) -> None:
    """Measure, or print what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NAMES, default="demo")
    parser.add_argument("--readings", type=Path, help="a network of your own")
    parser.add_argument("--graph", type=Path, help="its graph")
    for name in ("start", "step", "unit"):
        parser.add_argument(f"--{name}", help=f"`{name}` of its [data] table")
    parser.add_argument("--data", type=Path, default=os.environ.get("GMAN_SEARCH_DATA") or DATA)
    parser.add_argument("--minutes", type=float, help="of the search, and of each patient rival; default 30")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--first-seed", type=int, help="default 0; with --make-run that of studies/demo.toml")
    parser.add_argument("--make-run", action="store_true", help="the search of `make run`, as long as it takes")
    parser.add_argument("--only", choices=PARTS, action="append", help="may be given more than once")
    parser.add_argument("--work", type=Path, help="folder for temporary files")
    for name in ("json", "summary", "no-keep"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args(words)
    if chosen.summary:
        documents = rivals_kept.kept()
        if chosen.json:
            told = [bar.to_dict() for bar in bars(documents)]
            print(json.dumps(described("rivals-summary", runs=documents, bars=told), indent=2))
        else:
            print(summary_tables(documents))
        return
    if chosen.make_run and (chosen.network != "demo" or chosen.readings):
        parser.error("--make-run is a job on the demo network")
    if chosen.graph and not chosen.readings:
        parser.error("--graph is of --readings")
    if chosen.readings:
        own = {name: getattr(chosen, name) for name in ("start", "step", "unit")}
        network = network_of_files(chosen.readings, chosen.graph, **own)
    else:
        network = named_network(chosen.network, Path(chosen.data))
    minutes = chosen.minutes or (10 if chosen.make_run else 30)
    first = chosen.first_seed if chosen.first_seed is not None else OWN_SEED if chosen.make_run else 0
    job = "make run" if chosen.make_run else "hours"
    only = [name for name in PARTS if name in (chosen.only or PARTS)]
    for seed in range(first, first + chosen.seeds):

        def keep(parts: dict[str, Part], seed: int = seed) -> None:
            if not chosen.no_keep:
                rivals_kept.keep(rivals_kept.document(network.name, job, minutes, seed, parts))

        parts = measured(network, minutes, seed, only, chosen.make_run, chosen.work, keep)
        document = rivals_kept.document(network.name, job, minutes, seed, parts)
        if not chosen.no_keep:
            document = rivals_kept.keep(document)
        print(json.dumps(rivals_kept.printed(document)) if chosen.json else summary_tables([document]), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what it started ends with it
    main()
